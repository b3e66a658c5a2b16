//! Source positions of a span: borrowed from the grid, or interpolated between its nodes.

use super::Grid;
use crate::SPAN;
use crate::image::Array;
use crate::sample::Sample;

impl<'a> Grid<'a> {
    /// Rows and columns of the nodes that are the positions of the [`SPAN`] pixels from `at` on, as they lie
    /// in memory; `None` when they are not, or not of type `T`.
    #[inline]
    pub(super) fn borrowed<T: 'static>(&self, at: (i64, i64)) -> Option<[&'a [T; SPAN]; 2]> {
        let usable = |nodes: &Array<'_>| nodes.dtype.is::<T>() && nodes.layout.col_stride == 1;
        if self.spacing != (1, 1) || !usable(&self.rows) || !usable(&self.cols) {
            return None;
        }
        Some([&self.rows, &self.cols].map(|nodes| {
            let offset = (at.0 - self.nodes.row0) as isize * nodes.layout.row_stride
                + (at.1 - self.nodes.col0) as isize;
            // SAFETY: `Grid::check_covers` saw that the node of every target pixel is given; SPAN of them
            // stand side by side, and `T` is their type.
            unsafe { &*nodes.start.cast::<T>().offset(offset).cast::<[T; SPAN]>() }
        }))
    }
}

/// One coordinate of the positions of `len` pixels, the first of which is (row, col) of the target.
///
/// Elements after `len` repeat the last position, so that later phases need no remainder loop.
#[inline(always)]
pub(super) fn computed<T: Sample<f64>>(
    grid: &Grid<'_>,
    nodes: &Array<'_>,
    (row, col): (i64, i64),
    len: usize,
    out: &mut [f64; SPAN],
) {
    let (dr, dc) = grid.spacing;
    let (i, a) = (row / dr, row % dr);
    let start = nodes.start.cast::<T>();
    let line = (i - grid.nodes.row0) as isize * nodes.layout.row_stride;
    let (right, below) = (nodes.layout.col_stride, nodes.layout.row_stride);
    let read = |offset: isize| {
        // SAFETY: `Grid::check_covers` saw that node (i, j) is given for every pixel of the target
        // window, and node i + 1 (j + 1) for every pixel with a > 0 (b > 0); no other one is read.
        unsafe { (*start.offset(offset)).widen() }
    };
    let mut done = 0;
    while done < len {
        let (j, b) = ((col + done as i64) / dc, (col + done as i64) % dc);
        let node = line + (j - grid.nodes.col0) as isize * right;
        let count = ((dc - b) as usize).min(len - done);
        // Nodes of weight 0 are not read: they may be missing, or not finite.
        let between = b + count as i64 > 1;
        let g1 = read(node);
        let g2 = if between { read(node + right) } else { 0.0 };
        let g3 = if between && a > 0 { read(node + right + below) } else { 0.0 };
        let g4 = if a > 0 { read(node + below) } else { 0.0 };
        let cell = Cell { g1, g2, g3, g4, above: dr - a, below: a, spacing: dc, area: dr * dc };
        cell.fill(b, &mut out[done..done + count]);
        done += count;
    }
    let last = out[len - 1];
    out[len..].fill(last);
}

/// The four nodes around some pixels of one row: upper left, upper right, lower right, lower left.
struct Cell {
    g1: f64,
    g2: f64,
    g3: f64,
    g4: f64,
    above: i64,
    below: i64,
    spacing: i64,
    area: i64,
}

impl Cell {
    /// Bilinear interpolation at pixels `b, b + 1, ...` of the cell, with exact integer weights.
    ///
    /// Unfused, in this order (products, sum, one division): the positions are those of GridR.
    #[inline(always)]
    fn fill(&self, b: i64, out: &mut [f64]) {
        let mut rest = out;
        let mut b = b;
        if b == 0 {
            let Some((first, tail)) = rest.split_first_mut() else { return };
            let left = self.spacing;
            *first = (self.g1 * (left * self.above) as f64 + self.g4 * (left * self.below) as f64)
                / self.area as f64;
            (rest, b) = (tail, 1);
        }
        let (above, below) = (self.above as f64, self.below as f64);
        let area = self.area as f64;
        for (k, x) in rest.iter_mut().enumerate() {
            let right = (b as i32 + k as i32) as f64;
            let left = self.spacing as f64 - right;
            // The weights are products of integers below 2**53: exact.
            *x = (self.g1 * (left * above)
                + self.g2 * (right * above)
                + self.g3 * (right * below)
                + self.g4 * (left * below))
                / area;
        }
    }
}
