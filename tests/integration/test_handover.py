"""Blocks between worker processes of one host: their values are those of the bytes that were sent."""

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from distributed import futures_of, wait

import gridr_dask  # noqa: F401 - registers the accessor
from tests.integration.handing import MIB, addresses, counts, digest, give, is_mapped, made, total
from tests.processes import wait_for

pytestmark = pytest.mark.distributed


def test_a_peer_maps_a_block_of_any_task_and_the_owner_too(handing_client):
    first, second = addresses(handing_client)
    block = give(handing_client, first, made)
    assert not handing_client.submit(is_mapped, block, workers=first, pure=False).result()
    assert handing_client.submit(is_mapped, block, workers=second, pure=False).result()
    # The owner puts the block in its place when its answer has gone out.
    wait_for(lambda: handing_client.submit(is_mapped, block, workers=first, pure=False).result())
    assert handing_client.submit(digest, block, workers=second).result() == digest(made())
    assert handing_client.submit(digest, block, workers=first, pure=False).result() == digest(made())
    assert counts(handing_client) == {
        first: {"handed": 1, "moved": 1, "refused": 0},
        second: {"handed": 0, "moved": 0, "refused": 0},
    }


@pytest.mark.parametrize(
    "value",
    [
        lambda: made().reshape(512, -1).T,
        lambda: made()[::3],
        lambda: made().view(">f8"),
        lambda: made().view("M8[ns]"),
        lambda: made().view([("a", "u1"), ("b", ">u2"), ("c", "u1")]),
        lambda: np.ma.masked_greater(made().astype(float), 100),
        lambda: np.array([made(), None], object),
        lambda: np.broadcast_to(made(size=4), (MIB, 4)),
        lambda: made(size=100),
        lambda: (made(), made(1) > 5),
        lambda: [made(), {"a": made(1)}, "text"],
        lambda: xr.DataArray(made()),
    ],
)
def test_a_value_is_the_same_by_block_and_by_bytes(handing_client, value):
    first, second = addresses(handing_client)
    got = handing_client.submit(digest, give(handing_client, first, value), workers=second).result()
    assert got == digest(value())


def test_arrays_within_a_value_are_handed_over_too(handing_client):
    first, second = addresses(handing_client)
    pair = give(handing_client, first, lambda: (made(), made(1)))
    assert handing_client.submit(lambda p: [is_mapped(a) for a in p], pair, workers=second).result() == [
        True,
        True,
    ]
    assert total(handing_client) == 2


def add_one(block):
    block += 1
    return block


def test_what_is_written_in_place_stays_where_it_is(handing_client):
    first, second = addresses(handing_client)
    block = give(handing_client, first, made)
    changed = handing_client.submit(add_one, block, workers=second)
    wait(changed)
    # The owner does not see it, and who gets the changed one gets just that.
    assert handing_client.submit(digest, block, workers=first, pure=False).result() == digest(made())
    assert handing_client.submit(digest, changed, workers=first).result() == digest(made() + 1)
    again = handing_client.submit(add_one, changed, workers=first)
    assert handing_client.submit(digest, again, workers=second).result() == digest(made() + 2)
    assert handing_client.submit(digest, changed, workers=second, pure=False).result() == digest(made() + 1)


def test_what_the_owner_writes_later_is_not_seen_by_who_has_it(handing_client):
    first, second = addresses(handing_client)
    block = give(handing_client, first, made)
    replica = handing_client.submit(lambda x: x, block, workers=second)
    wait(replica)
    wait(handing_client.submit(add_one, block, workers=first))
    assert handing_client.submit(digest, replica, workers=second).result() == digest(made())


def test_clients_get_bytes(handing_client):
    first, second = addresses(handing_client)
    block = give(handing_client, first, made)
    wait(handing_client.submit(is_mapped, block, workers=second))
    assert digest(handing_client.gather(block, direct=True)) == digest(made())
    assert digest(handing_client.gather(block, direct=False)) == digest(made())
    assert not is_mapped(handing_client.gather(block))
    assert total(handing_client) == 1


def test_replicas_made_by_dask_are_mapped(handing_client):
    block = give(handing_client, addresses(handing_client)[0], made)
    handing_client.replicate([block])
    assert total(handing_client) == 1
    key = block.key
    assert list(handing_client.run(lambda dask_worker: is_mapped(dask_worker.data[key])).values()) == [
        True,
        True,
    ]
    assert handing_client.submit(digest, block).result() == digest(made())


SCENES = {
    "nearest": {"interp": "nearest"},
    "cubic, f4": {"interp": "cubic", "dtype": "f4"},
    "spline, validity": {"interp": "bspline5", "return_mask": True},
    "mask": {"interp": "linear", "return_mask": True, "src_nodata": 7},
}


@pytest.mark.parametrize("scene", SCENES)
def test_resampling_gives_the_bytes_of_numpy(handing_client, scene):
    how, size, step = SCENES[scene], 2048, 32
    image = made(3, size * size).reshape(size, size).astype(how.get("dtype", "u2"))
    nodes = np.arange(size // step) * float(step)
    down, right = np.meshgrid(nodes, nodes, indexing="ij")
    grid = down + 0.2 * right - 100, right - 0.2 * down + 300
    whole = resampled(image, grid, step, how, None)
    halves = [
        give(handing_client, worker, lambda half=half: half)
        for worker, half in zip(addresses(handing_client), np.split(image, 2), strict=True)
    ]
    blocks = [da.from_delayed(half, (size // 2, size), image.dtype) for half in halves]
    lazy = resampled(da.concatenate(blocks), grid, step, how, 1000)
    got = dask.compute(lazy, scheduler=handing_client)[0]
    assert total(handing_client) > 0
    assert [digest(ours.values) for ours in got] == [digest(expected.values) for expected in whole]


def resampled(source, grid, step, how, chunks):
    how = {name: value for name, value in how.items() if name != "dtype"}
    source = xr.DataArray(source, dims=("y", "x"))
    once = source.gridr.resample(grid, grid_resolution=(step, step), chunks=chunks, **how)
    # Blocks of our tasks are the source of the next call.
    values = once[0] if how.get("return_mask") else once
    twice = values.gridr.resample(grid, grid_resolution=(step, step), chunks=chunks, **how)
    return [*once, *twice] if how.get("return_mask") else [once, twice]


def test_our_own_results_are_made_in_blocks_once_they_are_asked_for(handing_client):
    first, second = addresses(handing_client)
    block = da.from_delayed(
        give(handing_client, first, lambda: made(0, 4 * MIB).reshape(2048, 2048)), (2048, 2048), "u1"
    )
    source = xr.DataArray(block, dims=("y", "x"))

    def one(shift):
        lazy = source.gridr.resample((1, 0, shift, 0, 1, 0), shape=(2048, 2048), chunks=-1).data
        (future,) = futures_of(handing_client.persist(lazy, workers=first))
        wait(future)
        return future

    def asked(future):
        return handing_client.submit(digest, future, workers=second).result()

    ordinary = one(0.25)
    assert not handing_client.submit(is_mapped, ordinary, workers=first).result()
    expected = asked(ordinary)
    assert counts(handing_client)[first] == {"handed": 1, "moved": 1, "refused": 0}
    born = one(0.25 + 1e-12)  # the same position, but another name
    assert handing_client.submit(is_mapped, born, workers=first).result()
    assert asked(born) == expected
    assert counts(handing_client)[first] == {"handed": 2, "moved": 1, "refused": 0}
