//! Weighted sums of many taps for four pixels at a time, which share most of them.
//!
//! A pixel alone waits for the ports that load: most vectors of its taps straddle two lines of the cache. Here a
//! vector is loaded once for four pixels side by side, and meets a weight of each. Rows of taps that a pixel does
//! not have weigh 0, and columns that it does not have are left out of its value, so the other loops give the same
//! bytes: what is added is 0, and the sign of a sum that underflowed to 0 is kept by none of them.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::gather::{Base, positive_zero};
use super::home::Home;
use super::span::{SPREAD, Span, Weights};
use crate::SPAN;
use crate::arch::{Aligned, Job};
use crate::image::Array;
use crate::sample::{Real, Sample};

/// Whether it pays for kernels of `taps` taps along an axis.
pub(super) const fn pays(taps: usize) -> bool {
    taps > 8 && taps <= WIDE
}

/// Pixels that share their loads. Two vectors of sums for each keep both units for arithmetic busy.
const QUAD: usize = 4;

/// Columns of taps that are loaded for them.
const WIDE: usize = 16;

/// Pixels whose sums are held at once, lest weights and taps are driven from the cache.
const PART: usize = 32;

/// Gathers a span whose taps all lie in one block, of a kernel for which it pays. Returns false where neighbours are too
/// far apart or too near to an end of the block, and where a sum is not a number, since a tap of weight 0 may be one:
/// the values mean nothing then.
pub(super) struct Quads<'t, 'a, T, C, const N: usize> {
    pub(super) block: &'t Array<'a>,
    pub(super) plane: usize,
    pub(super) home: &'t Home,
    pub(super) span: &'t Span<C, N>,
    pub(super) values: &'t mut [C; SPAN],
    pub(super) sample: PhantomData<T>,
}

impl<T: Sample<C>, C: Real, const N: usize> Job for Quads<'_, '_, T, C, N> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { block, plane, home, span, values, .. } = self;
        if !pays(N) || block.layout.col_stride != 1 {
            return false;
        }
        let Some(places) = Places::of(home, span) else { return false };
        let base = Base::<T>::new(block, plane, home, span);
        if cfg!(debug_assertions) {
            for (down, across) in places.corner.0 {
                let row = |r: usize| home.corner.0 + i64::from(down) + r as i64;
                for r in 0..places.rows {
                    block.layout.offset(plane, (row(r), home.corner.1 + i64::from(across)), WIDE);
                }
            }
        }
        let mut sums = MaybeUninit::<Aligned<[[C; WIDE]; PART]>>::uninit();
        let columns = sums.as_mut_ptr().cast::<C>();
        // Not `values` themselves: that nothing else is there shows that they may be computed in vectors.
        let mut results = Aligned([C::ZERO; SPAN]);
        for part in (0..SPAN).step_by(PART) {
            for quad in (0..PART).step_by(QUAD) {
                let sums = places.sums(&base, span, part + quad);
                // SAFETY: four pixels of a part.
                unsafe { columns.add(quad * WIDE).cast::<[[C; WIDE]; QUAD]>().write(sums) };
            }
            for k in 0..PART {
                let at = part + k;
                let mut value = C::ZERO;
                for c in 0..N {
                    let column = places.column.0[at] as usize + c;
                    debug_assert!(k * WIDE <= column && column < (k + 1) * WIDE);
                    // SAFETY: `WIDE` columns were written for each pixel of the part; `Places::of` saw that those of its
                    // taps are among them.
                    let column = unsafe { *columns.add(column) };
                    value = span.weights.cols[c][at].mul_add(column, value);
                }
                results.0[at] = positive_zero::<C, N>(value);
            }
        }
        *values = results.0;
        !T::CAN_BE_NAN || !values.iter().fold(false, |nan, value| nan | value.is_nan())
    }
}

