//! Positions cut into the cell (an integer) and the fraction within it.

use super::{Grid, positions};
use crate::SPAN;
use crate::arch::Job;
use crate::image::Array;
use crate::sample::{DType, Sample};

/// Cells and fractions of one coordinate of a span.
pub(crate) struct Cells {
    /// Pixel at or before each position (or nearest to it), in the frame of the delivered source.
    pub(crate) index: [i32; SPAN],
    /// What remains, in `[0, 1)`; 0 when the cell is the nearest pixel.
    pub(crate) frac: [f64; SPAN],
    /// Smallest cell.
    pub(crate) min: i32,
    /// Largest cell.
    pub(crate) max: i32,
}

impl Cells {
    pub(crate) const EMPTY: Self = Self { index: [0; SPAN], frac: [0.0; SPAN], min: 0, max: 0 };
}

/// Locates the pixels of a span in the source: positions, snapped, cut into cell and fraction; only
/// then is the origin of the source subtracted, as an integer.
///
/// The order matters: subtracting first would round differently in every window.
pub(crate) struct Locate<'t, 'a> {
    pub(crate) grid: &'t Grid<'a>,
    /// First target pixel of the span, in the frame of the whole grid.
    pub(crate) at: (i64, i64),
    pub(crate) len: usize,
    /// Position of source pixel (0, 0).
    pub(crate) origin: (i32, i32),
    /// Added to the positions before they are snapped.
    pub(crate) shift: (f64, f64),
    /// Take the nearest pixel (ties go up) instead of the one at or before.
    pub(crate) rounds: bool,
    pub(crate) rows: &'t mut Cells,
    pub(crate) cols: &'t mut Cells,
}

impl Job for Locate<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { grid, at, len, origin, shift, rounds, rows, cols } = self;
        let axes =
            [(&grid.rows, (origin.0, shift.0), rows), (&grid.cols, (origin.1, shift.1), cols)];
        for (nodes, frame, cells) in axes {
            match (nodes.dtype, rounds) {
                (DType::F32, false) => locate::<f32, false>(grid, nodes, (at, len), frame, cells),
                (DType::F32, true) => locate::<f32, true>(grid, nodes, (at, len), frame, cells),
                (_, false) => locate::<f64, false>(grid, nodes, (at, len), frame, cells),
                (_, true) => locate::<f64, true>(grid, nodes, (at, len), frame, cells),
            }
        }
    }
}

#[inline(always)]
fn locate<T: Sample<f64>, const ROUNDS: bool>(
    grid: &Grid<'_>,
    nodes: &Array<'_>,
    (at, len): ((i64, i64), usize),
    (origin, shift): (i32, f64),
    cells: &mut Cells,
) {
    let borrowed = if shift == 0.0 { positions::borrowed::<T>(grid, nodes, at, len) } else { None };
    if let Some(nodes) = borrowed {
        cut::<T, ROUNDS>(nodes, origin, cells);
    } else {
        let mut computed = [0.0; SPAN];
        positions::computed::<T>(grid, nodes, at, len, &mut computed);
        if shift != 0.0 {
            for x in &mut computed {
                *x += shift;
            }
        }
        cut::<f64, ROUNDS>(&computed, origin, cells);
    }
}

/// Positions are clamped to this distance from 0, far outside of any source (`MAX_SIZE`).
const FAR: f64 = ((1 << 30) - 1024) as f64;

/// Half-integers attract positions this near, in pixels: noise of a few ulp makes no false neighbour.
const SNAP: f64 = 5e-13;

/// The same, relative to the position: 2 ulp.
const SNAP_RELATIVE: f64 = 4.5e-16;

#[inline(always)]
fn cut<T: Sample<f64>, const ROUNDS: bool>(positions: &[T; SPAN], origin: i32, cells: &mut Cells) {
    let (mut min, mut max) = (i32::MAX, i32::MIN);
    for k in 0..SPAN {
        let x = clamp(positions[k].widen());
        let x = if ROUNDS { x } else { snap(x) };
        let floor = x.floor();
        let frac = x - floor;
        // The nearest pixel of the snapped position. Not floor(x + 0.5): the sum rounds up below a half.
        let up = if ROUNDS && frac - 0.5 >= -reach(x) { 1 } else { 0 };
        // SAFETY: `clamp` leaves a finite value within +-2^30.
        let cell = unsafe { floor.to_int_unchecked::<i32>() } + up - origin;
        cells.index[k] = cell;
        if !ROUNDS {
            cells.frac[k] = frac;
        }
        min = min.min(cell);
        max = max.max(cell);
    }
    (cells.min, cells.max) = (min, max);
}

/// Two compares that send NaN to a bound: `clamp`, `min` and `max` carry it through.
#[inline(always)]
fn clamp(x: f64) -> f64 {
    let x = if x > -FAR { x } else { -FAR };
    if x < FAR { x } else { FAR }
}

/// The nearest half-integer when `x` is within reach of it, else `x`.
#[inline(always)]
fn snap(x: f64) -> f64 {
    let half = (x + x).round_ties_even() * 0.5;
    let off = x - half;
    let reach = reach(x);
    if off >= -reach && off < reach { half } else { x }
}

/// How far half-integers attract a position.
#[inline(always)]
fn reach(x: f64) -> f64 {
    let relative = SNAP_RELATIVE * x.abs();
    if relative > SNAP { relative } else { SNAP }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn noise_snaps_to_half_integers_and_no_further() {
        let cases = [
            (-1e-13, 0.0),
            (-4.9e-13, 0.0),
            (-5.1e-13, -5.1e-13),
            (5.5 - 1e-13, 5.5),
            (5.5 - 1e-12, 5.5 - 1e-12),
            (0.499_999_999_999_999_94, 0.5),
            (3.25, 3.25),
            (100_000.500_000_000_02, 100_000.5),
        ];
        for (x, want) in cases {
            assert_eq!(snap(x), want, "{x}");
        }
    }

    fn split(x: f64, rounds: bool) -> (i32, f64) {
        let mut cells = Cells::EMPTY;
        if rounds {
            cut::<f64, true>(&[x; SPAN], 0, &mut cells);
        } else {
            cut::<f64, false>(&[x; SPAN], 0, &mut cells);
        }
        (cells.index[7], cells.frac[7])
    }

    #[test]
    fn ties_go_up() {
        let ties = [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, 0), (-1.5, -1), (-0.500_000_1, -1)];
        let noise = [(5.5 - 1e-13, 6), (5.5 - 1e-12, 5), (7.0 - 1e-13, 7), (-0.5 - 1e-13, 0)];
        for (x, want) in ties.into_iter().chain(noise) {
            assert_eq!(split(x, true).0, want, "{x}");
        }
    }

    #[test]
    fn what_is_not_finite_or_far_lies_outside_of_every_source() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            let cell = i64::from(split(x, false).0);
            assert!(cell.abs() > 2 * crate::MAX_SIZE, "{x}: {cell}");
        }
    }

    proptest! {
        #[test]
        fn cell_and_fraction_make_the_position(x in -1e6..1e6) {
            let (cell, frac) = split(x, false);
            prop_assert!((0.0..1.0).contains(&frac));
            prop_assert!((f64::from(cell) + frac - x).abs() <= 5e-10);
        }
    }
}
