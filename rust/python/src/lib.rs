//! The Python face of the engine: arrays become views, errors become exceptions, the GIL is released.
//!
//! One function per operation. Only `gridr_dask.compute` calls it; shapes and types that users give
//! are checked there, in their words. What memory safety needs is checked here again.

mod array;
mod error;

use array::{read, write};
use error::raise;
use gridr_dask_core::arch::Isa;
use gridr_dask_core::grid::{Grid, hulls};
use gridr_dask_core::image::Lattice;
use gridr_dask_core::kernel::KernelKind;
use gridr_dask_core::prefilter::{PIECE_COLS, PIECE_ROWS};
use gridr_dask_core::resample::{Spline, Task, run};
use gridr_dask_core::{Boundary, Window};
use numpy::{PyArray1, PyArray3, PyArrayMethods, PyReadonlyArray2, PyUntypedArray};
use pyo3::prelude::*;

type Array<'py> = Bound<'py, PyUntypedArray>;

/// Blocks, row by row, on the lattice of row spans and column spans.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Blocks<'py> {
    blocks: Vec<Array<'py>>,
    rows: Vec<(i64, i64)>,
    cols: Vec<(i64, i64)>,
}

impl<'py> Blocks<'py> {
    fn lattice(&self, py: Python<'_>, what: &'static str) -> PyResult<Lattice<'_>> {
        let blocks =
            self.blocks.iter().map(|block| read(py, what, block)).collect::<PyResult<_>>()?;
        Lattice::new(self.rows.clone(), self.cols.clone(), blocks).map_err(|e| raise(py, &e))
    }
}

/// Shape of the whole source, where it stands, and how it continues past its edge.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Frame {
    shape: (i64, i64),
    origin: (i64, i64),
    boundary: String,
    trusted: bool,
    safe: Option<(i64, i64, i64, i64)>,
}

/// Coordinates of the nodes, index of the first one, spacing, and what is added to the coordinates.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Nodes<'py> {
    rows: Array<'py>,
    cols: Array<'py>,
    first: (i64, i64),
    resolution: (i64, i64),
    shift: (f64, f64),
}

/// Output, validity or None, and for each plane a sample to write where nothing is valid.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Out<'py> {
    values: Array<'py>,
    valid: Option<Array<'py>>,
    fill: Array<'py>,
}

/// Which kernel with which parameters, on how many threads, on which instruction set.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct How {
    kernel: String,
    epsilon: f64,
    influence: (u32, u32),
    prefiltered: bool,
    threads: usize,
    isa: Option<String>,
}

fn window((row0, row1, col0, col1): (i64, i64, i64, i64)) -> Window {
    Window { row0, row1, col0, col1 }
}

/// Fill `out` with the samples of `source` at the positions that `grid` gives for `target`.
#[pyfunction]
#[pyo3(signature = (source, mask, bands, frame, grid, target, out, how))]
#[expect(clippy::too_many_arguments, reason = "each is a group of its own; Python has no structs")]
fn resample(
    py: Python<'_>,
    source: Blocks<'_>,
    mask: Option<Blocks<'_>>,
    bands: Option<Blocks<'_>>,
    frame: Frame,
    grid: Nodes<'_>,
    target: (i64, i64, i64, i64),
    out: Out<'_>,
    how: How,
) -> PyResult<()> {
    let nodes = (read(py, "grid rows", &grid.rows)?, read(py, "grid columns", &grid.cols)?);
    let fail = |error| raise(py, &error);
    let task = Task {
        source: source.lattice(py, "source")?,
        source_shape: frame.shape,
        source_origin: frame.origin,
        grid: Grid::new(nodes.0, nodes.1, grid.first, grid.resolution).map_err(fail)?,
        target: window(target),
        shift: grid.shift,
        kernel: KernelKind::from_name(&how.kernel).map_err(fail)?,
        spline: Spline {
            epsilon: how.epsilon,
            influence: how.influence.0,
            influence_ceil: how.influence.1,
            prefiltered: how.prefiltered,
        },
        boundary: Boundary::from_name(&frame.boundary).map_err(fail)?,
        trusted: frame.trusted,
        mask: mask.as_ref().map(|mask| mask.lattice(py, "mask")).transpose()?,
        bands: bands.as_ref().map(|bands| bands.lattice(py, "bands")).transpose()?,
        safe: frame.safe.map(window),
        out: write(py, "output", &out.values)?,
        valid: out.valid.as_ref().map(|valid| write(py, "validity", valid)).transpose()?,
        fill: read(py, "fill value", &out.fill)?,
        threads: how.threads,
        isa: how.isa.map_or_else(|| Ok(Isa::best()), |isa| Isa::from_name(&isa)).map_err(fail)?,
    };
    py.detach(|| run(&task)).map_err(fail)
}

