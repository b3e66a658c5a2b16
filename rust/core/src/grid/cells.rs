//! Positions cut into the cell (an integer) and the fraction within it.

use crate::SPAN;
use crate::arch::Job;
use crate::sample::Real;

/// Cells and fractions of one coordinate of a span.
pub(crate) struct Cells {
    /// Pixel at or before each position (or nearest to it), in the frame of the delivered source.
    pub(crate) index: [i32; SPAN],
    /// What remains, in `[0, 1)`.
    pub(crate) frac: [f64; SPAN],
    /// Smallest cell.
    pub(crate) min: i32,
    /// Largest cell.
    pub(crate) max: i32,
}

impl Cells {
    pub(crate) const EMPTY: Self = Self { index: [0; SPAN], frac: [0.0; SPAN], min: 0, max: 0 };
}

/// Snaps positions, cuts them, and only then subtracts the origin, as an integer.
///
/// The order matters: subtracting first would round differently in every window.
pub(crate) struct Split<'t> {
    pub(crate) positions: &'t [f64; SPAN],
    pub(crate) origin: i32,
    /// Take the nearest pixel (ties go up) instead of the one at or before.
    pub(crate) rounds: bool,
    pub(crate) cells: &'t mut Cells,
}

/// Positions are clamped to this distance from 0, far outside of any source (`MAX_SIZE`).
const FAR: f64 = ((1 << 30) - 1024) as f64;

/// Half-integers attract positions this near, in pixels: noise of a few ulp makes no false neighbour.
const SNAP: f64 = 5e-13;

/// The same, relative to the position: 2 ulp.
const SNAP_RELATIVE: f64 = 4.5e-16;

impl Job for Split<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { positions, origin, rounds, cells } = self;
        if rounds {
            cut::<true>(positions, origin, cells);
        } else {
            cut::<false>(positions, origin, cells);
        }
    }
}

#[inline(always)]
fn cut<const ROUNDS: bool>(positions: &[f64; SPAN], origin: i32, cells: &mut Cells) {
    for k in 0..SPAN {
        let x = snap(clamp(positions[k]));
        let floor = x.floor();
        let frac = x - floor;
        // Not floor(x + 0.5), whose sum rounds up just below a half.
        let up = if ROUNDS && frac >= 0.5 { 1 } else { 0 };
        // SAFETY: `clamp` leaves a finite value within +-2^30.
        let cell = unsafe { floor.to_int_unchecked::<i32>() };
        cells.index[k] = cell + up - origin;
        cells.frac[k] = frac;
    }
    let (mut min, mut max) = (cells.index[0], cells.index[0]);
    for &cell in &cells.index {
        min = min.min(cell);
        max = max.max(cell);
    }
    cells.min = min;
    cells.max = max;
}

/// Two compares that send NaN to a bound: `clamp`, `min` and `max` carry it through.
#[inline(always)]
fn clamp(x: f64) -> f64 {
    let x = if x >= -FAR { x } else { -FAR };
    if x <= FAR { x } else { FAR }
}

/// The nearest half-integer when `x` is within a few ulp of it, else `x`.
#[inline(always)]
fn snap(x: f64) -> f64 {
    let half = (x + x).round_ties_even() * 0.5;
    let off = x - half;
    let relative = SNAP_RELATIVE * x.abs();
    let near = if relative > SNAP { relative } else { SNAP };
    if off >= f64::ZERO - near && off < near { half } else { x }
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
        Split { positions: &[x; SPAN], origin: 0, rounds, cells: &mut cells }.run();
        (cells.index[7], cells.frac[7])
    }

    #[test]
    fn ties_go_up() {
        for (x, want) in [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, 0), (-1.5, -1), (-0.500_000_1, -1)] {
            assert_eq!(split(x, true).0, want, "{x}");
        }
    }

    #[test]
    fn what_is_not_finite_or_far_lies_outside_of_every_source() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            let cell = i64::from(split(x, false).0);
            assert!(cell < -2 * crate::MAX_SIZE || cell > 2 * crate::MAX_SIZE, "{x}: {cell}");
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
