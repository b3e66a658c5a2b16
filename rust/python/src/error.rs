//! Errors of the engine as exceptions of `gridr_dask.errors`.

use gridr_dask_core::Error;
use pyo3::prelude::*;

/// The exception for `error`; its `code` is that of the engine.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error {
        Error::Types { .. } => "UnsupportedDtypeError",
        Error::Uncovered { .. } => "CoverageError",
        _ => "InvalidInputError",
    };
    exception(py, class, &error.to_string(), error.code()).unwrap_or_else(|failure| failure)
}

/// An exception of `gridr_dask.errors` by the name of its class.
pub(crate) fn exception(py: Python<'_>, class: &str, message: &str, code: &str) -> PyResult<PyErr> {
    let instance = py.import("gridr_dask.errors")?.getattr(class)?.call1((message, code))?;
    Ok(PyErr::from_value(instance))
}
