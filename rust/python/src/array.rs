//! NumPy arrays as the engine's views, without a copy.

use gridr_dask_core::DType;
use gridr_dask_core::image::{Array, ArrayMut, Layout};
use numpy::npyffi::NPY_ARRAY_WRITEABLE;
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::error::{exception, raise};

/// A view of an array that is only read.
pub(crate) fn read<'a>(
    py: Python<'_>,
    what: &'static str,
    array: &'a Bound<'_, PyUntypedArray>,
) -> PyResult<Array<'a>> {
    let (start, dtype, layout) = describe(py, what, array)?;
    // SAFETY: NumPy owns the samples that shape and strides reach, `describe` checked their type and
    // alignment, and the caller holds a reference to the array for `'a`.
    Ok(unsafe { Array::from_raw(start, dtype, layout) })
}

/// A view of an array that is written.
pub(crate) fn write<'a>(
    py: Python<'_>,
    what: &'static str,
    array: &'a Bound<'_, PyUntypedArray>,
) -> PyResult<ArrayMut<'a>> {
    let (start, dtype, layout) = describe(py, what, array)?;
    // SAFETY: the pointer is that of a live array.
    let flags = unsafe { (*array.as_array_ptr()).fields.flags };
    if flags & NPY_ARRAY_WRITEABLE == 0 {
        let message = format!("{what} is read-only; pass a writeable array");
        return Err(exception(py, "InvalidInputError", &message, "read-only")?);
    }
    // SAFETY: as in `read`; the array is writeable, and `compute` lets nobody else touch it.
    Ok(unsafe { ArrayMut::from_raw(start.cast_mut(), dtype, layout) })
}

/// First sample, type and layout (in samples) of an array.
fn describe(
    py: Python<'_>,
    what: &'static str,
    array: &Bound<'_, PyUntypedArray>,
) -> PyResult<(*const u8, DType, Layout)> {
    let descr = array.dtype();
    let dtype = dtype_of(descr.kind(), descr.itemsize());
    // SAFETY: the pointer is that of a live array.
    let start = unsafe { (*array.as_array_ptr()).fields.data.cast_const().cast::<u8>() };
    let size = descr.itemsize().max(1).cast_signed();
    let strides = array.strides();
    // NumPy makes no promise about an array without samples; it is never read.
    let aligned = array.shape().contains(&0)
        || (start.addr().is_multiple_of(size.unsigned_abs().min(8))
            && array.shape().iter().zip(strides).all(|(&n, stride)| n < 2 || stride % size == 0));
    let (Some(dtype), true, Some(true)) =
        (dtype, aligned, descr.is_native_byteorder().or(Some(true)))
    else {
        let message = format!(
            "{what} of type {descr} is not one the engine reads as it lies; use astype first"
        );
        return Err(exception(py, "UnsupportedDtypeError", &message, "dtype")?);
    };
    let strides: Vec<_> = strides.iter().map(|stride| stride / size).collect();
    let layout = Layout::new(what, array.shape(), &strides).map_err(|e| raise(py, &e))?;
    Ok((start, dtype, layout))
}

/// The engine's type for a NumPy kind and item size.
fn dtype_of(kind: u8, size: usize) -> Option<DType> {
    Some(match (kind, size) {
        (b'b', 1) => DType::Bool,
        (b'u', 1) => DType::U8,
        (b'i', 1) => DType::I8,
        (b'u', 2) => DType::U16,
        (b'i', 2) => DType::I16,
        (b'u', 4) => DType::U32,
        (b'i', 4) => DType::I32,
        (b'u', 8) => DType::U64,
        (b'i', 8) => DType::I64,
        (b'f', 4) => DType::F32,
        (b'f', 8) => DType::F64,
        _ => return None,
    })
}