/// Smallest and largest row, smallest and largest column of the positions of every target window, whose ends are
/// first and last pixels, counted from the first node.
#[pyfunction]
fn position_hulls<'py>(
    py: Python<'py>,
    rows: Array<'py>,
    cols: Array<'py>,
    resolution: (i64, i64),
    row_ends: PyReadonlyArray2<'py, i64>,
    col_ends: PyReadonlyArray2<'py, i64>,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let fail = |error| raise(py, &error);
    let pairs = |ends: &PyReadonlyArray2<'_, i64>| -> Vec<(i64, i64)> {
        let ends = ends.as_array();
        ends.column(0).into_iter().copied().zip(ends.column(1).into_iter().copied()).collect()
    };
    let grid = Grid::new(
        read(py, "grid rows", &rows)?,
        read(py, "grid columns", &cols)?,
        (0, 0),
        resolution,
    )
    .map_err(fail)?;
    let ends = (pairs(&row_ends), pairs(&col_ends));
    let found = py.detach(|| hulls(&grid, &ends.0, &ends.1)).map_err(fail)?;
    PyArray1::from_vec(py, found).reshape([4, ends.0.len(), ends.1.len()])
}

/// Name, first and last tap, whether it rounds to the nearest pixel, trusted margin, half-width that a safe
/// window must hold, poles of the prefilter, and factor of unscaled coefficients.
type KernelRow = (&'static str, i32, i32, bool, i64, i64, Vec<f64>, f64);

/// A row for every kernel.
#[pyfunction]
fn kernels() -> Vec<KernelRow> {
    let describe = |kind: &KernelKind| {
        let s = kind.support();
        (kind.name(), s.first, s.last, s.rounds, s.margin, s.half, s.poles.to_vec(), s.gain)
    };
    KernelKind::ALL.iter().map(describe).collect()
}

/// Warm-up samples on each side of a prefilter piece, for a kernel and a precision.
#[pyfunction]
fn warm_up(py: Python<'_>, kernel: &str, epsilon: f64) -> PyResult<i64> {
    let kind = KernelKind::from_name(kernel).map_err(|error| raise(py, &error))?;
    Ok(gridr_dask_core::prefilter::warm_up(kind.support().poles, epsilon))
}

/// Instruction sets that this CPU can run, best last.
#[pyfunction]
fn instruction_sets() -> Vec<&'static str> {
    Isa::available().into_iter().map(Isa::name).collect()
}

/// Largest source size and origin, in pixels.
#[pyfunction]
fn max_size() -> i64 {
    gridr_dask_core::MAX_SIZE
}

/// The engine of `gridr_dask`; use the functions of the package instead.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEBUG", cfg!(debug_assertions))?;
    module.add("PIECES", (PIECE_ROWS, PIECE_COLS))?;
    module.add_function(wrap_pyfunction!(resample, module)?)?;
    module.add_function(wrap_pyfunction!(position_hulls, module)?)?;
    module.add_function(wrap_pyfunction!(warm_up, module)?)?;
    module.add_function(wrap_pyfunction!(kernels, module)?)?;
    module.add_function(wrap_pyfunction!(instruction_sets, module)?)?;
    module.add_function(wrap_pyfunction!(max_size, module)?)?;
    Ok(())
}
