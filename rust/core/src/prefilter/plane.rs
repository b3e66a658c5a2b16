//! Coefficients of a window of one plane: vertical, then horizontal, piece by piece.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::cascade::{States, step, step_back};
use super::{PIECE_COLS, PIECE_ROWS, piece_around, warm_up};
use crate::arch::{Aligned, Isa, Job};
use crate::boundary::Boundary;
use crate::error::Result;
use crate::threads::in_parallel;
use crate::window::Window;

/// Columns that the vertical filter takes at once: their states stay in registers.
const STRIP: usize = 16;

/// Rows that the vertical filter takes at once: they are read along their whole length, and still in the L1 cache
/// when they are filtered strip by strip.
const GROUP: usize = 8;

/// Rows that are transposed at once: compilers know how to interleave four.
const LANES: usize = 4;

/// How many times as many the horizontal filter takes at once, to have something to do while it waits for a sum.
const GROUPS: usize = 2;

/// Samples in a line of the cache.
const LINE: usize = 8;

/// An image past its edge, as a spline sees it.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Rows and columns of the image.
    pub shape: (i64, i64),
    /// How it continues.
    pub boundary: Boundary,
    /// Coefficients past each edge that the kernel reads: half its degree.
    pub reach: i64,
    /// Relative error that is allowed.
    pub epsilon: f64,
}

/// Filters a window of one plane into `values`, row by row, all of which are filled. The window's coordinates are
/// those of the image and may lie past its edge. `load(row, col, out)` reads samples side by side of the image itself.
///
/// # Errors
/// What `load` returns.
pub fn prefilter<F>(
    extent: &Extent,
    poles: &[f64],
    window: Window,
    on: (Isa, usize),
    load: &F,
    values: &mut [MaybeUninit<f64>],
) -> Result<()>
where
    F: Fn(i64, i64, &mut [f64]) -> Result<()> + Sync,
{
    match poles.len() {
        1 => run::<1, F>(extent, poles, window, on, load, values),
        2 => run::<2, F>(extent, poles, window, on, load, values),
        3 => run::<3, F>(extent, poles, window, on, load, values),
        4 => run::<4, F>(extent, poles, window, on, load, values),
        _ => run::<5, F>(extent, poles, window, on, load, values),
    }
}

fn run<const K: usize, F>(
    extent: &Extent,
    poles: &[f64],
    window: Window,
    (isa, threads): (Isa, usize),
    load: &F,
    values: &mut [MaybeUninit<f64>],
) -> Result<()>
where
    F: Fn(i64, i64, &mut [f64]) -> Result<()> + Sync,
{
    let mut fixed = [0.0; K];
    fixed.copy_from_slice(&poles[..K]);
    let filter = Filter {
        poles: fixed,
        gain: poles.iter().map(|z| (1.0 - z) * (1.0 - z)).product(),
        warm_up: warm_up(poles, extent.epsilon),
        extent: *extent,
        isa,
    };
    let pieces = filter.pieces(&window);
    // Bands of rows, one for each vertical piece.
    let mut bands = Vec::new();
    let (mut row, mut rest) = (window.row0, values);
    while row < window.row1 {
        let piece = piece_around(row, PIECE_ROWS, extent.shape.0, extent.reach);
        let stop = piece.1.min(window.row1);
        let (out, tail) = rest.split_at_mut((stop - row) as usize * window.cols());
        bands.push(Band { piece, first: row, out, width: window.cols() });
        (row, rest) = (stop, tail);
    }
    in_parallel(threads, bands, Room::default, |room, band| filter.band(band, &pieces, load, room))
}

/// The rows of a window in one piece of the vertical filter.
struct Band<'t> {
    piece: (i64, i64),
    /// The first row.
    first: i64,
    /// Where their coefficients go, and how many there are in a row.
    out: &'t mut [MaybeUninit<f64>],
    width: usize,
}

/// One piece of the horizontal filter.
struct Piece {
    /// The columns of the image that it reads, ascending; under `Wrap` they may come from both of its ends.
    columns: Vec<i64>,
    /// Where the first ones of these stand among those of the piece before.
    known: Range<usize>,
    /// Where each of its samples stands among the columns; `None`: it is 0.
    index: Vec<Option<usize>>,
    /// The samples of the image itself, whose columns stand side by side.
    inner: Range<usize>,
    /// The samples that are kept.
    keep: Range<usize>,
}

