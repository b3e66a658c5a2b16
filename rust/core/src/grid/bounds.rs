//! Extent of the positions of a target window, from the nodes around it.

use std::iter::once;

use super::{Grid, Mesh};
use crate::arch::Job;
use crate::image::Array;
use crate::sample::{DType, Sample};
use crate::window::Window;

/// What holds the positions of a target window: smallest and largest row, smallest and largest column.
///
/// `inf, -inf` when there is none. Of nodes that are the positions, the extent; between nodes, up to rounding, that of
/// the window's own pixels: in the part of a cell, a bilinear map takes its extremes at the corners of the part.
pub(crate) struct Bounds<'t, 'a> {
    pub(crate) grid: &'t Grid<'a>,
    pub(crate) target: &'t Window,
}

/// Partial extremes, so that the loop vectorises.
const LANES: usize = 8;

/// `lanes[0]` holds minima, `lanes[1]` maxima, of rows and columns.
type Lanes = [[[f64; LANES]; 2]; 2];

const NOTHING: Lanes = [[[f64::INFINITY; LANES]; 2], [[f64::NEG_INFINITY; LANES]; 2]];

/// Cells with nodes further out are taken whole.
const FAR: f64 = (1 << 24) as f64;

/// Rounding moves two positions between nodes that are not `FAR` by less than this: 5 roundings of each.
const ROUNDING: f64 = 1.0 / (1 << 25) as f64;

impl Job for Bounds<'_, '_> {
    type Output = [f64; 4];

    #[inline(always)]
    fn run(self) -> [f64; 4] {
        let Self { grid, target } = self;
        let mut lanes = NOTHING;
        if target.rows() == 0 || target.cols() == 0 {
            return ends(&lanes);
        }
        lines(grid, &grid.needed(target), &mut lanes);
        if !grid.is_sparse() {
            return ends(&lanes);
        }
        if ends(&lanes).iter().all(|x| x.abs() <= FAR) {
            lanes = NOTHING;
            lines(grid, &grid.inside(target), &mut lanes);
            rim(grid, target, &mut lanes);
        }
        let [top, bottom, left, right] = ends(&lanes);
        [top - ROUNDING, bottom + ROUNDING, left - ROUNDING, right + ROUNDING]
    }
}

#[inline(always)]
fn ends(lanes: &Lanes) -> [f64; 4] {
    let low = |x: [f64; LANES]| x.into_iter().fold(f64::INFINITY, f64::min);
    let high = |x: [f64; LANES]| x.into_iter().fold(f64::NEG_INFINITY, f64::max);
    [low(lanes[0][0]), high(lanes[1][0]), low(lanes[0][1]), high(lanes[1][1])]
}

/// Takes in a window of nodes.
#[inline(always)]
fn lines(grid: &Grid<'_>, nodes: &Window, lanes: &mut Lanes) {
    if nodes.cols() == 0 {
        return;
    }
    for row in nodes.row0..nodes.row1 {
        match (grid.rows.dtype, grid.cols.dtype) {
            (DType::F32, DType::F32) => line::<f32, f32>(grid, nodes, row, lanes),
            (DType::F32, _) => line::<f32, f64>(grid, nodes, row, lanes),
            (_, DType::F32) => line::<f64, f32>(grid, nodes, row, lanes),
            _ => line::<f64, f64>(grid, nodes, row, lanes),
        }
    }
}

/// Takes in the positions along the edges of a target window: where an edge meets the lines of nodes, and its ends.
#[inline(always)]
fn rim(grid: &Grid<'_>, target: &Window, lanes: &mut Lanes) {
    let cuts = |start: i64, stop: i64, step: i64| {
        let nodes = ((start / step + 1) * step..stop - 1).step_by(step as usize);
        once(start).chain(nodes).chain(once(stop - 1))
    };
    let rows = || cuts(target.row0, target.row1, grid.spacing.0);
    let cols = || cuts(target.col0, target.col1, grid.spacing.1);
    let mut mesh = Mesh::EMPTY;
    let mut visit = |row: i64, col: i64| {
        let place = mesh.enter(grid, (row, col), 1, false);
        mesh.interpolate(grid, place);
        take(mesh.positions[0][0], mesh.positions[1][0], 0, lanes);
    };
    for row in [target.row0, target.row1 - 1] {
        cols().for_each(|col| visit(row, col));
    }
    for col in [target.col0, target.col1 - 1] {
        rows().for_each(|row| visit(row, col));
    }
}

/// Takes in one line of nodes.
#[inline(always)]
fn line<R: Sample<f64>, C: Sample<f64>>(
    grid: &Grid<'_>,
    nodes: &Window,
    row: i64,
    lanes: &mut Lanes,
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

/// Takes in one position, unless a coordinate is not finite.
#[inline(always)]
fn take(row: f64, col: f64, lane: usize, lanes: &mut Lanes) {
    // Finite times 0 is 0, anything else is NaN, and no comparison holds.
    let nothing = row * 0.0 + col * 0.0;
    for (axis, x) in [row + nothing, col + nothing].into_iter().enumerate() {
        let (least, most) = (lanes[0][axis][lane], lanes[1][axis][lane]);
        lanes[0][axis][lane] = if x < least { x } else { least };
        lanes[1][axis][lane] = if x > most { x } else { most };
    }
}
