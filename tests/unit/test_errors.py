"""Exceptions keep their class, text and code on the way between processes."""

import copy
import pickle

import pytest

from gridr_dask import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_exception_survives_pickling(cls, protocol):
    error = cls("window rows [4, 9) exceed 5", "window")
    error.add_note("while resampling the variable 'a'")
    back = pickle.loads(pickle.dumps(error, protocol))
    assert type(back) is cls
    assert str(back) == "window rows [4, 9) exceed 5"
    assert back.code == "window"
    assert back.__notes__ == error.__notes__


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_exception_survives_copying(cls):
    assert copy.copy(cls("text", "code")).code == "code"


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.InvalidInputError, ValueError),
        (errors.UnsupportedDtypeError, TypeError),
        (errors.CoverageError, RuntimeError),
        (errors.SharedMemoryError, OSError),
        (errors.BufferExistsError, FileExistsError),
        (errors.BufferNotFoundError, FileNotFoundError),
        (errors.BufferNotFoundError, RuntimeError),
        (errors.BufferStateError, RuntimeError),
    ],
)
def test_an_exception_is_what_python_users_expect(cls, builtin):
    assert issubclass(cls, builtin)
    assert issubclass(cls, errors.GridrError)


@pytest.mark.distributed
def test_an_exception_of_a_worker_reaches_the_client(client):
    future = client.submit(_fail, pure=False)
    with pytest.raises(errors.CoverageError, match="sample") as caught:
        future.result()
    assert caught.value.code == "uncovered"


def _fail():
    raise errors.CoverageError("sample (3, 4) is missing", "uncovered")
