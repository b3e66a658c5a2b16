//! Veils of a task: which taps its mask covers, extended past the edge and spread as its kernel asks.

use super::Task;
use crate::arch::Job;
use crate::boundary::Boundary;
use crate::error::Result;
use crate::image::Lattice;
use crate::validity::{MaskPlane, Summary, Veil, spread};
use crate::window::Window;

/// The veil of one plane of a mask, which all bands share or one has for itself.
///
/// `None`: a spline needs no tap at all; `taps` is the window of those that it needs.
pub(super) fn of_mask<'t>(
    task: &Task<'_>,
    mask: &'t Lattice<'t>,
    (plane, shared): (usize, bool),
    taps: Option<Window>,
) -> Result<Option<Veil<'t>>> {
    let support = task.kernel.support();
    if support.poles.is_empty() || task.spline.prefiltered {
        let (shape, reach) = (task.source_shape, (support.first, support.last));
        // The mask of all bands comes first.
        let id = if shared { 0 } else { plane + 1 };
        let rule = rule(task);
        return Ok(Some(Veil::Mask(MaskPlane { mask, plane, id, rule, shape, reach })));
    }
    let Some(taps) = taps else { return Ok(None) };
    let read = |at: (i64, i64), out: &mut [u8]| {
        mask.read_row(plane, at, out, |byte: u8| u8::from(byte != 0))
    };
    Ok(Some(Veil::Spread(summary(task, taps, read)?)))
}

/// How the mask continues past the edge of the image; what is not trusted there lies outside of the domain.
fn rule(task: &Task<'_>) -> Boundary {
    if task.trusted { task.boundary } else { Boundary::None }
}

/// Which taps of a spline in `window` the validity of the samples of the source itself leaves valid.
///
/// `read` reads samples side by side of one row of the source, as 1 (valid) or 0.
pub(super) fn summary<F>(task: &Task<'_>, window: Window, read: F) -> Result<Summary>
where
    F: Fn((i64, i64), &mut [u8]) -> Result<()>,
{
    let support = task.kernel.support();
    // No sample is farther away than the image is long.
    let radius = i64::from(task.spline.influence).min(task.source_shape.0 + task.source_shape.1);
    let grown = Window {
        row0: window.row0 - radius,
        row1: window.row1 + radius,
        col0: window.col0 - radius,
        col1: window.col1 + radius,
    };
    let mut taps = extended(task, grown, read)?;
    let width = grown.cols();
    task.isa.run(Spread { taps: &mut taps, cols: width, radius: radius as u32 });
    if radius > 0 {
        let inset = radius as usize;
        let lines = taps.chunks_exact(width).skip(inset).take(window.rows());
        taps = lines.flat_map(|line| &line[inset..inset + window.cols()]).copied().collect();
    }
    Ok(task.isa.run(Build { window, taps, reach: (support.first, support.last) }))
}

struct Build {
    window: Window,
    taps: Vec<u8>,
    reach: (i32, i32),
}

impl Job for Build {
    type Output = Summary;

    #[inline(always)]
    fn run(self) -> Summary {
        Summary::new(self.window, self.taps, self.reach)
    }
}

struct Spread<'t> {
    taps: &'t mut [u8],
    cols: usize,
    radius: u32,
}

impl Job for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        spread(self.taps, self.cols, self.radius);
    }
}

/// Validity of the samples of a window that may lie past the edge.
///
/// There a trusted boundary mirrors or repeats the validity of the samples that it repeats, zeros being
/// valid. An untrusted one is valid here: the domain of valid taps already ends before it.
fn extended<F>(task: &Task<'_>, window: Window, read: F) -> Result<Vec<u8>>
where
    F: Fn((i64, i64), &mut [u8]) -> Result<()>,
{
    let (height, width) = task.source_shape;
    let rule = rule(task);
    let mut result = vec![1; window.rows() * window.cols()];
    // Columns of the image in the window, and the copies of others that stand past the edge.
    let inner = (window.col0.clamp(0, width), window.col1.clamp(0, width));
    let outer: Vec<(usize, i64)> = (window.col0..window.col1)
        .enumerate()
        .filter(|(_, col)| !(inner.0..inner.1).contains(col))
        .filter_map(|(k, col)| rule.source_index(col, width).map(|col| (k, col)))
        .collect();
    for (line, row) in result.chunks_exact_mut(window.cols().max(1)).zip(window.row0..window.row1) {
        let Some(row) = rule.source_index(row, height) else { continue };
        if inner.0 < inner.1 {
            let start = (inner.0 - window.col0) as usize;
            read((row, inner.0), &mut line[start..start + (inner.1 - inner.0) as usize])?;
        }
        for &(k, col) in &outer {
            read((row, col), &mut line[k..=k])?;
        }
    }
    Ok(result)
}
