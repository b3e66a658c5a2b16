"""Shared arrays: NumPy arrays whose bytes other processes of the host see without a copy."""

from __future__ import annotations

import errno
import functools
import logging
import math
import operator
import os
import re
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gridr_dask.errors import (
    BufferNotFoundError,
    BufferStateError,
    InvalidInputError,
    SharedMemoryError,
    UnsupportedDtypeError,
)
from gridr_dask.scaling import buffers
from gridr_dask.scaling.choice import BACKENDS, candidates, explain_backend, get_backend, set_backend

__all__ = [
    "SharedArray",
    "create_and_register",
    "explain_backend",
    "get_backend",
    "set_backend",
    "shared_array_wrap",
]

P = ParamSpec("P")
R = TypeVar("R")

_logger = logging.getLogger(__name__)
_LONGEST_NAME = 200
"""Bytes; a file name has 255, of which the identity of the creator takes some."""
_BUILT = re.compile(r"\d+-.*-\d{6}-\d{4}-\d{4}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.DOTALL)


class SharedArray:
    """A NumPy array in memory that worker processes share.

    The object describes the array. `create` allocates its buffer, `load` attaches to one that exists, and
    both put a view of all of it into `array`. Whoever called `create` owns the buffer, and `destroy` releases
    it; arrays taken from `array` stay usable for as long as they live, whatever happens to the object.

    An object can be pickled. What arrives is a description that `load` attaches; the samples are not sent.

    Parameters
    ----------
    shape : sequence of int
        Lengths of the axes, all positive.
    dtype : dtype
        Any type but those that hold Python objects.
    name : str
        What the buffer is known by; `build_name` makes one.
    array_slice : tuple of slice, optional
        The part of the buffer that `array` shows.
    backend : {"shm", "mmap", "memfd"}, optional
        Where to put the buffer; by default what `get_backend` says, or what fits.

    Attributes
    ----------
    COUNTER : int
        How many names this process has built.

    Notes
    -----
    Nothing locks the samples. Processes that write to different parts need no lock; those that change the
    same ones do.
    """

    COUNTER: ClassVar[int] = 0

    def __init__(
        self,
        shape: Iterable[int],
        dtype: DTypeLike,
        name: str,
        array_slice: tuple[slice, ...] | None = None,
        *,
        backend: str | None = None,
    ) -> None:
        self.shape = _checked_shape(shape)
        self.dtype = np.dtype(dtype)
        self.name = _checked_name(name)
        self.array_slice = _checked_slice(array_slice, len(self.shape))
        if self.dtype.hasobject:
            raise UnsupportedDtypeError(
                f"dtype={self.dtype} holds Python objects, which stay in one process", "dtype"
            )
        if not 0 < self.nbytes <= sys.maxsize:
            raise InvalidInputError(f"shape={self.shape} of {self.dtype} is {self.nbytes} bytes", "shape")
        if backend is not None and backend not in BACKENDS:
            raise InvalidInputError(f"backend={backend!r} must be one of {BACKENDS}", "backend")
        self._asked = backend
        self._backend = backend or candidates(self.nbytes)[0]
        self._buffer: buffers.Buffer | None = None
        self._view: NDArray[Any] | None = None
        self._creator: int | None = None

    @property
    def backend(self) -> str:
        """Where the buffer is; an automatic choice is settled by `create`, which knows what fits."""
        return self._backend

    @property
    def nbytes(self) -> int:
        """Bytes of the buffer."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def array(self) -> NDArray[Any] | None:
        """The samples, or the part of them that `array_slice` selects; None while not attached."""
        if self._view is None or self.array_slice is None:
            return self._view
        part: NDArray[Any] = self._view[self.array_slice]
        return part

    def create(self) -> None:
        """Allocate the buffer, filled with zeros, and attach to it.

        Raises
        ------
        SharedMemoryError
            If there is no room for it.
        BufferExistsError
            If there is a buffer of this name.
        BufferStateError
            If the object has a buffer already.
        """
        if self._buffer is not None:
            raise BufferStateError(f"{self!r} has a buffer already: load() attaches to it", "created-twice")
        self._buffer = self._allocated()
        self._backend = self._buffer.kind
        self._creator = os.getpid()
        try:
            self._attach()
        except BaseException:
            self.destroy()
            raise

    def load(self) -> None:
        """Attach to the buffer; nothing happens if that is done already.

        Raises
        ------
        BufferNotFoundError
            If it is gone, or cannot be reached from this process.
        """
        if self._view is not None:
            return
        if self._buffer is None:
            self._buffer = buffers.find(self._backend, self.name)
        if self._buffer is None:
            raise BufferNotFoundError(
                f"there is no buffer of the name {self.name!r} that this process can reach ({self._backend})",
                "buffer-not-found",
            )
        self._attach()

    def close(self) -> None:
        """Drop the view; the buffer stays."""
        self._view = None

    def destroy(self) -> None:
        """Release the buffer if this object has created it in this process, and detach in any case."""
        buffer, creator = self._buffer, self._creator
        self._buffer = self._view = self._creator = None
        if buffer is not None and creator == os.getpid():
            buffer.remove()

    def get_passing_payload(self) -> dict[str, Any]:
        """Return a description for `from_payload`, a plain dict.

        For memfd it has the number of a file descriptor, which is valid in this process and in those that
        inherit it. Pickling the object itself is simpler, and hands the descriptor over.
        """
        # Only types whose text says everything become one.
        text = self.dtype.str if np.dtype(self.dtype.str) == self.dtype else self.dtype
        payload: dict[str, Any] = {
            "kind": self._backend,
            "shape": self.shape,
            "dtype": text,
            "name": self.name,
            "array_slice": self.array_slice,
        }
        if self._backend == buffers.MemoryFile.kind:
            if not isinstance(self._buffer, buffers.MemoryFile):
                raise BufferStateError(f"{self!r} has no buffer yet: call create() first", "not-created")
            payload["backend"] = self._buffer.describe()
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return an attached array for what `get_passing_payload` has returned.

        Raises
        ------
        BufferNotFoundError
            If the buffer is gone, if a descriptor stands for another file in this process, and always for
            mmap, whose buffers have nothing to be found by.
        """
        try:
            kind = payload["kind"]
            if kind not in BACKENDS:
                raise InvalidInputError(f"payload: kind={kind!r} must be one of {BACKENDS}", "payload")
            if kind == "mmap":
                raise BufferNotFoundError(
                    "an mmap array cannot be found from a payload: send the object itself to a forked "
                    "process, or use the backend memfd or shm",
                    "buffer-not-found",
                )
            described = (payload[key] for key in ("shape", "dtype", "name", "array_slice"))
            shared = cls(*described, backend=kind)
            if kind == buffers.MemoryFile.kind:
                shared._buffer = buffers.MemoryFile.from_description(payload["backend"], shared.name)
        except KeyError as error:
            raise InvalidInputError(f"payload: {error} is missing", "payload") from None
        shared.load()
        return shared

    @classmethod
    def clone(cls, sa: SharedArray, **override: Any) -> Self:
        """Return another description of the buffer of `sa`, on the same backend.

        It is attached if `sa` has a buffer, but for shm, where `load` does it. It does not own the buffer.

        Parameters
        ----------
        sa : SharedArray
            What to describe.
        **override
            ``shape``, ``dtype``, ``name`` or ``array_slice``, where they differ. The bytes must be as many.
        """
        described = {"shape": sa.shape, "dtype": sa.dtype, "name": sa.name, "array_slice": sa.array_slice}
        clone = cls(**(described | override), backend=sa.backend)
        clone._buffer = sa._buffer
        if clone._buffer is not None:
            clone._check_size(clone._buffer)
            if clone.backend != "shm":
                clone.load()
        return clone

    @classmethod
    def build_name(cls, prefix: str | None = None) -> str:
        """Return a name that no other array has: ``<counter>-<prefix>-<date and time>-<random>``."""
        with _counter.lock:
            SharedArray.COUNTER += 1
            count = SharedArray.COUNTER
        return f"{count}-{prefix or ''}-{datetime.now():%Y%m-%d%H-%M%S}-{uuid.uuid4()}"

    build_sma_name = build_name  # as SharedMemoryArray called it

    @classmethod
    def clear_buffers(cls, buffers: Iterable[Any]) -> None:
        """Release the buffers of all arrays in a list; what fails is logged.

        The list may hold names of shm arrays too, such as `build_name` makes: others are somebody else's.
        """
        for item in buffers:
            try:
                if isinstance(item, SharedArray):
                    item.destroy()
                elif isinstance(item, str):
                    _remove_by_name(item)
            except Exception:
                _logger.warning("the shared array %r is not released", item, exc_info=True)

    def __enter__(self) -> Self:
        """Attach to the buffer, or create it if the object has none."""
        if self._buffer is None:
            self.create()
        else:
            self.load()
        return self

    def __exit__(self, *exception: object) -> None:
        """Destroy the buffer if this object has created it, else close."""
        if self._creator == os.getpid():
            self.destroy()
        else:
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the samples and the ownership."""
        return {**self.__dict__, "_view": None, "_creator": None}

    def __repr__(self) -> str:
        attached = "" if self._view is not None else ", not attached"
        return f"<SharedArray {self.name!r} {self.shape} {self.dtype} on {self._backend}{attached}>"

    def _allocated(self) -> buffers.Buffer:
        *others, last = (self._asked,) if self._asked else candidates(self.nbytes)
        for backend in others:
            try:
                return buffers.create(backend, self.name, self.nbytes)
            except SharedMemoryError as error:
                if error.errno != errno.ENOSPC:
                    raise
                _logger.debug("%s has filled up meanwhile: %s", backend, error)
        return buffers.create(last, self.name, self.nbytes)

    def _attach(self) -> None:
        assert self._buffer is not None
        self._check_size(self._buffer)
        self._view = np.ndarray(self.shape, self.dtype, self._buffer.map())

    def _check_size(self, buffer: buffers.Buffer) -> None:
        if buffer.size != self.nbytes:
            raise InvalidInputError(
                f"shape={self.shape} of {self.dtype} is {self.nbytes} bytes, "
                f"but the buffer of {buffer.name!r} has {buffer.size}",
                "shape",
            )


def create_and_register(
    shape: Iterable[int],
    dtype: DTypeLike,
    register: list[Any],
    prefix: str | None = None,
    *,
    backend: str | None = None,
) -> SharedArray:
    """Return a new shared array with a name of its own, and append it to `register`.

    `SharedArray.clear_buffers` releases all of a register. `backend` is as for `SharedArray`.
    """
    append = register.append
    shared = SharedArray(shape, dtype, SharedArray.build_name(prefix), backend=backend)
    shared.create()
    append(shared)
    return shared


def shared_array_wrap(func: Callable[P, R]) -> Callable[..., R]:
    """Decorate a function of arrays so that it takes shared arrays for them.

    Arguments that are a `SharedArray` are loaded, handed on as `array`, and closed at the end; not so those
    inside of lists and other containers.
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> R:
        with ExitStack() as closing:

            def attached(value: Any) -> Any:
                if not isinstance(value, SharedArray):
                    return value
                closing.callback(value.close)
                value.load()
                return value.array

            return func(
                *(attached(value) for value in args),
                **{key: attached(value) for key, value in kwargs.items()},
            )

    return wrapped


class _Counter:
    """The lock of `SharedArray.COUNTER`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def begin_again(self) -> None:
        """Count for a process that was just forked; another thread may have held the lock."""
        self.lock = threading.Lock()
        SharedArray.COUNTER = 0


_counter = _Counter()
os.register_at_fork(after_in_child=_counter.begin_again)


def _remove_by_name(name: str) -> None:
    if _BUILT.fullmatch(name) is None:
        raise InvalidInputError(f"{name!r} is no name that SharedArray.build_name() makes", "name")
    if (buffer := buffers.find("shm", name)) is not None:
        buffer.remove()


def _checked_shape(shape: Iterable[int]) -> tuple[int, ...]:
    try:
        lengths = tuple(operator.index(length) for length in shape)
    except TypeError:
        raise TypeError(f"shape={shape!r} must be a sequence of integers") from None
    if any(length < 1 for length in lengths):
        raise InvalidInputError(
            f"shape={lengths} must be positive: no memory of 0 bytes can be shared", "shape"
        )
    return lengths


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name or "/" in name or "\0" in name:
        raise InvalidInputError(
            f"name={name!r} must be a text without '/'; SharedArray.build_name() makes one", "name"
        )
    if len(os.fsencode(name)) > _LONGEST_NAME:
        raise InvalidInputError(f"name={name!r} must not be longer than {_LONGEST_NAME} bytes", "name")
    return name


def _checked_slice(array_slice: tuple[slice, ...] | None, axes: int) -> tuple[slice, ...] | None:
    if array_slice is None:
        return None
    parts = tuple(array_slice)
    if len(parts) > axes or not all(isinstance(part, slice) for part in parts):
        raise InvalidInputError(
            f"array_slice={array_slice!r} must be a tuple of up to {axes} slices", "array-slice"
        )
    return parts
