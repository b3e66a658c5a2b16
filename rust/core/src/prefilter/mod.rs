//! Spline coefficients: the samples of an image, filtered so that a spline passes through them.
//!
//! The exact filter is recursive and infinite. Here each axis is cut at anchored multiples of a piece
//! length, counted from the first pixel of the image, and each piece is filtered on its own, from a zero
//! state, with enough warm-up samples on both sides that the error stays below `epsilon`. A coefficient
//! depends on its index and on the image only: every window, block and thread gets the same bytes.

mod cascade;
mod plane;
mod warmup;

pub use plane::{Extent, prefilter};
pub use warmup::warm_up;

/// Piece length along rows (the vertical filter): short, its warm-up costs arithmetic only.
pub const PIECE_ROWS: i64 = 128;

/// Piece length along columns (the horizontal filter).
pub const PIECE_COLS: i64 = 256;

/// The piece that coefficient `i` belongs to, as a half-open span.
///
/// The first piece also holds the `reach` coefficients before the image, the last one those after it.
#[must_use]
pub fn piece_around(i: i64, length: i64, size: i64, reach: i64) -> (i64, i64) {
    let last = (size - 1).max(0) / length;
    let piece = i.div_euclid(length).clamp(0, last);
    let start = if piece == 0 { -reach } else { piece * length };
    let stop = if piece == last { size + reach } else { (piece + 1) * length };
    (start, stop)
}
