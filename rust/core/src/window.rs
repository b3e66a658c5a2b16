//! Half-open rectangles of pixels.

use std::fmt;

/// The rectangle of rows `[row0, row1)` and columns `[col0, col1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First row.
    pub row0: i64,
    /// One past the last row.
    pub row1: i64,
    /// First column.
    pub col0: i64,
    /// One past the last column.
    pub col1: i64,
}

impl Window {
    /// Number of rows, 0 when the window is empty.
    #[must_use]
    pub fn rows(&self) -> usize {
        usize::try_from(self.row1.saturating_sub(self.row0)).unwrap_or(0)
    }

    /// Number of columns, 0 when the window is empty.
    #[must_use]
    pub fn cols(&self) -> usize {
        usize::try_from(self.col1.saturating_sub(self.col0)).unwrap_or(0)
    }

    /// Whether every pixel of `other` lies in this window.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.row0 <= other.row0
            && other.row1 <= self.row1
            && self.col0 <= other.col0
            && other.col1 <= self.col1
    }

    /// Whether a pixel lies in this window.
    #[inline(always)]
    pub(crate) fn holds(&self, row: i64, col: i64) -> bool {
        self.row0 <= row && row < self.row1 && self.col0 <= col && col < self.col1
    }
}

/// Indices from the first to the last row and column, both inclusive; empty when a last one is before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) rows: (i32, i32),
    pub(crate) cols: (i32, i32),
}

impl Rect {
    /// Far from the indices of any image.
    pub(crate) const NOWHERE: Self =
        Self { rows: (i32::MAX, i32::MAX), cols: (i32::MAX, i32::MAX) };

    /// The indices of an image, grown by `by` on all sides.
    pub(crate) fn around((height, width): (i64, i64), by: i64) -> Self {
        // An image without pixels does not continue past its edge.
        let span =
            |size: i64| if size == 0 { (0, -1) } else { (-by as i32, (size - 1 + by) as i32) };
        Self { rows: span(height), cols: span(width) }
    }

    /// The indices that both have; `NOWHERE` if there are none.
    #[inline(always)]
    pub(crate) fn and(&self, other: &Self) -> Self {
        let axis = |a: (i32, i32), b: (i32, i32)| (a.0.max(b.0), a.1.min(b.1));
        let (rows, cols) = (axis(self.rows, other.rows), axis(self.cols, other.cols));
        if rows.0 <= rows.1 && cols.0 <= cols.1 { Self { rows, cols } } else { Self::NOWHERE }
    }

    /// Whether all indices of `other`, which is not empty, are among these.
    #[inline(always)]
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.contains(other.rows.0, other.cols.0) && self.contains(other.rows.1, other.cols.1)
    }

    #[inline(always)]
    pub(crate) fn contains(&self, row: i32, col: i32) -> bool {
        self.rows.0 <= row && row <= self.rows.1 && self.cols.0 <= col && col <= self.cols.1
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows [{}, {}) x cols [{}, {})", self.row0, self.row1, self.col0, self.col1)
    }
}
