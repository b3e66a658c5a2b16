//! Which taps are valid where a mask says so, and which pixels need a closer look.

mod dilate;
mod plane;
mod summary;

pub(crate) use dilate::spread;
pub(crate) use plane::{Few, Known, MaskPlane};
pub(crate) use summary::Summary;

use crate::SPAN;
use crate::arch::{Isa, Job};
use crate::error::Result;
use crate::grid::{Cells, ends};
use crate::sample::Real;
use crate::window::Rect;

/// What covers taps.
#[derive(Debug)]
pub(crate) enum Veil<'t> {
    /// A mask, looked at as it lies in memory.
    Mask(MaskPlane<'t>),
    /// Validity that was computed: what a spline's prefilter spreads.
    Spread(Summary),
}

/// What a veil says of a whole span.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// Every tap of every pixel is valid.
    Clear,
    /// No pixel has a valid tap.
    Covered,
    /// All taps but these are valid.
    Few(Few),
    /// To be looked at pixel by pixel.
    Mixed,
}

impl Veil<'_> {
    /// Cells known to have valid taps only, for the span of number `slot` in its row.
    #[inline]
    pub(crate) fn clear_cells(&self, slot: usize, known: &Known) -> Rect {
        match self {
            Self::Mask(plane) => plane.clear_cells(slot, known),
            Self::Spread(_) => Rect::NOWHERE,
        }
    }

    /// Judges the span of number `slot` in its row by the smallest and the largest of its cells.
    #[inline]
    pub(crate) fn judge(&self, cells: &Rect, slot: usize, known: &mut Known, isa: Isa) -> Verdict {
        match self {
            Self::Mask(plane) => plane.judge(cells, slot, known, isa),
            Self::Spread(summary) => summary.judge(cells),
        }
    }
}

/// Pixels of a span that are judged together.
const PIECE: usize = 16;
const _: () = assert!(SPAN.is_multiple_of(PIECE), "a span is cut into whole pieces");

/// The pixels of a span that have a tap that is not valid are struck out.
pub(crate) struct Strike<'t, C> {
    pub(crate) veil: &'t Veil<'t>,
    pub(crate) rows: &'t Cells<C>,
    pub(crate) cols: &'t Cells<C>,
    /// The invalid taps, where they are known.
    pub(crate) few: Option<Few>,
    /// First tap of a cell, number of taps, and those of a position whose fraction is 0.
    pub(crate) first: i32,
    pub(crate) taps: usize,
    pub(crate) exact: (usize, usize),
    pub(crate) len: usize,
    /// Nearest pixels that are accepted unseen: rows and columns, inclusive.
    pub(crate) trusted: Option<Rect>,
    pub(crate) ok: &'t mut [u8; SPAN],
}

impl<C: Real> Job for Strike<'_, C> {
    type Output = Result<()>;

    #[inline(always)]
    fn run(mut self) -> Result<()> {
        let before = *self.ok;
        match (self.veil, self.few) {
            (_, Some(few)) => {
                for &(row, col) in few.list() {
                    self.strike_around(row, col);
                }
            }
            (Veil::Spread(summary), None) => {
                // Invalid taps mostly lie together: most pieces of a span are far from them.
                for piece in (0..self.len).step_by(PIECE) {
                    if matches!(summary.judge(&self.extent(piece)), Verdict::Clear) {
                        continue;
                    }
                    for k in piece..self.len.min(piece + PIECE) {
                        if self.ok[k] != 0 && !summary.cell_valid(self.cell(k)) {
                            let (rows, cols) = self.needed(k);
                            self.ok[k] = u8::from(summary.all_valid(rows, cols));
                        }
                    }
                }
            }
            (Veil::Mask(plane), None) => {
                for k in 0..self.len {
                    if self.ok[k] != 0 {
                        let (rows, cols) = self.needed(k);
                        self.ok[k] = u8::from(plane.all_valid(rows, cols)?);
                    }
                }
            }
        }
        if let Some(trusted) = self.trusted {
            for k in 0..self.len {
                self.ok[k] |= before[k] & u8::from(self.is_in(&trusted, k));
            }
        }
        Ok(())
    }
}

impl<C: Real> Strike<'_, C> {
    fn cell(&self, k: usize) -> (i64, i64) {
        (self.rows.index[k].into(), self.cols.index[k].into())
    }

    /// Smallest and largest cells of the piece that begins at pixel `k`; past the end of a span, the last one repeats.
    #[inline(always)]
    fn extent(&self, k: usize) -> Rect {
        let piece = k..k + PIECE;
        Rect { rows: ends(&self.rows.index[piece.clone()]), cols: ends(&self.cols.index[piece]) }
    }

    /// First and last row, first and last column of the taps that pixel `k` needs.
    #[inline(always)]
    fn needed(&self, k: usize) -> ((i64, i64), (i64, i64)) {
        let axis = |cells: &Cells<C>| {
            let taps = if cells.frac[k] == C::ZERO { self.exact } else { (0, self.taps) };
            let first = i64::from(cells.index[k] + self.first);
            (first + taps.0 as i64, first + taps.1 as i64 - 1)
        };
        (axis(self.rows), axis(self.cols))
    }

    /// Strikes out the pixels that need the tap at (row, col).
    #[inline(always)]
    fn strike_around(&mut self, row: i32, col: i32) {
        let (first, taps, exact) = (self.first, self.taps as u32, self.exact);
        let whole = (exact.0 as i32, (exact.1 - exact.0) as u32);
        for k in 0..SPAN {
            let needs = |cells: &Cells<C>, at: i32| {
                let (from, count) = if cells.frac[k] == C::ZERO { whole } else { (0, taps) };
                let tap = at.wrapping_sub(cells.index[k]).wrapping_sub(first + from);
                tap.cast_unsigned() < count
            };
            self.ok[k] &= u8::from(!(needs(self.rows, row) & needs(self.cols, col)));
        }
    }

    #[inline(always)]
    fn is_in(&self, trusted: &Rect, k: usize) -> bool {
        let nearest =
            |cells: &Cells<C>| cells.index[k] + i32::from(cells.frac[k] >= C::from_f64(0.5));
        trusted.contains(nearest(self.rows), nearest(self.cols))
    }
}
