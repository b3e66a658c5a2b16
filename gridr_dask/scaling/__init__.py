"""Arrays that several processes of one host see without copying them."""

from gridr_dask.scaling.choice import BackendChoice, explain_backend, get_backend, set_backend
from gridr_dask.scaling.segments import remove_orphans
from gridr_dask.scaling.shared_array import SharedArray, create_and_register, shared_array_wrap

__all__ = [
    "BackendChoice",
    "SharedArray",
    "create_and_register",
    "explain_backend",
    "get_backend",
    "remove_orphans",
    "set_backend",
    "shared_array_wrap",
]
