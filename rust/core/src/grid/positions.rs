//! Source positions of a span: borrowed from the grid, or interpolated between its nodes.

use super::Grid;
use crate::SPAN;
use crate::image::Array;
use crate::sample::{DType, Sample};

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

/// The nodes around the pixels of a span, kept from one row of the target to the next.
pub(crate) struct Mesh {
    /// First column of the span, and how many pixels of it there are; those after it repeat the last one.
    at: Option<(i64, usize)>,
    /// Index of the node to the left of each pixel, counted from that of the first one.
    nodes: [i32; SPAN],
    /// Distance of each pixel from the node to the left, and to the right.
    distances: [[f64; SPAN]; 2],
    /// An even and an odd row of nodes.
    lines: [Line; 2],
}

/// The nodes of one row to the left and to the right of each pixel.
struct Line {
    row: Option<i64>,
    rows: [[f64; SPAN]; 2],
    cols: [[f64; SPAN]; 2],
}

impl Mesh {
    pub(crate) const EMPTY: Self = {
        const LINE: Line = Line { row: None, rows: [[0.0; SPAN]; 2], cols: [[0.0; SPAN]; 2] };
        Self { at: None, nodes: [0; SPAN], distances: [[0.0; SPAN]; 2], lines: [LINE, LINE] }
    };

    /// Rows and columns of the positions of the `len` pixels of `grid` from (row, col) of the target on.
    ///
    /// Elements after `len` repeat the last position, so that later phases need no remainder loop.
    #[inline(always)]
    pub(super) fn positions(
        &mut self,
        grid: &Grid<'_>,
        (row, col): (i64, i64),
        len: usize,
        out: [&mut [f64; SPAN]; 2],
    ) {
        if self.at != Some((col, len)) {
            self.place(grid.spacing.1, col, len);
        }
        let (i, below) = (row / grid.spacing.0, row % grid.spacing.0);
        let lines = [i, i + 1].map(|i| (i % 2) as usize);
        // Nodes of weight 0 are not read: they may be missing, or not finite.
        for (line, i) in lines.into_iter().zip([i, i + 1]).take(if below == 0 { 1 } else { 2 }) {
            if self.lines[line].row != Some(i) {
                self.fill(line, grid, i, col / grid.spacing.1);
            }
        }
        let [upper, lower] = lines.map(|line| &self.lines[line]);
        let ([left, right], area) = (&self.distances, (grid.spacing.0 * grid.spacing.1) as f64);
        let (above, below) = ((grid.spacing.0 - below) as f64, below as f64);
        let divide = Division::by(area);
        const NOTHING: &[[f64; SPAN]; 2] = &[[0.0; SPAN]; 2];
        let lower = if below == 0.0 { [NOTHING; 2] } else { [&lower.rows, &lower.cols] };
        for ((out, upper), lower) in out.into_iter().zip([&upper.rows, &upper.cols]).zip(lower) {
            for k in 0..SPAN {
                // The weights are products of integers below 2**53: exact. Unfused, in this order (products, sum,
                // one division): the positions are those of GridR.
                let sum = upper[0][k] * (right[k] * above)
                    + upper[1][k] * (left[k] * above)
                    + lower[1][k] * (left[k] * below)
                    + lower[0][k] * (right[k] * below);
                out[k] = divide.apply(sum);
            }
        }
    }

    /// Finds the columns of nodes around each pixel of a span.
    #[inline(always)]
    fn place(&mut self, spacing: i64, col: i64, len: usize) {
        let (mut node, mut from_left) = (0, col % spacing);
        for k in 0..SPAN {
            self.nodes[k] = node;
            self.distances[0][k] = from_left as f64;
            self.distances[1][k] = (spacing - from_left) as f64;
            if k + 1 < len {
                from_left += 1;
                if from_left == spacing {
                    (node, from_left) = (node + 1, 0);
                }
            }
        }
        self.at = Some((col, len));
        self.lines.iter_mut().for_each(|line| line.row = None);
    }

    /// Reads row `i` of the nodes, from column `j` on.
    #[inline(always)]
    fn fill(&mut self, line: usize, grid: &Grid<'_>, i: i64, j: i64) {
        let Line { row, rows, cols } = &mut self.lines[line];
        for (nodes, out) in [(&grid.rows, rows), (&grid.cols, cols)] {
            let first = (i - grid.nodes.row0) as isize * nodes.layout.row_stride
                + (j - grid.nodes.col0) as isize * nodes.layout.col_stride;
            let around = (&self.nodes, &self.distances[0]);
            match nodes.dtype {
                DType::F32 => read::<f32>(nodes, first, around, out),
                _ => read::<f64>(nodes, first, around, out),
            }
        }
        *row = Some(i);
    }
}

/// Reads the nodes to the left and to the right of each pixel; the latter is 0 where its weight is.
#[inline(always)]
fn read<T: Sample<f64>>(
    nodes: &Array<'_>,
    first: isize,
    (left, distance): (&[i32; SPAN], &[f64; SPAN]),
    out: &mut [[f64; SPAN]; 2],
) {
    let step = nodes.layout.col_stride;
    for k in 0..SPAN {
        let offset = first + left[k] as isize * step;
        // SAFETY: `Grid::check_covers` saw that the nodes around every pixel of the target window are given,
        // those to the right (below) of pixels that do not stand on one to the left (above).
        let node = |offset: isize| unsafe { *nodes.start.cast::<T>().offset(offset) }.widen();
        out[0][k] = node(offset);
        out[1][k] = if distance[k] == 0.0 { 0.0 } else { node(offset + step) };
    }
}

/// Division by one number, which is positive and an integer.
#[derive(Clone, Copy)]
struct Division {
    divisor: f64,
    inverse: f64,
}

impl Division {
    fn by(divisor: f64) -> Self {
        Self { divisor, inverse: 1.0 / divisor }
    }

    /// The quotient, rounded correctly, but NaN for what is not finite and inexact below 1e-290.
    ///
    /// Two corrections of an estimate: the first makes it exact to the last place, and then the second rounds it
    /// correctly (Markstein, IBM J. Res. Dev. 34 (1990) 111).
    #[inline(always)]
    fn apply(self, x: f64) -> f64 {
        let quotient = x * self.inverse;
        let quotient = (-quotient).mul_add(self.divisor, x).mul_add(self.inverse, quotient);
        (-quotient).mul_add(self.divisor, x).mul_add(self.inverse, quotient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn division_is_rounded_correctly(bits in any::<u64>(), exponent in -300..300_i32, divisor in 1..1_u64 << 48, shift in 0..48_u32) {
            let mantissa = 1.0 + (bits >> 12) as f64 * f64::EPSILON;
            let x = mantissa * 2_f64.powi(exponent);
            let divisor = u64::max(divisor >> shift, 1) as f64;
            for x in [x, -x, (bits >> 20) as f64, x.round() * divisor, (x.round() * divisor).next_up()] {
                prop_assert_eq!(Division::by(divisor).apply(x), x / divisor, "{} / {}", x, divisor);
            }
        }
    }
}
