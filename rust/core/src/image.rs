//! Images as strided blocks in a lattice, read where they lie.
//!
//! A source may be delivered in pieces, as a dask task gets it: the pieces stand on a lattice of row
//! spans and column spans, and no concatenated copy is made. A whole array is a lattice of one block.

use std::marker::PhantomData;

use crate::arch::prefetch;
use crate::error::{Error, Result};
use crate::sample::DType;
use crate::window::Window;

/// Most planes that one array may have.
const MAX_PLANES: usize = 1 << 24;

/// Where the samples of a (planes, rows, cols) array lie, in elements from its first sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Offset of the first sample of each plane.
    pub planes: Vec<isize>,
    /// Rows and columns of a plane.
    pub shape: (usize, usize),
    /// Step from a sample to the one below.
    pub row_stride: isize,
    /// Step from a sample to the one to the right.
    pub col_stride: isize,
}

impl Layout {
    /// The layout of an array with any number of leading axes before (row, col).
    ///
    /// # Errors
    /// [`Error::Shape`] when there are fewer than two axes.
    pub fn new(what: &'static str, shape: &[usize], strides: &[isize]) -> Result<Self> {
        let axes = shape.len();
        if axes < 2 || strides.len() != axes {
            return Err(Error::Shape {
                what,
                expected: "at least the axes (row, col)".to_owned(),
                found: format!("{shape:?}"),
            });
        }
        // The offsets of all planes are listed: a broadcast array may claim more than memory holds.
        let count = shape[..axes - 2].iter().try_fold(1_usize, |count, &n| count.checked_mul(n));
        if count.is_none_or(|count| count > MAX_PLANES) {
            return Err(Error::Shape {
                what,
                expected: format!("at most {MAX_PLANES} planes"),
                found: format!("{shape:?}"),
            });
        }
        let mut planes = vec![0];
        for (&n, &stride) in shape.iter().zip(strides).take(axes - 2) {
            planes = planes
                .iter()
                .flat_map(|&offset| (0..n).map(move |i| offset + i.cast_signed() * stride))
                .collect();
        }
        Ok(Self {
            planes,
            shape: (shape[axes - 2], shape[axes - 1]),
            row_stride: strides[axes - 2],
            col_stride: strides[axes - 1],
        })
    }

    /// Offset of the first of `count` samples side by side, (row, col) of a plane.
    ///
    /// Every unchecked access goes through here: a checked build asserts that the plane has the samples.
    #[inline(always)]
    pub(crate) fn offset(&self, plane: usize, (row, col): (i64, i64), count: usize) -> isize {
        debug_assert!(
            0 <= row
                && row < self.shape.0 as i64
                && 0 <= col
                && col + count as i64 <= self.shape.1 as i64,
            "{count} samples at ({row}, {col}) of a plane of {:?}",
            self.shape
        );
        self.planes[plane] + row as isize * self.row_stride + col as isize * self.col_stride
    }

    /// Asks the cache for `count` samples of each plane of an array of `dtype`, from (row, col) on along its row, where
    /// they stand side by side. They need not be there.
    pub(crate) fn prefetch(
        &self,
        (start, dtype): (*const u8, DType),
        (row, col): (i64, i64),
        count: usize,
    ) {
        if self.col_stride != 1 {
            return;
        }
        let size = dtype.size().cast_signed();
        for plane in &self.planes {
            // Wrapping, since a stride along an axis of one sample may be anything.
            let down = (row as isize).wrapping_mul(self.row_stride);
            let offset = plane.wrapping_add(down).wrapping_add(col as isize).wrapping_mul(size);
            prefetch(start.wrapping_offset(offset), count * dtype.size());
        }
    }
}

/// A borrowed array of some [`DType`], to be read.
#[derive(Debug, Clone)]
pub struct Array<'a> {
    pub(crate) start: *const u8,
    pub(crate) dtype: DType,
    pub(crate) layout: Layout,
    borrow: PhantomData<&'a [u8]>,
}

// SAFETY: the array is only read, and its owner outlives `'a`.
unsafe impl Send for Array<'_> {}
// SAFETY: as above.
unsafe impl Sync for Array<'_> {}

impl Array<'_> {
    /// Describes the array whose first sample is at `start`.
    ///
    /// # Safety
    /// Every sample that `layout` reaches from `start` must be readable, aligned for `dtype` and not
    /// written during the lifetime of the value.
    #[must_use]
    pub unsafe fn from_raw(start: *const u8, dtype: DType, layout: Layout) -> Self {
        Self { start, dtype, layout, borrow: PhantomData }
    }
}

/// A borrowed array of some [`DType`], to be written.
#[derive(Debug)]
pub struct ArrayMut<'a> {
    pub(crate) start: *mut u8,
    pub(crate) dtype: DType,
    pub(crate) layout: Layout,
    borrow: PhantomData<&'a mut [u8]>,
}

// SAFETY: the engine's threads write disjoint tiles; nobody else may touch the array during `'a`.
unsafe impl Send for ArrayMut<'_> {}
// SAFETY: as above.
unsafe impl Sync for ArrayMut<'_> {}

impl ArrayMut<'_> {
    /// Describes the array whose first sample is at `start`.
    ///
    /// # Safety
    /// Every sample that `layout` reaches from `start` must be writable, aligned for `dtype`, distinct
    /// from every other one and not accessed by others during the lifetime of the value.
    #[must_use]
    pub unsafe fn from_raw(start: *mut u8, dtype: DType, layout: Layout) -> Self {
        Self { start, dtype, layout, borrow: PhantomData }
    }
}

/// The blocks of an image on a lattice of row spans and column spans, in image coordinates.
#[derive(Debug)]
pub struct Lattice<'a> {
    rows: Vec<(i64, i64)>,
    cols: Vec<(i64, i64)>,
    blocks: Vec<Array<'a>>,
}

