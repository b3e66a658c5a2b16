//! Positions cut into the cell (an integer) and the fraction within it.

use super::Grid;
use super::draft::Draft;
use super::positions::Mesh;
use crate::SPAN;
use crate::arch::{Isa, Job};
use crate::sample::Real;
use crate::window::Rect;

/// Cells and fractions of one coordinate of a span.
#[repr(align(64))]
pub(crate) struct Cells<C> {
    /// Pixel at or before each position (or nearest to it), in the frame of the delivered source.
    pub(crate) index: [i32; SPAN],
    /// What remains, in the precision that weights are computed in; 0 when the cell is the nearest pixel.
    pub(crate) frac: [C; SPAN],
}

impl<C: Real> Cells<C> {
    pub(crate) const EMPTY: Self = Self { index: [0; SPAN], frac: [C::ZERO; SPAN] };
}

/// The smallest and the largest of some indices.
#[inline(always)]
pub(crate) fn ends(index: &[i32]) -> (i32, i32) {
    index.iter().fold((i32::MAX, i32::MIN), |(min, max), &cell| (min.min(cell), max.max(cell)))
}

/// Finds the smallest and the largest cells of a span.
pub(crate) struct Extent<'t, C> {
    pub(crate) rows: &'t Cells<C>,
    pub(crate) cols: &'t Cells<C>,
}

impl<C> Job for Extent<'_, C> {
    type Output = Rect;

    #[inline(always)]
    fn run(self) -> Rect {
        Rect { rows: ends(&self.rows.index), cols: ends(&self.cols.index) }
    }
}

/// Locates the pixels of a span in the source: positions, snapped, cut into cell and fraction; only
/// then is the origin of the source subtracted, as an integer.
///
/// The order matters: subtracting first would round differently in every window.
pub(crate) struct Locate<'t, 'a, C> {
    pub(crate) grid: &'t Grid<'a>,
    /// Nodes that the last span was interpolated from.
    pub(crate) mesh: &'t mut Mesh,
    /// First target pixel of the span, in the frame of the whole grid.
    pub(crate) at: (i64, i64),
    pub(crate) len: usize,
    /// Position of source pixel (0, 0).
    pub(crate) origin: &'t (i32, i32),
    /// Added to the positions before they are snapped.
    pub(crate) shift: (f64, f64),
    /// Take the nearest pixel (ties go up) instead of the one at or before.
    pub(crate) rounds: bool,
    /// Cells to hold the result against.
    pub(crate) region: &'t Rect,
    pub(crate) rows: &'t mut Cells<C>,
    pub(crate) cols: &'t mut Cells<C>,
}

impl<C: Real> Locate<'_, '_, C> {
    /// Does so on `isa`; returns whether all cells lie in the region.
    #[inline(always)]
    pub(crate) fn run(self, isa: Isa) -> bool {
        // Nodes that are the positions are taken as they lie in memory.
        if self.shift == (0.0, 0.0) && self.len == SPAN {
            // What a fraction loses in f32, weights computed in f32 would lose too.
            if (self.rounds || C::IS_SINGLE)
                && let Some(nodes) = self.grid.borrowed::<f32>(self.at)
            {
                return self.cut(isa, nodes);
            }
            if let Some(nodes) = self.grid.borrowed::<f64>(self.at) {
                return self.cut(isa, nodes);
            }
        }
        isa.run(Between(self))
    }

    #[inline(always)]
    fn cut<P: Position>(self, isa: Isa, nodes: [&[P; SPAN]; 2]) -> bool {
        let Self { origin, region, rows, cols, .. } = self;
        if self.rounds {
            isa.run(Cut::<_, _, true> { nodes, origin, region, rows, cols })
        } else {
            isa.run(Cut::<_, _, false> { nodes, origin, region, rows, cols })
        }
    }
}

/// What the cells of one axis are counted from, and the smallest and the largest one of the region.
type AxisFrame = (i32, (i32, i32));

/// Cuts positions into cells.
struct Cut<'t, P, C, const ROUNDS: bool> {
    nodes: [&'t [P; SPAN]; 2],
    origin: &'t (i32, i32),
    region: &'t Rect,
    rows: &'t mut Cells<C>,
    cols: &'t mut Cells<C>,
}

impl<P: Position, C: Real, const ROUNDS: bool> Job for Cut<'_, P, C, ROUNDS> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { nodes: [row_nodes, col_nodes], origin, region, rows, cols } = self;
        let rows_inside = cut::<P, C, ROUNDS>(row_nodes, (origin.0, region.rows), rows);
        let cols_inside = cut::<P, C, ROUNDS>(col_nodes, (origin.1, region.cols), cols);
        rows_inside && cols_inside
    }
}

