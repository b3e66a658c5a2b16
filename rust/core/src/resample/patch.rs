//! A copy of the samples around a span that lies in several blocks.

use std::mem::MaybeUninit;

use crate::SPAN;
use crate::image::{Array, Lattice, Layout};
use crate::sample::DType;
use crate::window::Rect;

/// Most samples of a patch: a span that needs more of them is wide, or goes along columns.
const MOST: usize = 64 * SPAN;

/// Samples side by side, row by row.
pub(super) struct Patch<T> {
    samples: Vec<MaybeUninit<T>>,
    dtype: DType,
    shape: (usize, usize),
}

impl<T: Copy> Patch<T> {
    /// Copies the taps of cells, `count` from the `first` one of each cell on along both axes; `None` where there are
    /// too many, or one lies in no block.
    pub(super) fn copied(
        lattice: &Lattice<'_>,
        plane: usize,
        cells: &Rect,
        (first, count): (i32, usize),
    ) -> Option<Self> {
        let length = |cells: (i32, i32)| usize::try_from(cells.1 - cells.0).ok().map(|n| n + count);
        let (height, width) = (length(cells.rows)?, length(cells.cols)?);
        if height.checked_mul(width)? > MOST {
            return None;
        }
        let (top, left) = (i64::from(cells.rows.0 + first), i64::from(cells.cols.0 + first));
        let mut samples = vec![MaybeUninit::uninit(); height * width];
        for (row, out) in (top..).zip(samples.chunks_exact_mut(width)) {
            lattice.read_row(plane, (row, left), out, MaybeUninit::new).ok()?;
        }
        Some(Self { samples, dtype: lattice.dtype()?, shape: (height, width) })
    }

    /// The patch as a block of one plane.
    pub(super) fn view(&self) -> Array<'_> {
        let layout = Layout {
            planes: vec![0],
            shape: self.shape,
            row_stride: self.shape.1.cast_signed(),
            col_stride: 1,
        };
        // SAFETY: the layout reaches the samples, all of them written, which the view borrows; they have the type of
        // the lattice.
        unsafe { Array::from_raw(self.samples.as_ptr().cast(), self.dtype, layout) }
    }
}
