//! The target in tiles, each tile in spans: geometry once, then every band.

use std::ops::Range;

use super::Task;
use super::span::{Frame, Room, Span};
use crate::SPAN;
use crate::error::Result;
use crate::image::Lattice;
use crate::kernel::Kernel;
use crate::sample::Real;
use crate::threads::in_parallel;

/// A tile of target pixels, small enough that rotated access to the source stays in cache.
const TILE: (usize, usize) = (64, 16 * SPAN);

/// The tile where rows of the target go along columns of the source: narrow, so that the few samples of each row
/// of the source that a span reads are still in cache for the spans below.
const TURNED_TILE: (usize, usize) = (512, SPAN);

/// How many spans before its turn the memory of a span is asked for, where spans are taken one below the other.
const AHEAD: usize = 4;

/// Most bytes of samples that are asked for at a time: with several bands, they would drive taps from the L1 cache.
const MOST_AHEAD: usize = 16 << 10;

/// Rows of spans that are taken one below the other where the nodes around them are read once for all.
const MESH_ROWS: usize = 16;

/// Rows of spans that splines take one below the other: each finds most of its taps in the L1 cache.
const SPLINE_ROWS: usize = 4;

/// Resamples all bands of one span. The types of the samples are hidden behind this trait.
pub(super) trait Bands<C, const N: usize>: Sync {
    /// The blocks that the bands are gathered from.
    fn source(&self) -> &Lattice<'_>;
    /// Whether single bands have veils.
    fn have_veils(&self) -> bool;
    /// Writes samples and validity of the span.
    fn resample(&self, span: &Span<C, N>, room: &mut Room<C>) -> Result<()>;
}

/// Resamples the whole target window of `task` into `bands`.
pub(super) fn sweep<K: Kernel<N>, C: Real, const N: usize>(
    _: K,
    task: &Task<'_>,
    frame: &Frame<'_>,
    bands: &dyn Bands<C, N>,
) -> Result<()> {
    let (rows, cols) = (task.target.rows(), task.target.cols());
    // Splines have enough to compute for each sample.
    let turned = K::POLES.is_empty() && task.grid.turns(&task.target);
    let tile = if turned { TURNED_TILE } else { TILE };
    let height = height::<K, N>(task);
    // Where rows are short, the hardware does not see what comes next.
    let jumps = turned || task.grid.is_sparse();
    let across = pieces(cols, tile.1);
    let tiles: Vec<_> = pieces(rows, tile.0)
        .into_iter()
        .flat_map(|down| across.iter().map(move |across| (down.clone(), across.clone())))
        .collect();
    let new_room = || (Span::new::<K>(), Room::EMPTY);
    in_parallel(task.threads, tiles, new_room, |(span, room), (rows, cols)| {
        let source = (bands.source(), bands.have_veils());
        for top in rows.clone().step_by(height) {
            for (slot, col) in cols.clone().step_by(SPAN).enumerate() {
                // A short span takes the slower road: the last one rather begins earlier and writes a few
                // pixels again, to the same bytes.
                let col = col.min(cols.end.saturating_sub(SPAN)).max(cols.start);
                for row in top..rows.end.min(top + height) {
                    let at = (slot, (row, col), SPAN.min(cols.end - col));
                    if jumps {
                        // The spans below each other, then those on their right.
                        let last = height > AHEAD && row + AHEAD >= top + height;
                        let next = if last {
                            (row + AHEAD - height, col + SPAN)
                        } else {
                            (row + AHEAD, col)
                        };
                        prefetch(task, next);
                    }
                    span.locate::<K>(task, frame, source, &mut room.known, at)?;
                    bands.resample(span, room)?;
                }
            }
        }
        Ok(())
    })
}

/// How many spans are taken one below the other before those on their right.
fn height<K: Kernel<N>, const N: usize>(task: &Task<'_>) -> usize {
    match (task.grid.is_sparse(), K::POLES.is_empty()) {
        (true, _) => MESH_ROWS,
        (false, false) => SPLINE_ROWS,
        // The stream of nodes is what these wait for.
        (false, true) => 1,
    }
}

/// Asks for what the span at (row, col), counted as [`Span::at`], reads and writes in order: its nodes, where each
/// pixel has one, and its samples in the output.
fn prefetch(task: &Task<'_>, (row, col): (usize, usize)) {
    let at = (row as i64, col as i64);
    task.grid.prefetch((task.target.row0 + at.0, task.target.col0 + at.1));
    let out = &task.out;
    if AHEAD * SPAN * out.layout.planes.len() * out.dtype.size() <= MOST_AHEAD {
        out.layout.prefetch((out.start, out.dtype), at, SPAN);
    }
}

/// Pieces of `0..size` of length `piece`, the last one longer by what is too short for a span.
fn pieces(size: usize, piece: usize) -> Vec<Range<usize>> {
    let count = size / piece + usize::from(size % piece >= SPAN || size < piece);
    let end = |k: usize| if k == count { size } else { k * piece };
    (0..count).map(|k| end(k)..end(k + 1)).collect()
}
