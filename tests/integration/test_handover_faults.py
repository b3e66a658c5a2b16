"""Blocks between workers when one is killed or runs short of something: the values stay right."""

import os
import resource
import signal
import time
from itertools import count, islice

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Event, wait

from gridr_dask.scaling import SharedMemoryPlugin, explain
from tests.integration.handing import (
    MIB,
    NAME,
    addresses,
    cluster,
    counts,
    digest,
    give,
    is_mapped,
    made,
    total,
)
from tests.processes import wait_for

pytestmark = pytest.mark.distributed


def test_what_cannot_be_put_into_a_block_goes_as_bytes(handing_client):
    first, second = addresses(handing_client)
    wait(handing_client.submit(is_mapped, give(handing_client, first, made), workers=second))

    def fail(dask_worker):
        dask_worker.plugins[NAME].handover.pool.copy = None

    handing_client.run(fail, workers=[first])
    block = give(handing_client, first, lambda: made(1))
    assert handing_client.submit(digest, block, workers=second).result() == digest(made(1))


def test_a_broker_that_was_closed_is_no_failure(handing_client):
    first, second = addresses(handing_client)
    wait(handing_client.submit(is_mapped, give(handing_client, first, made), workers=second))
    handing_client.run(lambda dask_worker: dask_worker.plugins[NAME].handover.broker.close(), workers=[first])
    block = give(handing_client, first, lambda: made(1))
    assert handing_client.submit(digest, block, workers=second).result() == digest(made(1))
    assert "the socket of its broker was closed" in handing_client.run(explain)[first]


def test_a_broker_that_does_not_answer_is_no_failure(handing_client):
    first, second = addresses(handing_client)
    wait(handing_client.submit(is_mapped, give(handing_client, first, made), workers=second))

    def forget(dask_worker):
        # The broker runs on, but denies to have any block.
        dask_worker.plugins[NAME].handover.pool.find = lambda token: None

    handing_client.run(forget, workers=[first])
    block = give(handing_client, first, lambda: made(1))
    assert handing_client.submit(digest, block, workers=second).result(timeout=60) == digest(made(1))
    assert handing_client.run(explain)[first].startswith("on: 0 workers of this host are proven")


def kill(client, address):
    os.kill(client.run(os.getpid)[address], signal.SIGKILL)
    wait_for(lambda: address not in addresses(client) and len(addresses(client)) == 2, pause=0.1)


def test_who_has_mapped_a_block_has_it_after_the_owner_was_killed():
    with cluster() as client:
        first, second = addresses(client)
        block = give(client, first, lambda: (os.getpid(), made()))
        client.replicate([block])
        kill(client, first)
        (third,) = {*addresses(client)} - {second}
        # It was not computed again, since it was not lost; and it is handed on.
        pid, array = client.submit(lambda x: (x[0], digest(x[1])), block, workers=third).result()
        assert pid not in client.run(os.getpid).values()
        assert array == digest(made())
        assert counts(client)[second] == {"handed": 1, "moved": 0, "refused": 0}


@pytest.mark.slow
def test_a_job_ends_with_the_right_bytes_though_workers_are_killed():
    def slowly(block):
        if block[0, 0] % 2:  # half of them: the others are results that get lost
            Event("killed").wait()
        return block + np.uint8(1)

    rows = da.map_blocks(
        lambda block_info=None: made(block_info[None]["chunk-location"][0]).reshape(1, -1),
        chunks=((1,) * 12, 2 * MIB),
        dtype="u1",
        meta=np.empty((0, 0), "u1"),
    )
    lazy = rows.map_overlap(slowly, depth={0: 1}, boundary="periodic", meta=np.empty((0, 0), "u1"))
    expected = np.stack([made(row) + np.uint8(1) for row in range(12)])
    with cluster() as client:
        future = client.compute(lazy)
        for _ in range(2):
            time.sleep(1)  # so that there is something to lose
            kill(client, addresses(client)[0])
        assert not future.done()
        Event("killed", client=client).set()
        assert digest(future.result(timeout=200)) == digest(expected)


def limit_descriptors(left):
    """Leave this process so many descriptors beyond those that it has."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    listed = map(int, os.listdir("/proc/self/fd"))
    # Without the one that the list itself was read through.
    taken = {number for number in listed if os.path.exists(f"/proc/self/fd/{number}")}
    # The limit is one of numbers, and a process that was started late has gaps between them.
    free = (number for number in count() if number not in taken)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next(islice(free, left, None)), hard))


@pytest.mark.parametrize("left", [2, 6, 20])
def test_workers_with_few_descriptors_send_bytes(handing_client, left):
    first, second = addresses(handing_client)
    wait(handing_client.submit(is_mapped, give(handing_client, first, made), workers=second))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    handing_client.run(limit_descriptors, left)
    try:
        blocks = [give(handing_client, first, lambda seed=seed: made(seed)) for seed in range(30)]
        got = [
            handing_client.submit(lambda block: (is_mapped(block), digest(block)), block, workers=second)
            for block in blocks
        ]
        mapped, digests = zip(*(each.result(timeout=100) for each in got), strict=True)
    finally:
        handing_client.run(resource.setrlimit, resource.RLIMIT_NOFILE, before)
    assert list(digests) == [digest(made(seed)) for seed in range(30)]
    assert sum(mapped) < 30


def test_a_limit_of_64_descriptors_allows_a_few_blocks():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def lower(dask_worker):
        dask_worker.plugins  # noqa: B018 - so that it is called at a worker
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))

    with cluster(plugin=False) as client:
        client.run(lower)
        client.register_plugin(SharedMemoryPlugin())
        first, second = addresses(client)
        blocks = [give(client, first, lambda seed=seed: made(seed)) for seed in range(20)]
        got = client.submit(lambda *blocks: [digest(block) for block in blocks], *blocks, workers=second)
        assert got.result(timeout=100) == [digest(made(seed)) for seed in range(20)]
        done = counts(client)[first]
        assert done["handed"] > 0
        assert done["refused"] > 0


def spilled(dask_worker):
    return len(dask_worker.data.disk)


@pytest.mark.slow
def test_blocks_are_spilled_as_bytes():
    options = {
        "distributed.worker.memory.target": 0.4,
        "distributed.worker.memory.spill": 0.6,
        "distributed.worker.memory.terminate": False,
    }
    with dask.config.set(options), cluster(memory_limit=400 * MIB) as client:
        first, second = addresses(client)
        blocks = [give(client, first, lambda seed=seed: made(seed, 16 * MIB)) for seed in range(20)]
        assert client.run(spilled)[first] > 0
        replicas = [client.submit(lambda x: x, block, workers=second) for block in blocks]
        wait(replicas)
        assert client.run(spilled)[second] > 0
        assert total(client) > 0
        for seed, replica in enumerate(replicas):
            got = client.submit(digest, replica, workers=first, pure=False)
            assert got.result(timeout=100) == digest(made(seed, 16 * MIB))
