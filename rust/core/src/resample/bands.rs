//! What happens to every band of a span once its geometry is known.

use std::marker::PhantomData;

use super::gather::{Careful, Fast, Pick, pick_careful};
use super::store::{Output, Results, Store};
use super::sweep::{Class, Span};
use crate::SPAN;
use crate::arch::Isa;
use crate::error::Result;
use crate::grid::Cells;
use crate::image::{Array, Lattice};
use crate::sample::{Real, Sample};

/// Resamples all bands of one span. The types of the samples are hidden behind this trait.
pub(super) trait Bands<C, const N: usize>: Sync {
    /// Writes samples and validity of the span.
    fn resample(&self, span: &Span<C, N>) -> Result<()>;
}

/// A block that holds every tap of a span, and the block's first pixel.
type Home<'l, 'a> = Option<(&'l Array<'a>, (i32, i32))>;

/// The block that a whole span can be gathered from without a test per pixel.
fn home_of<'l, 'a, C, const N: usize>(source: &'l Lattice<'a>, span: &Span<C, N>) -> Home<'l, 'a> {
    if span.class != Class::Inside {
        return None;
    }
    let last = span.first + N as i32 - 1;
    let reach = |cells: &Cells| (i64::from(cells.min + span.first), i64::from(cells.max + last));
    let (rows, cols) = (reach(&span.rows), reach(&span.cols));
    let (block, at) = source.block_around(rows, cols)?;
    // The fast loop computes offsets from the first tap of the span in 32 bits.
    let layout = &block.layout;
    let extent = i128::from(rows.1 - rows.0) * layout.row_stride.unsigned_abs() as i128
        + i128::from(cols.1 - cols.0) * layout.col_stride.unsigned_abs() as i128;
    (extent < 1 << 31).then_some((block, (at.0 as i32, at.1 as i32)))
}

/// Bands that are computed: samples of type `T`, arithmetic in `C`, any output type.
pub(super) struct Interpolated<'t, 'a, T, C> {
    pub(super) source: &'t Lattice<'a>,
    pub(super) output: &'t dyn Store<C>,
    pub(super) isa: Isa,
    pub(super) sample: PhantomData<fn() -> T>,
}

impl<T: Sample<C>, C: Real, const N: usize> Bands<C, N> for Interpolated<'_, '_, T, C> {
    fn resample(&self, span: &Span<C, N>) -> Result<()> {
        if span.class == Class::Outside {
            self.output.fill(span.at, span.len);
            return Ok(());
        }
        let home = home_of(self.source, span);
        for plane in 0..self.output.planes() {
            let mut values = [C::ZERO; SPAN];
            let done = home.is_some_and(|(block, at)| {
                if block.layout.col_stride == 1 {
                    self.isa.run(Fast::<T, C, N, true>::new(block, plane, at, span, &mut values))
                } else {
                    self.isa.run(Fast::<T, C, N, false>::new(block, plane, at, span, &mut values))
                }
            });
            if !done {
                self.isa.run(Careful::<T, C, N>::new(self.source, plane, span, &mut values))?;
            }
            let results = Results { values: &values, ok: &span.ok, nan: T::CAN_BE_NAN && !done };
            self.output.store(plane, span.at, span.len, results)?;
        }
        Ok(())
    }
}

/// Bands whose nearest samples are copied bit by bit; `T` only says how wide they are.
pub(super) struct Copied<'t, 'a, T> {
    pub(super) source: &'t Lattice<'a>,
    pub(super) output: Output<'t, T>,
    pub(super) isa: Isa,
}

impl<T: Copy + Send + Sync + 'static> Bands<f32, 1> for Copied<'_, '_, T> {
    fn resample(&self, span: &Span<f32, 1>) -> Result<()> {
        if span.class == Class::Outside {
            self.output.fill(span.at, span.len);
            return Ok(());
        }
        let home = home_of(self.source, span);
        for plane in 0..self.output.planes() {
            self.output.write_with(plane, span.at, span.len, |samples| {
                if let Some((block, at)) = home {
                    self.isa.run(Pick::new(block, plane, at, span, samples));
                    return Ok(());
                }
                samples.fill(self.output.fill_value(plane));
                pick_careful(self.source, plane, span, samples)
            })?;
            self.output.write_valid(plane, span.at, &span.ok[..span.len]);
        }
        Ok(())
    }
}
