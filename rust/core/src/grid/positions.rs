//! Source positions of a span: borrowed from the grid, or interpolated between its nodes.

use super::Grid;
use super::draft::{Draft, DraftLine};
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
            let at = (at.0 - self.nodes.row0, at.1 - self.nodes.col0);
            let offset = nodes.layout.offset(0, at, SPAN);
            // SAFETY: `Grid::check_covers` saw that the node of every target pixel is given; SPAN of them
            // stand side by side, and `T` is their type.
            unsafe { &*nodes.start.cast::<T>().offset(offset).cast::<[T; SPAN]>() }
        }))
    }
}

impl Grid<'_> {
    /// Asks for the nodes of the [`SPAN`] pixels from `at` on, where each pixel has one; they need not be there.
    #[inline]
    pub(crate) fn prefetch(&self, at: (i64, i64)) {
        if self.is_sparse() {
            return;
        }
        let at = (at.0 - self.nodes.row0, at.1 - self.nodes.col0);
        for nodes in [&self.rows, &self.cols] {
            nodes.layout.prefetch((nodes.start, nodes.dtype), at, SPAN);
        }
    }
}

/// Values that are written in vectors are written in whole ones.
const LANES: usize = 8;
const PADDED: usize = SPAN + LANES;

/// The nodes around the pixels of a span, kept from one row of the target to the next.
#[repr(C, align(64))]
pub(crate) struct Mesh {
    /// Rows and columns of the positions; those after the end of the span repeat the last one.
    pub(super) positions: [[f64; SPAN]; 2],
    /// Distance of each pixel from the node to the left, and to the right.
    distances: [[f64; SPAN]; 2],
    /// An even and an odd row of nodes.
    lines: [Line; 2],
    /// First column and length of the span, in one number: what was just written in two is slow to compare.
    span: i64,
    /// Row of the target, the row of nodes at or above it, and how far that is.
    row: (i64, i64, i64),
}

/// The nodes of one row to the left and to the right of each pixel.
#[repr(C, align(64))]
struct Line {
    rows: [[f64; PADDED]; 2],
    cols: [[f64; PADDED]; 2],
    draft: DraftLine,
    row: Option<i64>,
}

const NOTHING: Line = Line {
    row: None,
    rows: [[0.0; PADDED]; 2],
    cols: [[0.0; PADDED]; 2],
    draft: DraftLine::NOTHING,
};

/// Between which rows of nodes a row of the target lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Numbers of the lines of nodes above and below.
    lines: [usize; 2],
    /// How far away they are, in the other order: what they weigh.
    weights: [f64; 2],
}

impl Mesh {
    pub(crate) const EMPTY: Self = Self {
        span: -1,
        row: (-1, 0, -1),
        positions: [[0.0; SPAN]; 2],
        distances: [[0.0; SPAN]; 2],
        lines: [NOTHING, NOTHING],
    };

    /// Reads the nodes around the `len` pixels of `grid` from (row, col) of the target on, unless they are known.
    #[inline(always)]
    pub(super) fn enter(
        &mut self,
        grid: &Grid<'_>,
        (row, col): (i64, i64),
        len: usize,
        drafts: bool,
    ) -> Place {
        // Columns are below 2**41.
        let span = col * (SPAN as i64 + 1) + len as i64;
        if self.span != span {
            self.measure(grid.spacing.1, col, len);
            self.span = span;
        }
        let (i, below) = self.descend(row, grid.spacing.0);
        let lines = [i, i + 1].map(|i| (i % 2) as usize);
        // Nodes of weight 0 are not read: they may be missing, or not finite.
        for (line, i) in lines.into_iter().zip([i, i + 1]).take(if below == 0 { 1 } else { 2 }) {
            if self.lines[line].row != Some(i) {
                self.fill(line, grid, (i, col), len);
                if drafts {
                    let Line { rows, cols, draft, .. } = &mut self.lines[line];
                    let nodes = [rows, cols].map(|[left, right]| [&left[..SPAN], &right[..SPAN]]);
                    draft.draw(nodes, &self.distances, grid.spacing.1);
                }
            }
        }
        Place { lines, weights: [(grid.spacing.0 - below) as f64, below as f64] }
    }

    /// Interpolates the positions between the nodes.
    #[inline(always)]
    pub(super) fn interpolate(&mut self, grid: &Grid<'_>, place: Place) {
        let divisor = grid.spacing.0 * grid.spacing.1;
        if divisor.count_ones() == 1 {
            // By a power of two: the product is what the quotient is.
            let inverse = 1.0 / divisor as f64;
            self.between(place, |sum| sum * inverse);
        } else {
            let divide = Division::by(divisor as f64);
            self.between(place, |sum| divide.apply(sum));
        }
    }

