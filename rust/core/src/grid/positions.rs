//! Source positions of a span: read from the grid, or interpolated between its nodes.

use super::Grid;
use crate::SPAN;
use crate::arch::Job;
use crate::image::Array;
use crate::sample::{DType, Sample};

/// Computes the positions of up to [`SPAN`] pixels of one target row, in source pixels.
///
/// Elements after `len` repeat the last position, so that later phases need no remainder loop.
pub(crate) struct Positions<'t, 'a> {
    pub(crate) grid: &'t Grid<'a>,
    /// Target pixel of the first position, in the frame of the whole grid.
    pub(crate) at: (i64, i64),
    pub(crate) len: usize,
    pub(crate) rows: &'t mut [f64; SPAN],
    pub(crate) cols: &'t mut [f64; SPAN],
}

impl Job for Positions<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (nodes, out) in [(&self.grid.rows, self.rows), (&self.grid.cols, self.cols)] {
            match nodes.dtype {
                DType::F32 => coordinate::<f32>(self.grid, nodes, self.at, self.len, out),
                _ => coordinate::<f64>(self.grid, nodes, self.at, self.len, out),
            }
        }
    }
}

/// One coordinate of the positions.
#[inline(always)]
fn coordinate<T: Sample<f64>>(
    grid: &Grid<'_>,
    nodes: &Array<'_>,
    (row, col): (i64, i64),
    len: usize,
    out: &mut [f64; SPAN],
) {
    let (dr, dc) = grid.spacing;
    let (i, a) = (row / dr, row % dr);
    let start = nodes.start.cast::<T>();
    let layout = &nodes.layout;
    let line = (i - grid.nodes.row0) as isize * layout.row_stride;
    let step = layout.col_stride;
    // SAFETY (of the reads below): `Grid::check_covers` saw that node (i, j) is given for every pixel
    // of the target window, and node i + 1 (j + 1) for every pixel with a > 0 (b > 0).
    let read = |offset: isize| unsafe { (*start.offset(offset)).widen() };

    if (dr, dc) == (1, 1) {
        let first = line + (col - grid.nodes.col0) as isize * step;
        if step == 1 && len == SPAN {
            // SAFETY: as above, for SPAN contiguous nodes.
            let nodes = unsafe { &*start.offset(first).cast::<[T; SPAN]>() };
            for (x, node) in out.iter_mut().zip(nodes) {
                *x = node.widen();
            }
        } else {
            for (k, x) in out[..len].iter_mut().enumerate() {
                *x = read(first + k as isize * step);
            }
        }
    } else {
        let mut done = 0;
        while done < len {
            let (j, b) = ((col + done as i64) / dc, (col + done as i64) % dc);
            let node = line + (j - grid.nodes.col0) as isize * step;
            let count = ((dc - b) as usize).min(len - done);
            // Nodes of weight 0 are not read: they may be missing, or not finite.
            let right = b + count as i64 > 1;
            let g1 = read(node);
            let g2 = if right { read(node + step) } else { 0.0 };
            let g3 = if right && a > 0 { read(node + step + layout.row_stride) } else { 0.0 };
            let g4 = if a > 0 { read(node + layout.row_stride) } else { 0.0 };
            let cell = Cell { g1, g2, g3, g4, above: dr - a, below: a, spacing: dc, area: dr * dc };
            cell.fill(b, &mut out[done..done + count]);
            done += count;
        }
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