impl Piece {
    /// How many columns from the `first` one on stand side by side.
    fn run_at(&self, first: usize) -> usize {
        let rest = self.columns[first..].iter();
        rest.zip(self.columns[first]..).take_while(|(have, want)| *have == want).count()
    }
}

/// What a thread keeps from one band to the next, lest memory is made anew.
#[derive(Default)]
struct Room {
    /// Rows of one piece, filtered down, after a group of rows that are not kept.
    band: Vec<Aligned<[f64; LINE]>>,
    /// Samples of some rows, transposed.
    lines: Vec<[f64; LANES]>,
}

/// The filter of one axis.
struct Filter<const K: usize> {
    poles: [f64; K],
    gain: f64,
    warm_up: i64,
    extent: Extent,
    isa: Isa,
}

impl<const K: usize> Filter<K> {
    /// The horizontal pieces of a window, from left to right.
    fn pieces(&self, window: &Window) -> Vec<Piece> {
        let (size, mut pieces, mut col) = (self.extent.shape.1, Vec::<Piece>::new(), window.col0);
        while col < window.col1 {
            let piece = piece_around(col, PIECE_COLS, size, self.extent.reach);
            let stop = piece.1.min(window.col1);
            let (from, to) = (piece.0 - self.warm_up, piece.1 + self.warm_up);
            let samples = (from..to).map(|i| self.extent.boundary.source_index(i, size));
            let mut columns: Vec<i64> = samples.clone().flatten().collect();
            columns.sort_unstable();
            columns.dedup();
            let known = pieces.last().zip(columns.first()).map_or(0..0, |(last, first)| {
                let start = last.columns.partition_point(|column| column < first);
                let both = last.columns[start..].iter().zip(&columns);
                let count = both.take_while(|(a, b)| a == b).count();
                // Whole lines of the cache: the next column begins one.
                start..start + count / LINE * LINE
            });
            let within = |a: i64, b: i64| (a - from) as usize..(b - from) as usize;
            pieces.push(Piece {
                index: samples.map(|i| columns.binary_search(&i?).ok()).collect(),
                columns,
                known,
                inner: within(from.max(0), to.min(size)),
                keep: within(col, stop),
            });
            col = stop;
        }
        pieces
    }

    /// Filters one band, first down, then across.
    fn band<F>(&self, band: Band<'_>, pieces: &[Piece], load: &F, room: &mut Room) -> Result<()>
    where
        F: Fn(i64, i64, &mut [f64]) -> Result<()>,
    {
        let Band { piece, first: top, out, width } = band;
        let height = out.len() / width;
        let widest = pieces.iter().map(|piece| piece.columns.len()).max().unwrap_or(0);
        // An odd number of lines of the cache, lest all rows compete for few of its sets.
        let pitch = (widest + STRIP).next_multiple_of(2 * LINE) + LINE;
        let tall = GROUP + (piece.1 + self.warm_up - top) as usize;
        room.band.resize((tall * pitch / LINE).max(room.band.len()), Aligned::default());
        let band = flat(&mut room.band);
        let mut start = 0;
        for across in pieces {
            for row in band.chunks_exact_mut(pitch).skip(GROUP).take(height) {
                row.copy_within(across.known.clone(), 0);
            }
            let mut first = across.known.len();
            while first < across.columns.len() {
                let count = across.run_at(first);
                let columns = (across.columns[first], count);
                self.down(piece, top, columns, load, (&mut band[first..], pitch))?;
                first += count;
            }
            let size = GROUPS * across.index.len();
            room.lines.resize(size.max(room.lines.len()), [0.0; LANES]);
            for row in (0..height).step_by(GROUPS * LANES) {
                self.isa.run(Across {
                    filter: self,
                    piece: across,
                    rows: &band[(GROUP + row) * pitch..],
                    pitch,
                    count: (GROUPS * LANES).min(height - row),
                    lines: &mut room.lines[..size],
                    out: &mut out[row * width + start..],
                    width,
                });
            }
            start += across.keep.len();
        }
        Ok(())
    }

    /// Filters some columns of the image down, side by side, from the first of them on.
    ///
    /// Rows from `keep` on go to `band`, after a group of rows for those before. A column past the edge holds
    /// what the column that it continues holds: it is not filtered again.
    fn down<F>(
        &self,
        piece: (i64, i64),
        keep: i64,
        (col, count): (i64, usize),
        load: &F,
        (band, pitch): (&mut [f64], usize),
    ) -> Result<()>
    where
        F: Fn(i64, i64, &mut [f64]) -> Result<()>,
    {
        let (from, to) = (piece.0 - self.warm_up, piece.1 + self.warm_up);
        let padded = count.next_multiple_of(STRIP);
        let mut states = vec![[[0.0; STRIP]; K]; padded / STRIP];
        let mut row = from;
        while row < to {
            let (stop, start) = if row < keep {
                ((row + GROUP as i64).min(keep), 0)
            } else {
                ((row + GROUP as i64).min(to), (row - keep) as usize + GROUP)
            };
            let lines = &mut band[start * pitch..];
            for (line, row) in lines.chunks_mut(pitch).zip(row..stop) {
                match self.extent.boundary.source_index(row, self.extent.shape.0) {
                    Some(row) => load(row, col, &mut line[..count])?,
                    None => line[..count].fill(0.0),
                }
                line[count..padded].fill(0.0);
            }
            let rows = (stop - row) as usize;
            let states = &mut states;
            self.isa.run(Sweep::<_, false> { filter: self, lines, pitch, rows, states });
            row = stop;
        }
        states.fill([[0.0; STRIP]; K]);
        let mut end = (to - keep) as usize;
        while end > 0 {
            let start = end.saturating_sub(GROUP);
            let lines = &mut band[(GROUP + start) * pitch..];
            let (rows, states) = (end - start, &mut states);
            self.isa.run(Sweep::<_, true> { filter: self, lines, pitch, rows, states });
            end = start;
        }
        Ok(())
    }
}

/// The samples of some lines of the cache.
fn flat(lines: &mut [Aligned<[f64; LINE]>]) -> &mut [f64] {
    // SAFETY: `Aligned` is eight samples and nothing else.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
}

/// A sweep over some rows, strip by strip, in place: the causal one down or, with `UP`, the other one.
struct Sweep<'t, const K: usize, const UP: bool> {
    filter: &'t Filter<K>,
    lines: &'t mut [f64],
    pitch: usize,
    rows: usize,
    states: &'t mut [States<K, STRIP>],
}