/// Interpolates positions between nodes and cuts them into cells.
struct Between<'t, 'a, C>(Locate<'t, 'a, C>);

impl<C: Real> Job for Between<'_, '_, C> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Locate { grid, mesh, at, len, origin, shift, rounds, region, rows, cols } = self.0;
        let drafts = rounds && shift == (0.0, 0.0);
        let place = mesh.enter(grid, at, len, drafts);
        if drafts && let Some(draft) = mesh.draft(place) {
            let (rows_inside, rows_doubtful) = round(draft, 0, (origin.0, region.rows), rows);
            let (cols_inside, cols_doubtful) = round(draft, 1, (origin.1, region.cols), cols);
            if !(rows_doubtful || cols_doubtful) {
                return rows_inside && cols_inside;
            }
            mesh.discard(place);
        }
        mesh.interpolate(grid, place);
        let [row_positions, col_positions] = &mut mesh.positions;
        let axes = [
            (row_positions, shift.0, (origin.0, region.rows), rows),
            (col_positions, shift.1, (origin.1, region.cols), cols),
        ];
        let mut inside = true;
        for (positions, shift, frame, cells) in axes {
            if shift != 0.0 {
                for x in positions.iter_mut() {
                    *x += shift;
                }
            }
            inside &= if rounds {
                cut::<f64, C, true>(positions, frame, cells)
            } else {
                cut::<f64, C, false>(positions, frame, cells)
            };
        }
        inside
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
        debug_assert!(self.abs() < -(i32::MIN as Self));
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
        debug_assert!(self.abs() < -(i32::MIN as Self));
        // SAFETY: promised by the caller.
        unsafe { self.to_int_unchecked() }
    }
}

/// Cuts the positions of one axis; returns whether all cells lie in the region.
#[inline(always)]
fn cut<P: Position, C: Real, const ROUNDS: bool>(
    positions: &[P; SPAN],
    frame: AxisFrame,
    cells: &mut Cells<C>,
) -> bool {
    if !P::IS_SINGLE {
        let (inside, doubtful) = cut_as::<P, C, ROUNDS, false>(positions, frame, cells);
        if !doubtful {
            return inside;
        }
    }
    cut_as::<P, C, ROUNDS, true>(positions, frame, cells).0
}

/// Cuts with the snap or, `SNAPS` being false, without it; then the second answer tells whether it was needed.
#[inline(always)]
fn cut_as<P: Position, C: Real, const ROUNDS: bool, const SNAPS: bool>(
    positions: &[P; SPAN],
    (origin, region): AxisFrame,
    cells: &mut Cells<C>,
) -> (bool, bool) {
    let (mut outside, mut doubtful) = (false, false);
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
        outside |= is_outside(cell, region);
        doubtful |= !SNAPS && P::is_doubtful::<ROUNDS>(frac);
    }
    (!outside, doubtful)
}

/// Whether a cell is none of those from the first to the last one.
#[inline(always)]
fn is_outside(cell: i32, (first, last): (i32, i32)) -> bool {
    // One comparison: below the first cell, the unsigned distance from it is large.
    cell.wrapping_sub(first).cast_unsigned() > last.wrapping_sub(first).cast_unsigned()
}

/// Finds the nearest pixels of one axis from a draft; returns whether all lie in the region, and
/// whether any is in doubt.
#[inline(always)]
fn round<C>(
    draft: Draft<'_>,
    axis: usize,
    (origin, region): AxisFrame,
    cells: &mut Cells<C>,
) -> (bool, bool) {
    let (mut outside, mut doubtful) = (false, false);
    for k in 0..SPAN {
        let (nearest, in_doubt) = draft.nearest(axis, k);
        let cell = nearest - origin;
        cells.index[k] = cell;
        outside |= is_outside(cell, region);
        doubtful |= in_doubt;
    }
    (!outside, doubtful)
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

    const FRAME: AxisFrame = (0, (0, 9));

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
            cut::<f64, f64, true>(&[x; SPAN], FRAME, &mut cells);
        } else {
            cut::<f64, f64, false>(&[x; SPAN], FRAME, &mut cells);
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
                cut::<f32, f32, false>(&narrow, FRAME, &mut cells[0]);
                cut::<f64, f32, false>(&wide, FRAME, &mut cells[1]);
                cut::<f32, f32, true>(&narrow, FRAME, &mut cells[2]);
                cut::<f64, f32, true>(&wide, FRAME, &mut cells[3]);
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
