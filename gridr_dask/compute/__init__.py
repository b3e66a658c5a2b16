"""The pixels: numpy in, numpy out. The only room that calls the extension."""

from gridr_dask.compute.kernels import kernel_from_name, kernel_names
from gridr_dask.compute.resample import Blocks, Nodes, resample_window

__all__ = ["Blocks", "Nodes", "kernel_from_name", "kernel_names", "resample_window"]