impl<'a> Lattice<'a> {
    /// Puts `blocks`, row by row, on the lattice of the half-open spans `rows` x `cols`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the spans are not ascending, or blocks and spans do not fit together.
    pub fn new(
        rows: Vec<(i64, i64)>,
        cols: Vec<(i64, i64)>,
        blocks: Vec<Array<'a>>,
    ) -> Result<Self> {
        for spans in [&rows, &cols] {
            let ascending = spans.iter().all(|s| s.0 <= s.1)
                && spans.windows(2).all(|pair| pair[0].1 <= pair[1].0);
            if !ascending {
                return Err(Error::Shape {
                    what: "source spans",
                    expected: "ascending and disjoint".to_owned(),
                    found: format!("{spans:?}"),
                });
            }
        }
        if blocks.len() != rows.len() * cols.len() {
            return Err(Error::Shape {
                what: "source blocks",
                expected: format!("{} x {} blocks", rows.len(), cols.len()),
                found: format!("{} blocks", blocks.len()),
            });
        }
        for (i, block) in blocks.iter().enumerate() {
            let (r, c) = (rows[i / cols.len()], cols[i % cols.len()]);
            let window = Window { row0: r.0, row1: r.1, col0: c.0, col1: c.1 };
            let first = &blocks[0];
            if block.layout.shape != (window.rows(), window.cols())
                || block.layout.planes.len() != first.layout.planes.len()
                || block.dtype != first.dtype
            {
                return Err(Error::Shape {
                    what: "source block",
                    expected: format!(
                        "{} planes of {window}, {:?}",
                        first.layout.planes.len(),
                        first.dtype
                    ),
                    found: format!(
                        "{} planes of {:?}, {:?}",
                        block.layout.planes.len(),
                        block.layout.shape,
                        block.dtype
                    ),
                });
            }
        }
        Ok(Self { rows, cols, blocks })
    }

    /// Type of the samples; `None` without blocks.
    #[must_use]
    pub fn dtype(&self) -> Option<DType> {
        self.blocks.first().map(|block| block.dtype)
    }

    /// Number of planes of every block; 0 without blocks.
    #[must_use]
    pub fn planes(&self) -> usize {
        self.blocks.first().map_or(0, |block| block.layout.planes.len())
    }

    /// Whether every block lies inside of an image of `shape`.
    #[must_use]
    pub fn is_inside(&self, shape: (i64, i64)) -> bool {
        let inside = |spans: &[(i64, i64)], size: i64| {
            spans.first().is_none_or(|s| 0 <= s.0) && spans.last().is_none_or(|s| s.1 <= size)
        };
        inside(&self.rows, shape.0) && inside(&self.cols, shape.1)
    }

    /// Reads the samples of one row from `col` on, across blocks.
    pub(crate) fn read_row<T: Copy, U>(
        &self,
        plane: usize,
        (row, col): (i64, i64),
        out: &mut [U],
        convert: impl Fn(T) -> U,
    ) -> Result<()> {
        let (mut rest, mut col) = (out, col);
        while !rest.is_empty() {
            let (block, at) =
                self.block_around((row, row), (col, col)).ok_or(Error::Uncovered { row, col })?;
            let layout = &block.layout;
            let count = rest.len().min((at.1 + layout.shape.1 as i64 - col) as usize);
            let (part, tail) = rest.split_at_mut(count);
            let offset = layout.offset(plane, (row - at.0, col - at.1), count);
            // SAFETY: `block_around` found the block that holds (row, col), and `count` samples to the
            // right of it; `T` is the type of the lattice, by `dispatch`.
            let start = unsafe { block.start.cast::<T>().offset(offset) };
            if layout.col_stride == 1 {
                // SAFETY: as above; the samples stand side by side.
                let samples = unsafe { std::slice::from_raw_parts(start, count) };
                for (value, &sample) in part.iter_mut().zip(samples) {
                    *value = convert(sample);
                }
            } else {
                for (k, value) in part.iter_mut().enumerate() {
                    // SAFETY: as above.
                    *value = convert(unsafe { *start.offset(k as isize * layout.col_stride) });
                }
            }
            (rest, col) = (tail, col + count as i64);
        }
        Ok(())
    }

    /// The block that holds the whole of rows `[r0, r1]` x cols `[c0, c1]`, and its first pixel.
    pub(crate) fn block_around(
        &self,
        rows: (i64, i64),
        cols: (i64, i64),
    ) -> Option<(&Array<'a>, (i64, i64))> {
        let (index, window) = self.index_around(rows, cols)?;
        Some((&self.blocks[index], (window.row0, window.col0)))
    }

    /// The number of that block, and the pixels that it holds.
    pub(crate) fn index_around(
        &self,
        (r0, r1): (i64, i64),
        (c0, c1): (i64, i64),
    ) -> Option<(usize, Window)> {
        let i = span_around(&self.rows, r0, r1)?;
        let j = span_around(&self.cols, c0, c1)?;
        let (rows, cols) = (self.rows[i], self.cols[j]);
        let window = Window { row0: rows.0, row1: rows.1, col0: cols.0, col1: cols.1 };
        Some((i * self.cols.len() + j, window))
    }

    /// The block of a number.
    pub(crate) fn block(&self, index: usize) -> &Array<'a> {
        &self.blocks[index]
    }
}

/// Index of the span that holds `first` and `last`, both inclusive.
#[inline]
fn span_around(spans: &[(i64, i64)], first: i64, last: i64) -> Option<usize> {
    let i = spans.partition_point(|span| span.1 <= first);
    spans.get(i).filter(|span| span.0 <= first && last < span.1).map(|_| i)
}