impl<const K: usize, const UP: bool> Job for Sweep<'_, K, UP> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Filter { poles, gain, .. } = self.filter;
        for (s, kept) in self.states.iter_mut().enumerate() {
            let mut states = *kept;
            for k in 0..self.rows {
                let row = if UP { self.rows - 1 - k } else { k };
                let sample = strip(self.lines, row * self.pitch + s * STRIP);
                *sample = if UP {
                    step_back(sample, &mut states, poles, *gain)
                } else {
                    step(sample, &mut states, poles)
                };
            }
            *kept = states;
        }
    }
}

/// The samples of a strip that begins at `start`.
#[inline(always)]
fn strip(lines: &mut [f64], start: usize) -> &mut [f64; STRIP] {
    &mut lines[start..].as_chunks_mut().0[0]
}

/// Both sweeps of a horizontal piece over some rows at once.
struct Across<'t, const K: usize> {
    filter: &'t Filter<K>,
    piece: &'t Piece,
    /// The rows of the band, from the first of these on.
    rows: &'t [f64],
    pitch: usize,
    count: usize,
    /// Samples, transposed: lanes by lanes.
    lines: &'t mut [[f64; LANES]],
    out: &'t mut [MaybeUninit<f64>],
    width: usize,
}

impl<const K: usize> Job for Across<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { filter, piece, rows, pitch, count, lines, out, width } = self;
        let (Filter { poles, gain, .. }, size) = (filter, piece.index.len());
        // Rows that are not there repeat the last one.
        let row = |r: usize| &rows[r.min(count - 1) * pitch..][..pitch];
        for (g, lines) in lines.chunks_exact_mut(size).enumerate() {
            let g = g * LANES;
            piece.gather([row(g), row(g + 1), row(g + 2), row(g + 3)], lines);
        }
        let mut states = [[[0.0; LANES]; K]; GROUPS];
        for k in 0..size {
            for (g, states) in states.iter_mut().enumerate() {
                let sample = &mut lines[g * size + k];
                *sample = step(sample, states, poles);
            }
        }
        states = [[[0.0; LANES]; K]; GROUPS];
        for k in (piece.keep.start..size).rev() {
            for (g, states) in states.iter_mut().enumerate() {
                let sample = &mut lines[g * size + k];
                *sample = step_back(sample, states, poles, *gain);
            }
        }
        for (g, lines) in lines.chunks_exact(size).enumerate().take(count.div_ceil(LANES)) {
            scatter(
                &lines[piece.keep.clone()],
                &mut out[g * LANES * width..],
                width,
                count - g * LANES,
            );
        }
    }
}

