"""The pixels: numpy in, numpy out. The only room that calls the extension."""

from gridr_dask.compute.blocks import Blocks, Nodes
from gridr_dask.compute.interpolators import get_interpolator
from gridr_dask.compute.kernels import kernel_names, kernel_of
from gridr_dask.compute.resample import resample_window
from gridr_dask.compute.validity import SampleRule, SourceMask

__all__ = [
    "Blocks",
    "Nodes",
    "SampleRule",
    "SourceMask",
    "get_interpolator",
    "kernel_names",
    "kernel_of",
    "resample_window",
]
