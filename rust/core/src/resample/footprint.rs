//! Which taps the positions of a task can need: the window that a spline's coefficients are made for.

use super::Task;
use crate::grid::Bounds;
use crate::window::{Rect, Window};

/// Positions in between nodes exceed them by rounding, and the snap moves them, by less than this.
const SLACK: f64 = 5e-13;
const SLACK_RELATIVE: f64 = 4.0 * f64::EPSILON;

/// The taps inside of `domain` that the positions of `task` can need; `None`: none of them is valid.
pub(super) fn footprint(task: &Task<'_>, domain: &Rect) -> Option<Window> {
    let bounds = task.isa.run(Bounds { grid: &task.grid, target: &task.target });
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
    let rows = axis(bounds[0], bounds[1], shift.0, origin.0, domain.rows)?;
    let cols = axis(bounds[2], bounds[3], shift.1, origin.1, domain.cols)?;
    Some(Window { row0: rows.0, row1: rows.1, col0: cols.0, col1: cols.1 })
}
