"""What of distributed is not public and yet relied on, each piece with a test of its shape.

`unknown` is asked before anything is replaced: with a release that has changed one of them, workers hand over
nothing and say which one it was.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from distributed import Worker, utils
from distributed.protocol.numpy import deserialize_numpy_ndarray
from distributed.protocol.serialize import dask_serialize

__all__ = ["HOOKS", "unknown"]

_REQUIRED = inspect.Parameter.empty


def _parameters(function: Any) -> dict[str, Any]:
    return {name: each.default for name, each in inspect.signature(function).parameters.items()}


def _handlers(worker: Worker) -> bool:
    """`Worker.handlers` is a dict whose 'get_data' takes comm, keys, who and serializers."""
    expected = {"comm": _REQUIRED, "keys": _REQUIRED, "who": None, "serializers": None}
    return _parameters(worker.handlers["get_data"]) == expected


def _data(worker: Worker) -> bool:
    """`Worker.data` is a dict, or a buffer with a `memory` for what it has not spilled."""
    return isinstance(worker.data, dict) or hasattr(worker.data, "memory")


def _limit(worker: Worker) -> bool:
    """`Worker.memory_manager` has a `memory_limit`: a number of bytes, or None."""
    return isinstance(worker.memory_manager.memory_limit, int | None)


def _plugins(worker: Worker) -> bool:
    """`Worker.plugins` is a dict of plugins by their names."""
    return isinstance(worker.plugins, dict)


def _rpc(worker: Worker) -> bool:
    """`Worker.rpc` gives, by an address, an object that calls any handler by its name."""
    return callable(worker.rpc(worker.address).gridr_probe)


def _serializer(worker: Worker) -> bool:
    """`dask_serialize` has a serializer of ndarray that takes the array and a context."""
    return _parameters(dask_serialize.dispatch(np.ndarray)) == {"x": _REQUIRED, "context": None}


def _pickled(worker: Worker) -> bool:
    """`deserialize_numpy_ndarray` unpickles the first frame after the header {'pickle': True}."""
    header, frames = dask_serialize.dispatch(np.ndarray)(np.array([None]))
    return bool(header == {"pickle": True} and deserialize_numpy_ndarray(header, frames)[0] is None)


def _offload(worker: Worker) -> bool:
    """`offload`, which serializes large messages in a thread, keeps context variables."""
    return "run_in_executor_with_context" in utils.offload.__code__.co_names


HOOKS: dict[str, Callable[[Worker], bool]] = {
    check.__name__.strip("_"): check
    for check in (_handlers, _data, _limit, _plugins, _rpc, _serializer, _pickled, _offload)
}
"""Whether each of them is as expected in the process of a worker."""


def unknown(worker: Worker) -> str | None:
    """Return what is expected of the first hook that is different, or None."""
    for check in HOOKS.values():
        try:
            known = check(worker)
        except Exception:  # whatever another release does
            known = False
        if not known:
            return inspect.getdoc(check)
    return None
