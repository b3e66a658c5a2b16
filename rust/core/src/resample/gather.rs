//! Weighted sums of taps: a fast loop without per-pixel tests, a careful one for edges and seams.
//!
//! Both do the same operations in the same order: tap rows are accumulated column by column from
//! +0.0, then the columns are summed in order, every step fused. The careful loop takes 0.0 for a tap
//! that must not be read; so does, in effect, the fast one, whose weight there is 0. Wide kernels have a faster
//! loop still, in `quads`.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::home::Home;
use super::quads;
use super::span::{Span, Usable, Weights};
use crate::SPAN;
use crate::arch::{Aligned, Job};
use crate::boundary::Boundary;
use crate::error::{Error, Result};
use crate::image::{Array, Lattice};
use crate::sample::{Real, Sample};
use crate::window::Window;

/// Blocks of an image, and how it continues past its edge: a rule and the image's shape.
///
/// Without a rule, the blocks themselves hold all that stands past the edge.
#[derive(Clone, Copy)]
pub(super) struct Image<'l, 'a> {
    pub(super) lattice: &'l Lattice<'a>,
    pub(super) edge: Option<(Boundary, (i64, i64))>,
}

/// Where the taps of a home lie in one plane of its block.
pub(super) struct Base<T> {
    /// The first tap of the first cell.
    pub(super) start: *const T,
    first: (i32, i32),
    pub(super) row_stride: isize,
    col_stride: isize,
}

impl<T> Base<T> {
    #[inline(always)]
    pub(super) fn new<C, const N: usize>(
        block: &Array<'_>,
        plane: usize,
        home: &Home,
        span: &Span<C, N>,
    ) -> Self {
        let (layout, first) = (&block.layout, (home.cells.rows.0, home.cells.cols.0));
        if cfg!(debug_assertions) {
            for (&row, &col) in span.rows.index.iter().zip(&span.cols.index) {
                debug_assert!(home.cells.contains(row, col));
                let (down, across) = (i64::from(row - first.0), i64::from(col - first.1));
                for tap in 0..N as i64 {
                    layout.offset(plane, (home.corner.0 + down + tap, home.corner.1 + across), N);
                }
            }
        }
        let offset = layout.offset(plane, home.corner, N);
        // SAFETY: `Home` knows that every tap of its cells, this one included, is in the block.
        let start = unsafe { block.start.cast::<T>().offset(offset) };
        Self { start, first, row_stride: layout.row_stride, col_stride: layout.col_stride }
    }

    /// Distance of each cell's first tap from the start, in elements: `Home` knows that it fits.
    #[inline(always)]
    fn offsets<C, const N: usize, const UNIT: bool>(
        &self,
        span: &Span<C, N>,
    ) -> Aligned<[i32; SPAN]> {
        let (down, across) = (self.row_stride as i32, self.col_stride as i32);
        let mut offsets = Aligned([0; SPAN]);
        for k in 0..SPAN {
            let row = span.rows.index[k].wrapping_sub(self.first.0).wrapping_mul(down);
            let col = span.cols.index[k].wrapping_sub(self.first.1);
            offsets.0[k] = row.wrapping_add(if UNIT { col } else { col.wrapping_mul(across) });
        }
        offsets
    }
}

/// The value of a pixel, 0.0 where it is -0.0 in a wide kernel: that sign comes from underflow only, and goes where rows
/// of weight 0 are added.
#[inline(always)]
pub(super) fn positive_zero<C: Real, const N: usize>(value: C) -> C {
    if quads::pays(N) { value + C::ZERO } else { value }
}

/// Gathers a span whose taps all lie in one block. Returns false when a sum is not a number: only the
/// careful loop knows whether the culprit was a tap of weight 0.
pub(super) struct Fast<'t, 'a, T, C, const N: usize> {
    pub(super) block: &'t Array<'a>,
    pub(super) plane: usize,
    pub(super) home: &'t Home,
    pub(super) span: &'t Span<C, N>,
    pub(super) usable: &'t Usable<'t>,
    pub(super) values: &'t mut [C; SPAN],
    pub(super) sample: PhantomData<T>,
}

impl<T: Sample<C>, C: Real, const N: usize> Job for Fast<'_, '_, T, C, N> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        if self.block.layout.col_stride == 1 {
            self.gather::<true>()
        } else {
            self.gather::<false>()
        }
    }
}