    #[inline(always)]
    fn between(
        &mut self,
        Place { lines, weights: [above, below] }: Place,
        divide: impl Fn(f64) -> f64,
    ) {
        let ([left, right], upper) = (&self.distances, &self.lines[lines[0]]);
        let lower = if below == 0.0 { &NOTHING } else { &self.lines[lines[1]] };
        let [rows, cols] = &mut self.positions;
        for k in 0..SPAN {
            // Products of integers below 2**53: exact.
            let weights = [right[k] * above, left[k] * above, left[k] * below, right[k] * below];
            // Unfused, in this order (products, sum, one division): the positions are those of GridR.
            let between = |upper: &[[f64; PADDED]; 2], lower: &[[f64; PADDED]; 2]| {
                let sum = upper[0][k] * weights[0]
                    + upper[1][k] * weights[1]
                    + lower[1][k] * weights[2]
                    + lower[0][k] * weights[3];
                divide(sum)
            };
            rows[k] = between(&upper.rows, &lower.rows);
            cols[k] = between(&upper.cols, &lower.cols);
        }
    }

    /// The positions between the nodes, nearly: for a grid that was entered so.
    #[inline(always)]
    pub(super) fn draft(&self, Place { lines, weights }: Place) -> Option<Draft<'_>> {
        let [upper, lower] = lines.map(|line| &self.lines[line].draft);
        Draft::between(upper, if weights[1] == 0.0 { upper } else { lower }, weights)
    }

    /// Takes back the draft of a line: halfway between two pixels once, its rows are so again.
    pub(super) fn discard(&mut self, place: Place) {
        self.lines[place.lines[0]].draft.is_near = false;
    }

    /// The row of nodes at or above a row, and how far it is: mostly, the row follows the last one.
    #[inline(always)]
    fn descend(&mut self, row: i64, spacing: i64) -> (i64, i64) {
        let (last, i, below) = self.row;
        let (i, below) = if row == last + 1 && below + 1 < spacing {
            (i, below + 1)
        } else {
            (row / spacing, row % spacing)
        };
        self.row = (row, i, below);
        (i, below)
    }

    /// Finds how far the nodes around each pixel of a span are.
    #[inline(always)]
    fn measure(&mut self, spacing: i64, col: i64, len: usize) {
        let mut from_left = col % spacing;
        for k in 0..SPAN {
            self.distances[0][k] = from_left as f64;
            self.distances[1][k] = (spacing - from_left) as f64;
            if k + 1 < len {
                from_left = if from_left + 1 == spacing { 0 } else { from_left + 1 };
            }
        }
        self.lines.iter_mut().for_each(|line| line.row = None);
    }

    /// Reads row `i` of the nodes, those around the `len` pixels from column `col` of the target on.
    #[inline(always)]
    fn fill(&mut self, line: usize, grid: &Grid<'_>, (i, col): (i64, i64), len: usize) {
        let Line { row, rows, cols, .. } = &mut self.lines[line];
        let (spacing, from_left) = (grid.spacing.1 as usize, (col % grid.spacing.1) as usize);
        let first = (i - grid.nodes.row0, col / grid.spacing.1 - grid.nodes.col0);
        for (nodes, out) in [(&grid.rows, rows), (&grid.cols, cols)] {
            match nodes.dtype {
                DType::F32 => read::<f32>(nodes, first, (spacing, from_left, len), out),
                _ => read::<f64>(nodes, first, (spacing, from_left, len), out),
            }
        }
        *row = Some(i);
    }
}

/// Reads the nodes to the left and to the right of each pixel; the latter is 0 where its weight is.
///
/// The first node stands `from_left` pixels before the first of `len` ones, the others every `spacing`.
#[inline(always)]
fn read<T: Sample<f64>>(
    nodes: &Array<'_>,
    first: (i64, i64),
    (spacing, from_left, len): (usize, usize, usize),
    out: &mut [[f64; PADDED]; 2],
) {
    let (start, step) = (nodes.layout.offset(0, first, 1), nodes.layout.col_stride);
    let node = |j: usize| {
        let offset = start + j.cast_signed() * step;
        debug_assert_eq!(offset, nodes.layout.offset(0, (first.0, first.1 + j as i64), 1));
        // SAFETY: `Grid::check_covers` saw that the nodes around every pixel of the target window are given,
        // those to the right (below) of pixels that do not stand on one to the left (above).
        unsafe { *nodes.start.cast::<T>().offset(offset) }.widen()
    };
    let (mut k, mut j, mut before) = (0, 0, from_left);
    while k < len {
        let count = (spacing - before).min(len - k);
        // Of a pixel that stands on a node, the one to the right is not read.
        let right = if before + count > 1 { node(j + 1) } else { 0.0 };
        for (out, value) in out.iter_mut().zip([node(j), right]) {
            // Whole vectors: the next cell overwrites what is too much.
            for k in (k..k + count).step_by(LANES) {
                out[k..k + LANES].fill(value);
            }
        }
        if before == 0 {
            out[1][k] = 0.0;
        }
        (k, j, before) = (k + count, j + 1, 0);
    }
    for out in out {
        let last = out[len - 1];
        out[len..].fill(last);
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