/// Where taps, weights and sums of the pixels of a span begin.
struct Places {
    /// Rows of taps that are summed for each four pixels.
    rows: usize,
    /// Row and column of the first tap of each four, counted from the first one of the home.
    corner: Aligned<[(i32, i32); SPAN / QUAD]>,
    /// Which weight each pixel gives to the first of these rows, among those of the span's rows.
    weight: Aligned<[i32; SPAN]>,
    /// Where the sum over each pixel's first column of taps stands among those of the part.
    column: Aligned<[i32; SPAN]>,
}

impl Places {
    /// The places in a span; `None` where its neighbours can't share their loads.
    #[inline(always)]
    fn of<C, const N: usize>(home: &Home, span: &Span<C, N>) -> Option<Self> {
        let (rows, cols) = (&span.rows.index, &span.cols.index);
        let first = (home.cells.rows.0, home.cells.cols.0);
        let mut places = Self {
            rows: N,
            corner: Aligned([(0, 0); SPAN / QUAD]),
            weight: Aligned([0; SPAN]),
            column: Aligned([0; SPAN]),
        };
        let (mut depth, mut width, mut bottom, mut right) = (0, 0, i32::MIN, i32::MIN);
        for quad in 0..SPAN / QUAD {
            let k = quad * QUAD;
            let least = |x: &[i32; SPAN]| x[k].min(x[k + 1]).min(x[k + 2].min(x[k + 3]));
            let most = |x: &[i32; SPAN]| x[k].max(x[k + 1]).max(x[k + 2].max(x[k + 3]));
            let (top, left) = (least(rows), least(cols));
            (bottom, right) = (bottom.max(top), right.max(left));
            depth = depth.max(most(rows) - top);
            width = width.max(most(cols) - left);
            places.corner.0[quad] = (top - first.0, left - first.1);
            for k in k..k + QUAD {
                // A pixel whose taps begin lower has rows of weight 0 before them.
                let above = SPREAD as i32 - (rows[k] - top);
                places.weight.0[k] = above.wrapping_mul(SPAN as i32).wrapping_add(k as i32);
                places.column.0[k] = (k % PART * WIDE) as i32 + cols[k] - left;
            }
        }
        let spare = (WIDE - N) as i32;
        let last = (home.cells.rows.1, home.cells.cols.1);
        let near = depth <= SPREAD as i32 && width <= spare;
        let inside = bottom + depth <= last.0 && right + spare <= last.1;
        places.rows += depth as usize;
        (near && inside).then_some(places)
    }

    /// The sums of four pixels from `k` on over all rows of their taps, column by column from the first one of all.
    #[inline(always)]
    fn sums<T: Sample<C>, C: Real, const N: usize>(
        &self,
        base: &Base<T>,
        span: &Span<C, N>,
        k: usize,
    ) -> [[C; WIDE]; QUAD] {
        let (down, across) = self.corner.0[k / QUAD];
        let offset = down as isize * base.row_stride + across as isize;
        // SAFETY: `Places::of` saw that `self.rows` rows of `WIDE` taps from here on are in the block.
        let corner = unsafe { base.start.offset(offset) };
        let weights: [*const C; QUAD] = std::array::from_fn(|g| {
            let (first, weight) =
                ((&raw const span.weights).cast::<C>(), self.weight.0[k + g] as usize);
            debug_assert!(weight + (self.rows - 1) * SPAN < Weights::<C, N>::ROWS * SPAN);
            // SAFETY: the rows of weights stand side by side, and `Places::of` saw that those of four pixels begin no
            // more than `SPREAD` rows apart: as many rows of 0 stand on both sides.
            unsafe { first.add(weight) }
        });
        let mut sums = [[C::ZERO; WIDE]; QUAD];
        for r in 0..self.rows {
            // SAFETY: as for `corner`.
            let taps = unsafe { corner.offset(r as isize * base.row_stride) };
            for g in 0..QUAD {
                // SAFETY: as for `weights`.
                let weight = unsafe { *weights[g].add(r * SPAN) };
                for c in 0..WIDE {
                    // SAFETY: as for `corner`.
                    let tap = unsafe { *taps.add(c) }.widen();
                    sums[g][c] = weight.mul_add(tap, sums[g][c]);
                }
            }
        }
        sums
    }
}
