//! The Python face of the engine: arrays become views, errors become exceptions, the GIL is released.
//!
//! One function per operation. Only `gridr_dask.compute` calls it; shapes and types that users give
//! are checked there, in their words. What memory safety needs is checked here again.

mod array;
mod error;

use array::{read, write};
use error::raise;
use gridr_dask_core::Window;
use gridr_dask_core::arch::Isa;
use gridr_dask_core::grid::Grid;
use gridr_dask_core::image::Lattice;
use gridr_dask_core::kernel::KernelKind;
use gridr_dask_core::resample::{Task, run};
use numpy::PyUntypedArray;
use pyo3::prelude::*;

/// Blocks (row by row), their row spans and column spans, shape and origin of the whole source.
type Source<'py> =
    (Vec<Bound<'py, PyUntypedArray>>, Vec<(i64, i64)>, Vec<(i64, i64)>, (i64, i64), (i64, i64));

/// Row and column coordinate of the nodes, index of the first one, spacing.
type Nodes<'py> = (Bound<'py, PyUntypedArray>, Bound<'py, PyUntypedArray>, (i64, i64), (i64, i64));

/// Output, validity or None, and for each plane a sample to write where nothing is valid.
type Out<'py> =
    (Bound<'py, PyUntypedArray>, Option<Bound<'py, PyUntypedArray>>, Bound<'py, PyUntypedArray>);

/// Which kernel, how many threads, which instruction set.
type How<'a> = (&'a str, usize, Option<&'a str>);

/// Fill `out` with the samples of `source` at the positions that `grid` gives for `target`.
#[pyfunction]
fn resample(
    py: Python<'_>,
    source: Source<'_>,
    grid: Nodes<'_>,
    target: (i64, i64, i64, i64),
    out: Out<'_>,
    how: How<'_>,
) -> PyResult<()> {
    let (blocks, rows, cols, source_shape, source_origin) = source;
    let (node_rows, node_cols, first, spacing) = grid;
    let (out, valid, fill) = out;
    let (kernel, threads, isa) = how;
    let blocks = blocks.iter().map(|block| read(py, "source", block)).collect::<PyResult<_>>()?;
    let nodes = (read(py, "grid rows", &node_rows)?, read(py, "grid columns", &node_cols)?);
    let task = Task {
        source: Lattice::new(rows, cols, blocks).map_err(|e| raise(py, &e))?,
        source_shape,
        source_origin,
        grid: Grid::new(nodes.0, nodes.1, first, spacing).map_err(|e| raise(py, &e))?,
        target: Window { row0: target.0, row1: target.1, col0: target.2, col1: target.3 },
        kernel: KernelKind::from_name(kernel).map_err(|e| raise(py, &e))?,
        out: write(py, "output", &out)?,
        valid: valid.as_ref().map(|valid| write(py, "validity", valid)).transpose()?,
        fill: read(py, "fill value", &fill)?,
        threads,
        isa: isa.map_or_else(|| Ok(Isa::best()), Isa::from_name).map_err(|e| raise(py, &e))?,
    };
    py.detach(|| run(&task)).map_err(|e| raise(py, &e))
}

/// Name, first tap, last tap of every kernel, and whether it rounds to the nearest pixel.
#[pyfunction]
fn kernels() -> Vec<(&'static str, i32, i32, bool)> {
    let describe = |kind: &KernelKind| {
        let support = kind.support();
        (kind.name(), support.first, support.last, support.rounds)
    };
    KernelKind::ALL.iter().map(describe).collect()
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
    module.add_function(wrap_pyfunction!(resample, module)?)?;
    module.add_function(wrap_pyfunction!(kernels, module)?)?;
    module.add_function(wrap_pyfunction!(instruction_sets, module)?)?;
    module.add_function(wrap_pyfunction!(max_size, module)?)?;
    Ok(())
}
