//! Coefficients of a window of one plane: vertical, then horizontal, piece by piece.

use super::{PIECE_COLS, PIECE_ROWS, cascade, piece_around, warm_up};
use crate::arch::{Isa, Job};
use crate::boundary::Boundary;
use crate::error::Result;
use crate::threads::in_parallel;
use crate::window::Window;

/// Lines that the vertical filter takes at once: their states stay in registers.
const STRIP: usize = 16;

/// Strips whose samples are loaded together: long runs of a row, few enough that a piece stays in cache.
const STRIPS: usize = 4;

/// Lines that the horizontal filter takes at once.
const ROWS: usize = 8;

/// Samples along a row that are transposed at once.
const SAMPLES: usize = 8;

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

/// Filters a window of one plane into `values`, row by row. The window's coordinates are those of the image
/// and may lie past its edge. `load(row, col, out)` reads samples side by side of the image itself.
///
/// # Errors
/// What `load` returns.
pub fn prefilter<F>(
    extent: &Extent,
    poles: &[f64],
    window: Window,
    on: (Isa, usize),
    load: &F,
    values: &mut [f64],
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
    values: &mut [f64],
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
    let columns = filter.columns(&window);
    // Bands of rows, one for each vertical piece.
    let mut bands = Vec::new();
    let (mut row, mut rest) = (window.row0, values);
    while row < window.row1 {
        let piece = piece_around(row, PIECE_ROWS, extent.shape.0, extent.reach);
        let stop = piece.1.min(window.row1);
        let (band, tail) = rest.split_at_mut((stop - row) as usize * window.cols());
        bands.push((piece, (row, stop), band));
        (row, rest) = (stop, tail);
    }
    in_parallel(threads, bands, |(piece, rows, out)| {
        let band = filter.vertical(piece, rows, &columns, load)?;
        filter.horizontal(&band, &columns, &window, out);
        Ok(())
    })
}

/// Some columns of the image, ascending; under `Wrap` they may come from both of its ends.
struct Columns {
    indices: Vec<i64>,
}

impl Columns {
    /// How many columns from the `first` one on stand side by side, up to `limit`.
    fn run_at(&self, first: usize, limit: usize) -> usize {
        let rest = self.indices[first..].iter().take(limit);
        rest.zip(self.indices[first]..).take_while(|(have, want)| *have == want).count()
    }
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
    /// Columns of the image that the horizontal pieces of a window read.
    fn columns(&self, window: &Window) -> Columns {
        let size = self.extent.shape.1;
        let piece = |i| piece_around(i, PIECE_COLS, size, self.extent.reach);
        let (first, last) = (piece(window.col0).0, piece(window.col1 - 1).1);
        let mut indices: Vec<i64> = (first - self.warm_up..last + self.warm_up)
            .filter_map(|i| self.extent.boundary.source_index(i, size))
            .collect();
        indices.sort_unstable();
        indices.dedup();
        Columns { indices }
    }

    /// Filters columns down: rows `keep` of `piece`, for the columns of the image in `columns`.
    ///
    /// A column past the edge holds what the column that it continues holds: it is not filtered again.
    fn vertical<F>(
        &self,
        piece: (i64, i64),
        keep: (i64, i64),
        columns: &Columns,
        load: &F,
    ) -> Result<Vec<f64>>
    where
        F: Fn(i64, i64, &mut [f64]) -> Result<()>,
    {
        let width = columns.indices.len();
        let height = (keep.1 - keep.0) as usize;
        let mut band = vec![0.0; width * height];
        let (from, to) = (piece.0 - self.warm_up, piece.1 + self.warm_up);
        let mut lines = vec![[[0.0; STRIP]; STRIPS]; (to - from) as usize];
        let mut first = 0;
        while first < width {
            let count = columns.run_at(first, STRIPS * STRIP);
            for (line, row) in lines.iter_mut().zip(from..to) {
                let line = line.as_flattened_mut();
                match self.extent.boundary.source_index(row, self.extent.shape.0) {
                    Some(row) => load(row, columns.indices[first], &mut line[..count])?,
                    None => line[..count].fill(0.0),
                }
            }
            self.isa.run(Sweep { lines: &mut lines, strips: count.div_ceil(STRIP), filter: self });
            let kept = &lines[(keep.0 - from) as usize..];
            for (out, line) in band.chunks_exact_mut(width).zip(kept) {
                out[first..first + count].copy_from_slice(&line.as_flattened()[..count]);
            }
            first += count;
        }
        Ok(band)
    }