impl<T: Sample<C>, C: Real, const N: usize> Fast<'_, '_, T, C, N> {
    #[inline(always)]
    fn gather<const UNIT: bool>(self) -> bool {
        let Self { block, plane, home, span, usable, values, .. } = self;
        let base = Base::<T>::new(block, plane, home, span);
        let offsets = base.offsets::<C, N, UNIT>(span);
        let col_stride = if UNIT { 1 } else { base.col_stride };
        let Weights { rows, cols, .. } = &span.weights;
        let first_tap = |k: usize| {
            // Volatile, so that the pixels are taken one by one, each with vectors of taps: the compiler would
            // rather take vectors of pixels, by gather instructions, which are slower than the loads.
            // SAFETY: an element of a local array; `Home` knows that the taps lie in the block.
            unsafe { base.start.offset((&raw const offsets.0[k]).read_volatile() as isize) }
        };
        let tap = |first: *const T, r: usize, c: usize| {
            // SAFETY: `Home` knows that the N x N taps of every cell lie in the block.
            unsafe { *first.offset(r as isize * base.row_stride + c as isize * col_stride) }
        };
        if N == 1 {
            for k in 0..SPAN {
                values[k] = tap(first_tap(k), 0, 0).widen();
            }
        } else if N == 2 {
            // Loads first, as pairs; widening and arithmetic then run over whole vectors.
            let mut taps = MaybeUninit::<Aligned<[[[T; 2]; SPAN]; 2]>>::uninit();
            for k in 0..SPAN {
                let first = first_tap(k);
                for r in 0..2 {
                    let pair = [tap(first, r, 0), tap(first, r, 1)];
                    // SAFETY: an element of the array.
                    unsafe { (&raw mut (*taps.as_mut_ptr()).0[r][k]).write(pair) };
                }
            }
            // SAFETY: every element has been written.
            let taps = unsafe { &taps.assume_init_ref().0 };
            for k in 0..SPAN {
                let mut value = C::ZERO;
                for c in 0..2 {
                    let mut column = C::ZERO;
                    for r in 0..2 {
                        column = rows[r][k].mul_add(taps[r][k][c].widen(), column);
                    }
                    value = cols[c][k].mul_add(column, value);
                }
                values[k] = value;
            }
        } else {
            let mut columns = MaybeUninit::<Aligned<[[C; N]; SPAN]>>::uninit();
            for k in 0..SPAN {
                let mut sums = [C::ZERO; N];
                let first = first_tap(k);
                for r in 0..N {
                    for c in 0..N {
                        sums[c] = rows[r][k].mul_add(tap(first, r, c).widen(), sums[c]);
                    }
                }
                // SAFETY: an element of the array.
                unsafe { (&raw mut (*columns.as_mut_ptr()).0[k]).write(sums) };
            }
            // SAFETY: every element has been written.
            let columns = unsafe { &columns.assume_init_ref().0 };
            for k in 0..SPAN {
                let mut value = C::ZERO;
                for c in 0..N {
                    value = cols[c][k].mul_add(columns[k][c], value);
                }
                values[k] = positive_zero::<C, N>(value);
            }
        }
        if !T::CAN_BE_NAN || !values.iter().fold(false, |nan, value| nan | value.is_nan()) {
            return true;
        }
        !values.iter().zip(usable.marks()).any(|(value, &ok)| value.is_nan() && ok != 0)
    }
}

/// Gathers the valid pixels of a span one by one, across blocks and past the edge of the source.
pub(super) struct Careful<'t, 'a, T, C, const N: usize> {
    source: Image<'t, 'a>,
    plane: usize,
    span: &'t Span<C, N>,
    ok: &'t [u8; SPAN],
    values: &'t mut [C; SPAN],
    sample: PhantomData<T>,
}

impl<'t, 'a, T, C, const N: usize> Careful<'t, 'a, T, C, N> {
    #[inline(always)]
    pub(super) fn new(
        source: Image<'t, 'a>,
        plane: usize,
        span: &'t Span<C, N>,
        (ok, values): (&'t [u8; SPAN], &'t mut [C; SPAN]),
    ) -> Self {
        Self { source, plane, span, ok, values, sample: PhantomData }
    }
}

impl<T: Sample<C>, C: Real, const N: usize> Job for Careful<'_, '_, T, C, N> {
    type Output = Result<()>;

    #[inline(always)]
    fn run(self) -> Result<()> {
        let Self { source, plane, span, ok, values, .. } = self;
        let Weights { rows, cols, .. } = &span.weights;
        for k in 0..span.len {
            if ok[k] == 0 {
                continue;
            }
            let patch = patch::<T, C, N>(source, plane, span, k)?;
            if N == 1 {
                values[k] = patch[0][0];
                continue;
            }
            let mut sums = [C::ZERO; N];
            for r in 0..N {
                for c in 0..N {
                    sums[c] = rows[r][k].mul_add(patch[r][c], sums[c]);
                }
            }
            let mut value = C::ZERO;
            for c in 0..N {
                value = cols[c][k].mul_add(sums[c], value);
            }
            values[k] = positive_zero::<C, N>(value);
        }
        Ok(())
    }
}

