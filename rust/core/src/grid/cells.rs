//! Positions cut into the cell (an integer) and the fraction within it.

use super::Grid;
use super::positions::computed;
use crate::SPAN;
use crate::arch::{Isa, Job};
use crate::sample::{DType, Real};

/// Cells and fractions of one coordinate of a span.
pub(crate) struct Cells<C> {
    /// Pixel at or before each position (or nearest to it), in the frame of the delivered source.
    pub(crate) index: [i32; SPAN],
    /// What remains, in the precision that weights are computed in; 0 when the cell is the nearest pixel.
    pub(crate) frac: [C; SPAN],
    /// Smallest cell.
    pub(crate) min: i32,
    /// Largest cell.
    pub(crate) max: i32,
}

impl<C: Real> Cells<C> {
    pub(crate) const EMPTY: Self = Self { index: [0; SPAN], frac: [C::ZERO; SPAN], min: 0, max: 0 };
}

/// Locates the pixels of a span in the source: positions, snapped, cut into cell and fraction; only
/// then is the origin of the source subtracted, as an integer.
///
/// The order matters: subtracting first would round differently in every window.
pub(crate) struct Locate<'t, 'a, C> {
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
    pub(crate) rows: &'t mut Cells<C>,
    pub(crate) cols: &'t mut Cells<C>,
}

impl<C: Real> Locate<'_, '_, C> {
    /// Does so on `isa`, from the nodes themselves where they are the positions.
    pub(crate) fn run(self, isa: Isa) {
        let Self { grid, at, len, origin, rounds, .. } = self;
        if self.shift == (0.0, 0.0) && len == SPAN {
            if let Some(nodes) = grid.borrowed::<f32>(at) {
                // What a fraction loses in f32, weights computed in f32 would lose too.
                return if rounds {
                    isa.run(Cut::<f32, C, true> { nodes, origin, rows: self.rows, cols: self.cols })
                } else if C::IS_SINGLE {
                    isa.run(Cut::<f32, C, false> {
                        nodes,
                        origin,
                        rows: self.rows,
                        cols: self.cols,
                    })
                } else {
                    isa.run(Between(self))
                };
            }
            if let Some(nodes) = grid.borrowed::<f64>(at) {
                return if rounds {
                    isa.run(Cut::<f64, C, true> { nodes, origin, rows: self.rows, cols: self.cols })
                } else {
                    isa.run(Cut::<f64, C, false> {
                        nodes,
                        origin,
                        rows: self.rows,
                        cols: self.cols,
                    })
                };
            }
        }
        isa.run(Between(self));
    }
}

/// Nodes that are the positions of a whole span.
struct Cut<'t, P, C, const ROUNDS: bool> {
    nodes: [&'t [P; SPAN]; 2],
    origin: (i32, i32),
    rows: &'t mut Cells<C>,
    cols: &'t mut Cells<C>,
}

impl<P: Position, C: Real, const ROUNDS: bool> Job for Cut<'_, P, C, ROUNDS> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        cut::<P, C, ROUNDS>(self.nodes[0], self.origin.0, self.rows);
        cut::<P, C, ROUNDS>(self.nodes[1], self.origin.1, self.cols);
    }
}

/// Positions that are interpolated between nodes.
struct Between<'t, 'a, C>(Locate<'t, 'a, C>);

impl<C: Real> Job for Between<'_, '_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Locate { grid, at, len, origin, shift, rounds, rows, cols } = self.0;
        let axes =
            [(&grid.rows, (origin.0, shift.0), rows), (&grid.cols, (origin.1, shift.1), cols)];
        for (nodes, (origin, shift), cells) in axes {
            let mut positions = [0.0; SPAN];
            match nodes.dtype {
                DType::F32 => computed::<f32>(grid, nodes, at, len, &mut positions),
                _ => computed::<f64>(grid, nodes, at, len, &mut positions),
            }
            for x in &mut positions {
                *x += shift;
            }
            if rounds {
                cut::<f64, C, true>(&positions, origin, cells);
            } else {
                cut::<f64, C, false>(&positions, origin, cells);
            }
        }
    }
}

/// Positions are clamped to this distance from 0, far outside of any source (`MAX_SIZE`). Exact in `f32`.
const FAR: f64 = ((1 << 30) - 1024) as f64;

/// Half-integers attract positions this near, in pixels: noise of a few ulp makes no false neighbour.
const SNAP: f64 = 5e-13;

/// The same, relative to the position: 2 ulp.
const SNAP_RELATIVE: f64 = 4.5e-16;

/// The precision that positions are cut in. A grid in `f32` gives the cells of the same grid in `f64`.
trait Position: Real {
    /// The nearest half-integer when `self` is within its reach, else `self`.
    fn snap(self) -> Self;
    /// The largest integer that is not above.
    fn floor(self) -> Self;
    /// Whether the nearest pixel, after the snap, is the one after `self - frac`.
    fn is_past_half(self, frac: Self) -> bool;
    /// Whether the snap may have a say, for a position of this fraction.
    fn is_doubtful<const ROUNDS: bool>(frac: Self) -> bool;
    /// The value as an integer.
    ///
    /// # Safety
    /// It must be finite, and its integer part an `i32`.
    unsafe fn to_cell(self) -> i32;
}

impl Position for f64 {
    #[inline(always)]
    fn snap(self) -> Self {
        let half = (self + self).round_ties_even() * 0.5;
        let off = self - half;
        let reach = reach(self);
        if off >= -reach && off < reach { half } else { self }
    }

    #[inline(always)]
    fn floor(self) -> Self {
        self.floor()
    }

    // Not floor(x + 0.5): the sum rounds up below a half.
    #[inline(always)]
    fn is_past_half(self, frac: Self) -> bool {
        frac - 0.5 >= -reach(self)
    }

