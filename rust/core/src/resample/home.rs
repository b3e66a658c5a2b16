//! Where spans are gathered without a test for each pixel: a region of one block.

use crate::image::Lattice;
use crate::window::Rect;

/// Cells all of whose taps are valid and lie in one block, near enough to each other for offsets in 32 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    /// The number of the block in its lattice.
    pub(super) block: usize,
    /// The cells. Offsets are counted from the first tap of the first one.
    pub(super) cells: Rect,
    /// Row and column of that tap in the block.
    pub(super) corner: (i64, i64),
}

impl Home {
    /// The home of no span.
    pub(super) const NOWHERE: Self = Self { block: 0, cells: Rect::NOWHERE, corner: (0, 0) };

    /// The home of the cells in `span`, whose taps go from `taps.0` to `taps.1` and lie in `domain`.
    pub(super) fn new(
        lattice: &Lattice<'_>,
        domain: &Rect,
        span: &Rect,
        taps: (i32, i32),
    ) -> Option<Self> {
        let (first, last) = (i64::from(taps.0), i64::from(taps.1));
        let reach = |cells: (i32, i32)| (i64::from(cells.0) + first, i64::from(cells.1) + last);
        let (block, held) = lattice.index_around(reach(span.rows), reach(span.cols))?;
        let layout = &lattice.block(block).layout;
        let axis = |domain: (i32, i32), held: (i64, i64), span: (i32, i32), stride: isize| {
            let wide = |ends: (i32, i32)| (i64::from(ends.0), i64::from(ends.1));
            let (domain, span) = (wide(domain), wide(span));
            // Half of what 32 bits hold for each axis, half of that before the span.
            let far = (1_i64 << 30) / (stride.unsigned_abs() as i64).max(1);
            let start = held.0.max(domain.0) - first;
            let from = start.max(span.0 - far / 2);
            let to = (held.1 - 1).min(domain.1) - last;
            let to = to.min(from + far);
            (from <= span.0 && span.1 <= to).then_some((from as i32, to as i32))
        };
        let rows = axis(domain.rows, (held.row0, held.row1), span.rows, layout.row_stride)?;
        let cols = axis(domain.cols, (held.col0, held.col1), span.cols, layout.col_stride)?;
        let corner = (i64::from(rows.0) + first - held.row0, i64::from(cols.0) + first - held.col0);
        Some(Self { block, cells: Rect { rows, cols }, corner })
    }
}