/// The taps of pixel `k`, those that it does not need as 0.0.
#[inline(always)]
fn patch<T: Sample<C>, C: Real, const N: usize>(
    source: Image<'_, '_>,
    plane: usize,
    span: &Span<C, N>,
    k: usize,
) -> Result<[[C; N]; N]> {
    let mut patch = [[C::ZERO; N]; N];
    let needed = |frac: C| if frac == C::ZERO { span.exact } else { (0, N) };
    let (rows, cols) = (needed(span.rows.frac[k]), needed(span.cols.frac[k]));
    let row = i64::from(span.rows.index[k] + span.first);
    let col = i64::from(span.cols.index[k] + span.first);
    let (row_range, col_range) = (
        (row + rows.0 as i64, row + rows.1 as i64 - 1),
        (col + cols.0 as i64, col + cols.1 as i64 - 1),
    );
    if let Some((block, at)) = source.lattice.block_around(row_range, col_range) {
        for r in rows.0..rows.1 {
            for c in cols.0..cols.1 {
                let tap = (row + r as i64 - at.0, col + c as i64 - at.1);
                // SAFETY: `block_around` found the block that holds this tap.
                patch[r][c] = unsafe { read::<T>(block, plane, tap) }.widen();
            }
        }
    } else {
        for r in rows.0..rows.1 {
            for c in cols.0..cols.1 {
                if let Some(sample) = sample::<T>(source, plane, (row + r as i64, col + c as i64))?
                {
                    patch[r][c] = sample.widen();
                }
            }
        }
    }
    Ok(patch)
}

/// The sample at (row, col) of the source, whichever block holds it; `None` stands for 0.
fn sample<T: Copy>(
    source: Image<'_, '_>,
    plane: usize,
    (row, col): (i64, i64),
) -> Result<Option<T>> {
    let (row, col) = if let Some((rule, shape)) = source.edge {
        let indices = (rule.source_index(row, shape.0), rule.source_index(col, shape.1));
        let (Some(row), Some(col)) = indices else { return Ok(None) };
        (row, col)
    } else {
        (row, col)
    };
    let (block, at) =
        source.lattice.block_around((row, row), (col, col)).ok_or(Error::Uncovered { row, col })?;
    // SAFETY: `block_around` found the block that holds this sample.
    Ok(Some(unsafe { read(block, plane, (row - at.0, col - at.1)) }))
}

/// The sample at (row, col) of one plane of a block.
///
/// # Safety
/// The sample must lie in the block, and `T` must be its type.
#[inline(always)]
unsafe fn read<T: Copy>(block: &Array<'_>, plane: usize, (row, col): (i64, i64)) -> T {
    let offset = block.layout.offset(plane, (row, col), 1);
    // SAFETY: promised by the caller.
    unsafe { *block.start.cast::<T>().offset(offset) }
}

/// Copies the nearest samples of a span that lies in one block.
pub(super) struct Pick<'t, 'a, T> {
    pub(super) block: &'t Array<'a>,
    pub(super) plane: usize,
    pub(super) home: &'t Home,
    pub(super) span: &'t Span<f32, 1>,
    pub(super) values: &'t mut [T; SPAN],
}

impl<T: Copy> Job for Pick<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if self.block.layout.col_stride == 1 { self.pick::<true>() } else { self.pick::<false>() }
    }
}

impl<T: Copy> Pick<'_, '_, T> {
    #[inline(always)]
    fn pick<const UNIT: bool>(self) {
        let base = Base::<T>::new(self.block, self.plane, self.home, self.span);
        let offsets = base.offsets::<f32, 1, UNIT>(self.span);
        for k in 0..SPAN {
            // SAFETY: `Home` knows that every cell of the span lies in the block.
            self.values[k] = unsafe { *base.start.offset(offsets.0[k] as isize) };
        }
    }
}

/// Copies the nearest samples of the valid pixels of a span one by one; others are left alone.
pub(super) fn pick_careful<T: Copy + Default>(
    source: Image<'_, '_>,
    plane: usize,
    span: &Span<f32, 1>,
    ok: &[u8; SPAN],
    values: &mut [T; SPAN],
) -> Result<()> {
    // At a seam, most pixels lie in the same block as the one before.
    let mut last = None;
    for k in 0..span.len {
        if ok[k] != 0 {
            let (row, col) = (i64::from(span.rows.index[k]), i64::from(span.cols.index[k]));
            let held = last.filter(|(_, held): &(_, Window)| held.holds(row, col));
            last = held.or_else(|| source.lattice.index_around((row, row), (col, col)));
            values[k] = if let Some((block, held)) = last {
                let at = (row - held.row0, col - held.col0);
                // SAFETY: the block holds this sample, by `index_around`.
                unsafe { read(source.lattice.block(block), plane, at) }
            } else {
                sample(source, plane, (row, col))?.unwrap_or_default()
            };
        }
    }
    Ok(())
}
