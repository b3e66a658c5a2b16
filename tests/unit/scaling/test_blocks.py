"""Arrays in memory files: their values, who sees what is written, and what they may take."""

import mmap
import os

import numpy as np
import pytest

from gridr_dask.scaling import blocks, memfd
from gridr_dask.scaling.blocks import Limits, Pool, is_untouched
from tests.unit.scaling.pools import filled, number_of_files, want


@pytest.mark.parametrize(
    "turned",
    [
        lambda a: a,
        lambda a: a.T,
        lambda a: a[::2, 1:],
        lambda a: a[::-1],
        lambda a: np.asfortranarray(a),
        lambda a: a[:1, :1],
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "f8", ">i4", "c16", "M8[s]", "?", "S5", [("a", "u1"), ("b", "f4")]])
def test_a_copy_has_type_shape_and_bytes_of_the_array(pool, turned, dtype):
    dtype = np.dtype(dtype)
    array = turned((np.arange(48 * dtype.itemsize) % 2).astype("u1").view(dtype).reshape(6, 8))
    copied = pool.copy(array)
    assert (copied.dtype, copied.shape, copied.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert not array.flags.forc or copied.strides == array.strides
    assert pool.block_of(copied) is not None


def test_a_copy_is_writeable_where_the_array_is(pool):
    array = filled()
    array.flags.writeable = False
    assert not pool.copy(array).flags.writeable
    assert pool.copy(array.copy()).flags.writeable


def test_neither_sees_what_the_other_writes(pool):
    array = filled()
    copied = pool.copy(array)
    array[:] = 1
    assert copied.tobytes() == filled().tobytes()
    copied[:] = 2
    assert array.max() == 1


def test_the_kernel_tells_which_blocks_were_written(pool):
    copied = pool.copy(filled())
    _, mapping = pool.block_of(copied)
    assert is_untouched(mapping)
    copied.sum()
    assert is_untouched(mapping)
    copied[77_777] += 1
    assert not is_untouched(mapping)


def test_what_cannot_be_told_counts_as_written(pool, monkeypatch):
    _, mapping = pool.block_of(pool.copy(filled()))

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    assert not is_untouched(mapping)


def test_a_sealed_file_cannot_be_written_by_others(pool):
    block, _ = pool.block_of(pool.copy(filled()))
    with pytest.raises(PermissionError):
        memfd.map_shared(block.descriptor, 10)
    with pytest.raises(PermissionError):
        os.pwrite(block.descriptor, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(block.descriptor, 0)


def test_views_lie_in_the_block(pool):
    copied = pool.copy(filled())
    block, _ = pool.block_of(copied)
    for view in (copied[5:], copied[::-2], copied.reshape(1000, 100).T, copied.view("u2")[3:][:7]):
        assert pool.block_of(view)[0] is block
    assert pool.block_of(filled()) is None
    assert pool.block_of(np.frombuffer(mmap.mmap(-1, 10), "u1")) is None


def test_descriptors_are_closed_with_the_last_view(pool):
    before = number_of_files()
    view = pool.copy(filled())[3:]
    token = pool.block_of(view)[0].token
    assert number_of_files() > before
    assert len(pool) == 1
    assert pool.find(token) is not None
    del view
    assert number_of_files() == before
    assert len(pool) == pool.size == 0
    assert pool.find(token) is None


def test_no_more_bytes_than_the_limit():
    pool = Pool(Limits(1, 64, 250_000))
    held = [pool.copy(filled()) for _ in range(3)]
    assert [each is None for each in held] == [False, False, True]
    assert pool.size == 200_000
    del held[0]
    assert pool.copy(filled()) is not None


def test_no_more_descriptors_than_the_limit():
    pool = Pool(Limits(1, 10, 1 << 30))
    before = number_of_files()
    held = [pool.copy(filled()) for _ in range(20)]
    assert number_of_files() - before <= 10
    assert sum(each is not None for each in held) == len(pool) >= 5
    assert not pool.can_adopt()


def test_a_system_without_descriptors_is_no_failure(pool, monkeypatch):
    def refuse(*_):
        raise OSError(24, "too many open files")

    monkeypatch.setattr(memfd, "create", refuse)
    assert pool.copy(filled()) is None
    want(pool)
    assert pool.block_of(pool.empty((9,), "u1")) is None


@pytest.mark.parametrize("broken", ["map_private", "map_shared"])
def test_a_system_without_address_space_is_no_failure(pool, monkeypatch, broken):
    def refuse(*_):
        raise OSError(12, "cannot allocate memory")

    want(pool)
    monkeypatch.setattr(memfd, broken, refuse)
    array = pool.empty((100_000,), "u1")
    array[:] = filled()
    assert pool.finish(array).tobytes() == filled().tobytes()
    if broken == "map_private":
        assert pool.copy(filled()) is None


@pytest.mark.parametrize(
    ("array", "taken"),
    [
        (np.zeros(10), True),
        (np.zeros(9), False),
        (np.zeros(20, object), False),
        (np.ma.zeros(20), False),
        (np.zeros((4, 4)).view(np.matrix), False),
        (np.broadcast_to(np.zeros(1), 20), False),
        (np.zeros(20, "V0"), False),
        (np.zeros(20)[::2], True),
    ],
)
def test_blocks_are_for_plain_arrays_of_some_size(array, taken):
    assert Pool(Limits(80, 64, 1 << 20)).takes(array) == taken


def test_a_system_that_cannot_seal_is_known(monkeypatch):
    assert memfd.can_seal()

    def refuse(*_):
        raise OSError(22, "invalid argument")

    before = number_of_files()
    monkeypatch.setattr(memfd, "seal", refuse)
    assert not memfd.can_seal()
    assert number_of_files() == before


def test_the_address_of_a_mapping_is_that_of_its_first_byte(pool):
    copied = pool.copy(filled())
    _, mapping = pool.block_of(copied)
    assert blocks.address_of(mapping) == copied.__array_interface__["data"][0]