    /// Filters the rows of a band along their columns, into the rows of `out` of a window.
    fn horizontal(&self, band: &[f64], columns: &Columns, window: &Window, out: &mut [f64]) {
        let width = columns.indices.len();
        let (height, size) = (out.len() / window.cols(), self.extent.shape.1);
        let mut col = window.col0;
        while col < window.col1 {
            let piece = piece_around(col, PIECE_COLS, size, self.extent.reach);
            let stop = piece.1.min(window.col1);
            let (from, to) = (piece.0 - self.warm_up, piece.1 + self.warm_up);
            // Where each sample stands in the band; past its end where it is 0.
            let index: Vec<usize> = (from..to)
                .map(|i| self.extent.boundary.source_index(i, size))
                .map(|i| {
                    i.and_then(|i| columns.indices.binary_search(&i).ok()).unwrap_or(usize::MAX)
                })
                .collect();
            let mut lines = vec![[[0.0; ROWS]]; index.len()];
            for first in (0..height).step_by(ROWS) {
                let count = ROWS.min(height - first);
                let rows = &band[first * width..(first + count) * width];
                self.isa.run(Gather {
                    rows: rows.chunks_exact(width),
                    index: &index,
                    lines: &mut lines,
                });
                self.isa.run(Sweep { lines: &mut lines, strips: 1, filter: self });
                let kept = &lines[(col - from) as usize..(stop - from) as usize];
                let start = first * window.cols() + (col - window.col0) as usize;
                let rows = out[start..].chunks_mut(window.cols()).take(count);
                self.isa.run(Scatter { lines: kept, rows });
            }
            col = stop;
        }
    }
}

/// Both sweeps over the first strips of some lines.
struct Sweep<'t, const K: usize, const L: usize, const S: usize> {
    lines: &'t mut [[[f64; L]; S]],
    strips: usize,
    filter: &'t Filter<K>,
}

impl<const K: usize, const L: usize, const S: usize> Job for Sweep<'_, K, L, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for s in 0..self.strips {
            cascade::filter(self.lines, s, &self.filter.poles, self.filter.gain);
        }
    }
}

/// Takes samples out of rows, by their index in the row, as lines of the horizontal filter: a transposition.
struct Gather<'t, I> {
    rows: I,
    /// An index past the end of a row stands for 0.
    index: &'t [usize],
    lines: &'t mut [[[f64; ROWS]; 1]],
}

impl<'t, I: Iterator<Item = &'t [f64]>> Job for Gather<'t, I> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (l, row) in self.rows.enumerate() {
            let (lines, rest) = self.lines.as_chunks_mut::<SAMPLES>();
            let (index, index_rest) = self.index.as_chunks::<SAMPLES>();
            for (lines, index) in lines.iter_mut().zip(index) {
                // Side by side, except next to the edges of the image; no step is greater than 1.
                let run = row.get(index[0]..index[0].saturating_add(SAMPLES));
                match run.filter(|_| index[SAMPLES - 1] == index[0] + SAMPLES - 1) {
                    Some(run) => (0..SAMPLES).for_each(|k| lines[k][0][l] = run[k]),
                    None => take(lines, index, row, l),
                }
            }
            take(rest, index_rest, row, l);
        }
    }
}

/// Takes samples of one row one by one.
fn take(lines: &mut [[[f64; ROWS]; 1]], index: &[usize], row: &[f64], l: usize) {
    for (line, &i) in lines.iter_mut().zip(index) {
        line[0][l] = row.get(i).copied().unwrap_or(0.0);
    }
}

/// Puts lines back as the starts of rows.
struct Scatter<'t, I> {
    lines: &'t [[[f64; ROWS]; 1]],
    rows: I,
}

impl<'t, I: Iterator<Item = &'t mut [f64]>> Job for Scatter<'_, I> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (l, row) in self.rows.enumerate() {
            for (value, line) in row.iter_mut().zip(self.lines) {
                *value = line[0][l];
            }
        }
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
        let mut values = vec![0.0; window.rows() * window.cols()];
        prefilter(&extent, K::POLES, window, (Isa::best(), 2), &load, &mut values).unwrap();
        values
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
