//! Extent of the positions of a target window, from the nodes around it.

use super::Grid;
use crate::arch::Job;
use crate::image::Array;
use crate::sample::{DType, Sample};
use crate::window::Window;

/// Smallest and largest row, smallest and largest column of the finite nodes around a target window.
///
/// `inf, -inf` when there is none. A position between nodes is a convex combination of them, up to rounding.
pub(crate) struct Bounds<'t, 'a> {
    pub(crate) grid: &'t Grid<'a>,
    pub(crate) target: &'t Window,
}

/// Partial extremes, so that the loop vectorises.
const LANES: usize = 8;

impl Job for Bounds<'_, '_> {
    type Output = [f64; 4];

    #[inline(always)]
    fn run(self) -> [f64; 4] {
        let Self { grid, target } = self;
        let mut lanes = [[f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]].map(|x| [x; 2]);
        if target.rows() > 0 && target.cols() > 0 {
            let nodes = grid.needed(target);
            for row in nodes.row0..nodes.row1 {
                match (grid.rows.dtype, grid.cols.dtype) {
                    (DType::F32, DType::F32) => line::<f32, f32>(grid, &nodes, row, &mut lanes),
                    (DType::F32, _) => line::<f32, f64>(grid, &nodes, row, &mut lanes),
                    (_, DType::F32) => line::<f64, f32>(grid, &nodes, row, &mut lanes),
                    _ => line::<f64, f64>(grid, &nodes, row, &mut lanes),
                }
            }
        }
        let low = |x: [f64; LANES]| x.into_iter().fold(f64::INFINITY, f64::min);
        let high = |x: [f64; LANES]| x.into_iter().fold(f64::NEG_INFINITY, f64::max);
        [low(lanes[0][0]), high(lanes[1][0]), low(lanes[0][1]), high(lanes[1][1])]
    }
}

/// Takes in one line of nodes: `lanes[0]` holds minima, `lanes[1]` maxima, of rows and columns.
#[inline(always)]
fn line<R: Sample<f64>, C: Sample<f64>>(
    grid: &Grid<'_>,
    nodes: &Window,
    row: i64,
    lanes: &mut [[[f64; LANES]; 2]; 2],
) {
    let start = |array: &Array<'_>| {
        let at = (row - grid.nodes.row0, nodes.col0 - grid.nodes.col0);
        array.layout.offset(0, at, nodes.cols())
    };
    let (rows, cols) = (&grid.rows, &grid.cols);
    let (row_step, col_step) = (rows.layout.col_stride, cols.layout.col_stride);
    // SAFETY: `Grid::check_covers` saw that the nodes around the target, of which these are the first, are given.
    let (rows, cols) = unsafe {
        (rows.start.cast::<R>().offset(start(rows)), cols.start.cast::<C>().offset(start(cols)))
    };
    let count = nodes.cols();
    let mut done = 0;
    if (row_step, col_step) == (1, 1) {
        // SAFETY: as above; the nodes of a line stand side by side.
        let (rows, cols) = unsafe {
            (std::slice::from_raw_parts(rows, count), std::slice::from_raw_parts(cols, count))
        };
        let chunks = (rows.as_chunks::<LANES>().0, cols.as_chunks::<LANES>().0);
        // A copy, which stays in registers.
        let mut held = *lanes;
        for (rows, cols) in chunks.0.iter().zip(chunks.1) {
            for lane in 0..LANES {
                take(rows[lane].widen(), cols[lane].widen(), lane, &mut held);
            }
        }
        *lanes = held;
        done = count / LANES * LANES;
    }
    for k in done..count {
        let k = k as isize;
        // SAFETY: as above.
        let (row, col) = unsafe { (*rows.offset(k * row_step), *cols.offset(k * col_step)) };
        take(row.widen(), col.widen(), 0, lanes);
    }
}

/// Takes in one node, unless a coordinate is not finite.
#[inline(always)]
fn take(row: f64, col: f64, lane: usize, lanes: &mut [[[f64; LANES]; 2]; 2]) {
    // Finite times 0 is 0, anything else is NaN, and no comparison holds.
    let nothing = row * 0.0 + col * 0.0;
    for (axis, x) in [row + nothing, col + nothing].into_iter().enumerate() {
        let (least, most) = (lanes[0][axis][lane], lanes[1][axis][lane]);
        lanes[0][axis][lane] = if x < least { x } else { least };
        lanes[1][axis][lane] = if x > most { x } else { most };
    }
}
