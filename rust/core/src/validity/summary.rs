//! Validity of taps that had to be computed, with what is needed to decide most spans at a glance.

use super::Verdict;
use crate::window::{Rect, Window};

/// Side of the tiles that the summary counts, in pixels.
const TILE: usize = 16;

/// Validity of the taps in a window of the image, and where there is a doubt.
#[derive(Debug)]
pub(crate) struct Summary {
    window: Window,
    /// 1 where a tap is valid.
    taps: Vec<u8>,
    /// 1 where all taps of a cell are valid.
    cells: Vec<u8>,
    /// Tiles with a cell that is not wholly valid.
    doubtful: Counts,
    /// Tiles with a valid tap.
    hopeful: Counts,
}

impl Summary {
    /// A summary of the validity of taps, row by row over `window`, for cells of `reach.1 - reach.0 + 1`
    /// taps per axis, the first one at `reach.0`. What lies outside of the window is not valid.
    #[inline(always)]
    pub(crate) fn new(window: Window, taps: Vec<u8>, reach: (i32, i32)) -> Self {
        let (rows, cols) = (window.rows(), window.cols());
        let cells = erode(&taps, (rows, cols), reach);
        let doubtful = Counts::new(&cells, (rows, cols), |cell| cell == 0);
        let hopeful = Counts::new(&taps, (rows, cols), |tap| tap != 0);
        Self { window, taps, cells, doubtful, hopeful }
    }

    /// Judges a span by the smallest and the largest of its cells.
    #[inline]
    pub(super) fn judge(&self, cells: &Rect) -> Verdict {
        let (rows, cols) = (cells.rows, cells.cols);
        let clip =
            |value: i32, start: i64, size: usize| (i64::from(value) - start).clamp(-1, size as i64);
        let r0 = clip(rows.0, self.window.row0, self.window.rows());
        let r1 = clip(rows.1, self.window.row0, self.window.rows());
        let c0 = clip(cols.0, self.window.col0, self.window.cols());
        let c1 = clip(cols.1, self.window.col0, self.window.cols());
        let whole =
            r0 >= 0 && c0 >= 0 && r1 < self.window.rows() as i64 && c1 < self.window.cols() as i64;
        if whole {
            let tiles = |a: i64, b: i64| (a as usize / TILE, b as usize / TILE + 1);
            let (rows, cols) = (tiles(r0, r1), tiles(c0, c1));
            if self.doubtful.within(rows, cols) == 0 {
                return Verdict::Clear;
            }
            // The pixel of a cell is one of its taps, so a span without a valid tap there has none.
            if self.hopeful.within(rows, cols) == 0 {
                return Verdict::Covered;
            }
        }
        Verdict::Mixed
    }

    /// Whether every tap from (row, col) to (row, col), both inclusive, is valid.
    #[inline]
    pub(super) fn all_valid(&self, rows: (i64, i64), cols: (i64, i64)) -> bool {
        let window = &self.window;
        if rows.0 < window.row0
            || cols.0 < window.col0
            || rows.1 >= window.row1
            || cols.1 >= window.col1
        {
            return false;
        }
        let width = window.cols();
        let (c0, c1) = ((cols.0 - window.col0) as usize, (cols.1 - window.col0) as usize);
        (rows.0..=rows.1).all(|row| {
            let start = (row - window.row0) as usize * width;
            self.taps[start + c0..=start + c1].iter().all(|&tap| tap != 0)
        })
    }

    /// Whether every tap of the cell at (row, col) is valid.
    #[inline]
    pub(super) fn cell_valid(&self, (row, col): (i64, i64)) -> bool {
        let (r, c) = (row - self.window.row0, col - self.window.col0);
        if r < 0 || c < 0 || r >= self.window.rows() as i64 || c >= self.window.cols() as i64 {
            return false;
        }
        self.cells[r as usize * self.window.cols() + c as usize] != 0
    }
}