    #[inline(always)]
    fn is_doubtful<const ROUNDS: bool>(frac: Self) -> bool {
        /// More than the reach at any distance up to `FAR`.
        const REACH: f64 = 1.0 / (1 << 20) as f64;
        let from_half = (frac - 0.5).abs();
        if ROUNDS { from_half < REACH } else { (from_half - 0.25).abs() > 0.25 - REACH }
    }

    #[inline(always)]
    unsafe fn to_cell(self) -> i32 {
        // SAFETY: promised by the caller.
        unsafe { self.to_int_unchecked() }
    }
}

/// How far half-integers attract a position.
#[inline(always)]
fn reach(x: f64) -> f64 {
    let relative = SNAP_RELATIVE * x.abs();
    if relative > SNAP { relative } else { SNAP }
}

/// In `f32`, no value but 0 stands within reach of a half-integer that it is not equal to.
impl Position for f32 {
    #[inline(always)]
    fn snap(self) -> Self {
        /// The largest `f32` below `SNAP`: its nearest one.
        const REACH: f32 = SNAP as f32;
        if self.abs() <= REACH { 0.0 } else { self }
    }

    #[inline(always)]
    fn floor(self) -> Self {
        self.floor()
    }

    #[inline(always)]
    fn is_past_half(self, frac: Self) -> bool {
        frac >= 0.5
    }

    // Two operations more are cheaper than a second look.
    #[inline(always)]
    fn is_doubtful<const ROUNDS: bool>(_: Self) -> bool {
        false
    }

    #[inline(always)]
    unsafe fn to_cell(self) -> i32 {
        // SAFETY: promised by the caller.
        unsafe { self.to_int_unchecked() }
    }
}

#[inline(always)]
fn cut<P: Position, C: Real, const ROUNDS: bool>(
    positions: &[P; SPAN],
    origin: i32,
    cells: &mut Cells<C>,
) {
    if P::IS_SINGLE || cut_as::<P, C, ROUNDS, false>(positions, origin, cells) {
        cut_as::<P, C, ROUNDS, true>(positions, origin, cells);
    }
}

/// Cuts with the snap or, `SNAPS` being false, without it; then returns whether it was needed.
#[inline(always)]
fn cut_as<P: Position, C: Real, const ROUNDS: bool, const SNAPS: bool>(
    positions: &[P; SPAN],
    origin: i32,
    cells: &mut Cells<C>,
) -> bool {
    let (mut min, mut max) = (i32::MAX, i32::MIN);
    let mut doubtful = false;
    for k in 0..SPAN {
        let x = clamp(positions[k]);
        let x = if SNAPS && !ROUNDS { x.snap() } else { x };
        let floor = x.floor();
        let frac = x - floor;
        let past_half = if SNAPS { x.is_past_half(frac) } else { frac >= P::from_f64(0.5) };
        // SAFETY: `clamp` leaves a finite value within +-2^30.
        let cell = unsafe { floor.to_cell() } + i32::from(ROUNDS && past_half) - origin;
        cells.index[k] = cell;
        if !ROUNDS {
            cells.frac[k] = C::from_f64(frac.to_f64());
        }
        doubtful |= !SNAPS && P::is_doubtful::<ROUNDS>(frac);
        min = min.min(cell);
        max = max.max(cell);
    }
    (cells.min, cells.max) = (min, max);
    doubtful
}

/// Two compares that send NaN to a bound: `clamp`, `min` and `max` carry it through.
#[inline(always)]
fn clamp<P: Position>(x: P) -> P {
    let (low, high) = (P::from_f64(-FAR), P::from_f64(FAR));
    let x = if x > low { x } else { low };
    if x < high { x } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn noise_snaps_to_half_integers_and_no_further() {
        let cases: [(f64, f64); 8] = [
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
            assert_eq!(x.snap(), want, "{x}");
        }
    }

    fn split(x: f64, rounds: bool) -> (i32, f64) {
        let mut cells = Cells::<f64>::EMPTY;
        if rounds {
            cut::<f64, f64, true>(&[x; SPAN], 0, &mut cells);
        } else {
            cut::<f64, f64, false>(&[x; SPAN], 0, &mut cells);
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
        fn single_precision_cuts_as_double_does(bits in any::<u32>(), tiny in -1e-12..1e-12_f32, near in -600..600_i32) {
            let near = near as f32 / 2.0;
            for x in [f32::from_bits(bits), tiny, near, near.next_up(), near.next_down()] {
                let (narrow, wide) = ([x; SPAN], [f64::from(x); SPAN]);
                let mut cells = [Cells::<f32>::EMPTY, Cells::EMPTY, Cells::EMPTY, Cells::EMPTY];
                cut::<f32, f32, false>(&narrow, 3, &mut cells[0]);
                cut::<f64, f32, false>(&wide, 3, &mut cells[1]);
                cut::<f32, f32, true>(&narrow, 3, &mut cells[2]);
                cut::<f64, f32, true>(&wide, 3, &mut cells[3]);
                prop_assert_eq!(cells[0].index[0], cells[1].index[0], "{}", x);
                prop_assert_eq!(cells[0].frac[0].to_bits(), cells[1].frac[0].to_bits(), "{}", x);
                prop_assert_eq!(cells[2].index[0], cells[3].index[0], "{}", x);
            }
        }

        #[test]
        fn cell_and_fraction_make_the_position(x in -1e6..1e6) {
            let (cell, frac) = split(x, false);
            prop_assert!((0.0..1.0).contains(&frac));
            prop_assert!((f64::from(cell) + frac - x).abs() <= 5e-10);
        }
    }
}
