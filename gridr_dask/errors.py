"""Exceptions of the package: what is wrong, the values, and a stable code for programs."""

import errno

__all__ = [
    "BufferExistsError",
    "BufferNotFoundError",
    "BufferStateError",
    "CoverageError",
    "GridrError",
    "InvalidInputError",
    "MissingDependencyError",
    "SharedMemoryError",
    "UnsupportedDtypeError",
]


class GridrError(Exception):
    """Base of every exception that the package raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong, the values, and the way out.
    code : str
        Stable kebab-case name of the fault; new ones may come, old ones keep their meaning.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, code)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidInputError(GridrError, ValueError):
    """An argument whose value, shape or range is wrong."""


class UnsupportedDtypeError(GridrError, TypeError):
    """Samples of a type that the asked operation cannot work on."""


class CoverageError(GridrError, RuntimeError):
    """A position needs a source sample that was not delivered: a fault of the plan, never clamped."""


class MissingDependencyError(GridrError, ImportError):
    """A package that is not installed; the text names the extra that brings it."""


class SharedMemoryError(GridrError, OSError):
    """The system has no room for a shared array."""

    errno = errno.ENOSPC


class BufferExistsError(SharedMemoryError, FileExistsError):
    """A shared array of this name is there already."""

    errno = errno.EEXIST


class BufferNotFoundError(SharedMemoryError, FileNotFoundError, RuntimeError):
    """The buffer of a shared array is gone, or cannot be reached from this process."""

    errno = errno.ENOENT


class BufferStateError(GridrError, RuntimeError):
    """A shared array that has a buffer was asked to create another."""