/// Marks the cells all of whose taps are valid: a minimum over a window, one axis after the other.
#[inline(always)]
fn erode(taps: &[u8], (rows, cols): (usize, usize), (first, last): (i32, i32)) -> Vec<u8> {
    let mut across = vec![0_u8; taps.len()];
    let (before, after) = (first.unsigned_abs() as usize, last.unsigned_abs() as usize);
    if rows == 0 || cols <= before + after || rows <= before + after {
        return across;
    }
    let inner = cols - before - after;
    for (out, line) in across.chunks_exact_mut(cols).zip(taps.chunks_exact(cols)) {
        let out = &mut out[before..before + inner];
        out.fill(1);
        for shift in 0..=before + after {
            for (cell, &tap) in out.iter_mut().zip(&line[shift..shift + inner]) {
                *cell &= tap;
            }
        }
    }
    let mut cells = vec![0_u8; taps.len()];
    for row in before..rows - after {
        let out = &mut cells[row * cols..(row + 1) * cols];
        out.copy_from_slice(&across[(row - before) * cols..(row - before + 1) * cols]);
        for line in across[(row - before + 1) * cols..(row + after + 1) * cols].chunks_exact(cols) {
            for (cell, &tap) in out.iter_mut().zip(line) {
                *cell &= tap;
            }
        }
    }
    cells
}

/// Number of marked tiles in any rectangle of tiles, by a summed-area table.
#[derive(Debug)]
struct Counts {
    width: usize,
    sums: Vec<u32>,
}

impl Counts {
    #[inline(always)]
    fn new(values: &[u8], (rows, cols): (usize, usize), marks: impl Fn(u8) -> bool) -> Self {
        let tiles = (rows.div_ceil(TILE), cols.div_ceil(TILE));
        let width = tiles.1 + 1;
        let mut sums = vec![0_u32; (tiles.0 + 1) * width];
        let mut marked = vec![false; tiles.1];
        for i in 0..tiles.0 {
            marked.fill(false);
            for row in i * TILE..rows.min((i + 1) * TILE) {
                let line = &values[row * cols..(row + 1) * cols];
                for (mark, part) in marked.iter_mut().zip(line.chunks(TILE)) {
                    *mark |= part.iter().fold(false, |any, &value| any | marks(value));
                }
            }
            let mut so_far = 0;
            for (j, &mark) in marked.iter().enumerate() {
                so_far += u32::from(mark);
                sums[(i + 1) * width + j + 1] = sums[i * width + j + 1] + so_far;
            }
        }
        Self { width, sums }
    }

    /// Marked tiles in rows `[r0, r1)` and columns `[c0, c1)` of tiles.
    #[inline]
    fn within(&self, (r0, r1): (usize, usize), (c0, c1): (usize, usize)) -> u32 {
        let at = |r: usize, c: usize| self.sums[r * self.width + c];
        at(r1, c1) + at(r0, c0) - at(r0, c1) - at(r1, c0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The summary never says more than the taps.
        #[test]
        fn verdicts_follow_from_the_taps(
            taps in prop::collection::vec(prop::bool::weighted(0.98), 40 * 50),
            at in (0..40_i32, 0..50_i32), size in (0..20_i32, 0..20_i32),
        ) {
            let window = Window { row0: 0, row1: 40, col0: 0, col1: 50 };
            let summary = Summary::new(window, taps.iter().map(|&tap| u8::from(tap)).collect(), (-1, 2));
            let rows = (at.0, (at.0 + size.0).min(39));
            let cols = (at.1, (at.1 + size.1).min(49));
            let each = |wanted: fn(&Summary, i64, i64) -> bool| {
                (rows.0..=rows.1).all(|row| {
                    (cols.0..=cols.1).all(|col| wanted(&summary, row.into(), col.into()))
                })
            };
            match summary.judge(&Rect { rows, cols }) {
                Verdict::Clear => {
                    let clear = each(|v, r, c| v.all_valid((r - 1, r + 2), (c - 1, c + 2)));
                    prop_assert!(clear);
                }
                Verdict::Covered => {
                    let covered = each(|v, r, c| !v.all_valid((r, r), (c, c)));
                    prop_assert!(covered);
                }
                Verdict::Few(_) | Verdict::Mixed => {}
            }
            for (row, col) in [(at.0, at.1), (rows.1, cols.1)] {
                let (row, col) = (i64::from(row), i64::from(col));
                let cell = summary.all_valid((row - 1, row + 2), (col - 1, col + 2));
                prop_assert_eq!(summary.cell_valid((row, col)), cell);
            }
        }
    }
}