impl Piece {
    /// Takes the samples of some rows: a transposition.
    #[inline(always)]
    fn gather(&self, rows: [&[f64]; LANES], lines: &mut [[f64; LANES]]) {
        let inner = self.inner.clone();
        for k in (0..inner.start).chain(inner.end..self.index.len()) {
            for l in 0..LANES {
                lines[k][l] = self.index[k].map_or(0.0, |i| rows[l][i]);
            }
        }
        let first = self.index[inner.start].unwrap_or(0);
        let lines = &mut lines[inner];
        let [a, b, c, d] = rows.map(|row| &row[first..][..lines.len()]);
        for k in 0..lines.len() {
            lines[k] = [a[k], b[k], c[k], d[k]];
        }
    }
}

/// Puts lines back as the starts of `count` rows of a length, or as many as there are lanes.
#[inline(always)]
fn scatter(lines: &[[f64; LANES]], out: &mut [MaybeUninit<f64>], width: usize, count: usize) {
    if count < LANES {
        for (l, row) in out.chunks_mut(width).take(count).enumerate() {
            for (value, line) in row[..lines.len()].iter_mut().zip(lines) {
                value.write(line[l]);
            }
        }
        return;
    }
    let size = lines.len();
    let (a, out) = out.split_at_mut(width);
    let (b, out) = out.split_at_mut(width);
    let (c, d) = out.split_at_mut(width);
    let (a, b, c, d) = (&mut a[..size], &mut b[..size], &mut c[..size], &mut d[..size]);
    for k in 0..lines.len() {
        let [first, second, third, fourth] = lines[k];
        a[k].write(first);
        b[k].write(second);
        c[k].write(third);
        d[k].write(fourth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{BSpline3, BSpline11, Kernel};

    const SHAPE: (i64, i64) = (300, 611);

    fn sample(row: i64, col: i64) -> f64 {
        let hash = (row * 7919 + col * 104_729).rem_euclid(10_007);
        hash as f64 / 10_007.0
    }

    fn coefficients<K: Kernel<N>, const N: usize>(window: Window) -> Vec<f64> {
        let extent =
            Extent { shape: SHAPE, boundary: Boundary::Reflect, reach: K::MARGIN, epsilon: 1e-9 };
        let load = |row: i64, col: i64, out: &mut [f64]| {
            for (k, x) in out.iter_mut().enumerate() {
                *x = sample(row, col + k as i64);
            }
            Ok(())
        };
        let mut values = vec![MaybeUninit::new(f64::NAN); window.rows() * window.cols()];
        prefilter(&extent, K::POLES, window, (Isa::best(), 2), &load, &mut values).unwrap();
        // SAFETY: they were filled before already.
        values.into_iter().map(|value| unsafe { value.assume_init() }).collect()
    }

    /// The spline at pixel centres: the samples.
    fn interpolates<K: Kernel<N>, const N: usize>() {
        let m = K::MARGIN;
        let window = Window { row0: -m, row1: SHAPE.0 + m, col0: -m, col1: SHAPE.1 + m };
        let whole = coefficients::<K, N>(window);
        let weights: [f64; N] = K::weights(0.0);
        for (row, col) in [(0, 0), (127, 255), (128, 256), (299, 610), (150, 300)] {
            let mut sum = 0.0;
            for r in 0..N - 1 {
                for c in 0..N - 1 {
                    let at = (row + r) * window.cols() + col + c;
                    sum += weights[r] * weights[c] * whole[at];
                }
            }
            let want = sample(row as i64, col as i64);
            assert!((sum - want).abs() < 1e-9, "{} ({row}, {col}): {sum} != {want}", K::NAME);
        }
        let part = Window { row0: 100, row1: 140, col0: 250, col1: 259 };
        let cut = coefficients::<K, N>(part);
        for (k, value) in cut.iter().enumerate() {
            let row = 100 + m as usize + k / 9;
            let col = 250 + m as usize + k % 9;
            assert_eq!(value.to_bits(), whole[row * window.cols() + col].to_bits());
        }
    }

    #[test]
    fn a_spline_passes_through_the_samples_whatever_the_window() {
        interpolates::<BSpline3, 4>();
        interpolates::<BSpline11, 12>();
    }
}
