//! The target in tiles, each tile in spans: geometry once, then every band.

use super::Task;
use super::span::{Frame, Span};
use crate::SPAN;
use crate::error::Result;
use crate::kernel::Kernel;
use crate::sample::Real;
use crate::threads::in_parallel;

/// A tile of target pixels, small enough that rotated access to the source stays in cache.
const TILE: (usize, usize) = (64, 32 * SPAN);

/// The tile where rows of the target go along columns of the source: narrow, so that the few samples of each row
/// of the source that a span reads are still in cache for the spans below.
const TURNED_TILE: (usize, usize) = (256, SPAN);

/// Resamples all bands of one span. The types of the samples are hidden behind this trait.
pub(super) trait Bands<C, const N: usize>: Sync {
    /// Writes samples and validity of the span.
    fn resample(&self, span: &Span<C, N>) -> Result<()>;
}

/// Resamples the whole target window of `task` into `bands`.
pub(super) fn sweep<K: Kernel<N>, C: Real, const N: usize>(
    _: K,
    task: &Task<'_>,
    frame: &Frame,
    bands: &dyn Bands<C, N>,
) -> Result<()> {
    let (rows, cols) = (task.target.rows(), task.target.cols());
    // Splines have enough to compute for each sample.
    let turned = K::POLES.is_empty() && task.grid.turns(&task.target);
    let tile = if turned { TURNED_TILE } else { TILE };
    let starts = |size: usize, tile: usize| (0..size).step_by(tile);
    let tiles: Vec<_> = starts(rows, tile.0)
        .flat_map(|row| starts(cols, tile.1).map(move |col| (row, col)))
        .collect();
    in_parallel(task.threads, tiles, |at| {
        let mut span = Span::new::<K>();
        let end = (rows.min(at.0 + tile.0), cols.min(at.1 + tile.1));
        for row in at.0..end.0 {
            for col in (at.1..end.1).step_by(SPAN) {
                span.locate::<K>(task, frame, (row, col), SPAN.min(end.1 - col));
                bands.resample(&span)?;
            }
        }
        Ok(())
    })
}
