//! Which taps the positions of a task can need: the window that a spline's coefficients are made for.

use super::Task;
use crate::error::Result;
use crate::grid::Bounds;
use crate::threads::in_parallel;
use crate::window::{Rect, Window};

/// Positions in between nodes exceed them by rounding, and the snap moves them, by less than this.
const SLACK: f64 = 5e-13;
const SLACK_RELATIVE: f64 = 6.0 * f64::EPSILON;

/// Pixels of the target for which it is worth to start a thread.
const SHARE: usize = 1 << 16;

/// The taps inside of `domain` that the positions of `task` can need; `None`: none of them is valid.
pub(super) fn footprint(task: &Task<'_>, domain: &Rect) -> Result<Option<Window>> {
    let bounds = bounds(task)?;
    let support = task.kernel.support();
    let axis = |low: f64, high: f64, shift: f64, origin: i64, (first, last): (i32, i32)| {
        if low > high {
            return None;
        }
        let (low, high) = (low + shift, high + shift);
        let low = (low - low.abs() * SLACK_RELATIVE - SLACK).floor() - origin as f64;
        let high = (high + high.abs() * SLACK_RELATIVE + SLACK).floor() - origin as f64;
        // The nearest pixel may be the one after.
        let high = high + f64::from(u8::from(support.rounds));
        let from = (low + f64::from(support.first)).max(f64::from(first));
        let to = (high + f64::from(support.last)).min(f64::from(last));
        // Both lie between the ends of the domain, which are i32.
        (from <= to).then_some((from as i64, to as i64 + 1))
    };
    let (shift, origin) = (task.shift, task.source_origin);
    let rows = axis(bounds[0], bounds[1], shift.0, origin.0, domain.rows);
    let cols = axis(bounds[2], bounds[3], shift.1, origin.1, domain.cols);
    Ok(rows.zip(cols).map(|(rows, cols)| Window {
        row0: rows.0,
        row1: rows.1,
        col0: cols.0,
        col1: cols.1,
    }))
}

/// Extent of the positions, each thread looking at some rows of the target.
fn bounds(task: &Task<'_>) -> Result<[f64; 4]> {
    let (rows, pixels) = (task.target.rows(), task.target.rows() * task.target.cols());
    let mut parts = vec![[0.0; 4]; task.threads.min(pixels / SHARE).clamp(1, rows.max(1))];
    let row = |part: usize| task.target.row0 + (rows * part / parts.len()) as i64;
    let windows: Vec<_> = (0..parts.len())
        .map(|part| Window { row0: row(part), row1: row(part + 1), ..task.target })
        .collect();
    let work = windows.iter().zip(&mut parts).collect();
    in_parallel(
        task.threads,
        work,
        || (),
        |(), (target, part)| {
            *part = task.isa.run(Bounds { grid: &task.grid, target });
            Ok(())
        },
    )?;
    let least = |k: usize| parts.iter().map(|part| part[k]).fold(f64::INFINITY, f64::min);
    let most = |k: usize| parts.iter().map(|part| part[k]).fold(f64::NEG_INFINITY, f64::max);
    Ok([least(0), most(1), least(2), most(3)])
}
