"""Blocks between worker processes of one host: the values are those of bytes, whoever dies or runs short."""

import asyncio
import contextlib
import hashlib
import os
import pickle
import resource
import signal
import time

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from distributed import Client, Event, LocalCluster, futures_of, wait

import gridr_dask
from gridr_dask.scaling import SharedMemoryPlugin, explain

pytestmark = pytest.mark.distributed

MIB = 1 << 20
NAME = SharedMemoryPlugin.name


@contextlib.contextmanager
def cluster(plugin=True, **options):
    """A client of two worker processes, which has the fault tests' patience."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"} | options
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 20}),
        LocalCluster(silence_logs=50, **options) as local,
        Client(local) as client,
    ):
        if plugin:
            client.register_plugin(SharedMemoryPlugin())
        yield client


@pytest.fixture(scope="module")
def started():
    with cluster() as client:
        yield client


@pytest.fixture
def client(started):
    """Workers that have handed over nothing yet."""
    started.unregister_worker_plugin(NAME)
    started.register_plugin(SharedMemoryPlugin())
    return started


def addresses(client):
    return sorted(client.scheduler_info()["workers"])


def counts(client):
    """What each worker has done, by address: arrays handed over, moved before, refused."""

    def count(dask_worker):
        done = dask_worker.plugins[NAME].handover.counts
        return {"handed": done.handed, "moved": done.moved, "refused": done.refused}

    return client.run(count)


def total(client, what="handed"):
    return sum(done[what] for done in counts(client).values())


def made(seed=0, size=2 * MIB):
    return np.random.default_rng(seed).integers(0, 256, size, "u1")


def digest(value):
    """A short name of a value and its type; pytest takes minutes to tell what differs in an array."""
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(digest, value)]
    if isinstance(value, dict):
        return {name: digest(each) for name, each in value.items()}
    if isinstance(value, xr.DataArray):
        return ["DataArray", value.dims, digest(value.values)]
    if isinstance(value, np.ma.MaskedArray):
        return ["masked", digest(value.data), digest(value.mask)]
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.hasobject:
        return ["objects", value.shape, *map(digest, value.ravel())]
    return [str(value.dtype), value.shape, value.flags.writeable, hashlib.md5(value.tobytes()).hexdigest()]


def is_mapped(array):
    from mmap import mmap

    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap)


def give(client, worker, value):
    """A value of a task that is not ours, on one worker."""
    future = client.submit(lambda: value() if callable(value) else value, workers=worker, pure=False)
    wait(future)
    return future


def eventually(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_peer_maps_a_block_of_any_task_and_the_owner_too(client):
    first, second = addresses(client)
    block = give(client, first, made)
    assert not client.submit(is_mapped, block, workers=first, pure=False).result()
    assert client.submit(is_mapped, block, workers=second, pure=False).result()
    # The owner puts the block in its place when its answer has gone out.
    eventually(lambda: client.submit(is_mapped, block, workers=first, pure=False).result())
    assert client.submit(digest, block, workers=second).result() == digest(made())
    assert client.submit(digest, block, workers=first, pure=False).result() == digest(made())
    assert counts(client) == {
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
def test_a_value_is_the_same_by_block_and_by_bytes(client, value):
    first, second = addresses(client)
    got = client.submit(digest, give(client, first, value), workers=second).result()
    assert got == digest(value())


def test_arrays_within_a_value_are_handed_over_too(client):
    first, second = addresses(client)
    pair = give(client, first, lambda: (made(), made(1)))
    assert client.submit(lambda p: [is_mapped(a) for a in p], pair, workers=second).result() == [True, True]
    assert total(client) == 2


def add_one(block):
    block += 1
    return block


def test_what_is_written_in_place_stays_where_it_is(client):
    first, second = addresses(client)
    block = give(client, first, made)
    changed = client.submit(add_one, block, workers=second)
    wait(changed)
    # The owner does not see it, and who gets the changed one gets just that.
    assert client.submit(digest, block, workers=first, pure=False).result() == digest(made())
    assert client.submit(digest, changed, workers=first).result() == digest(made() + 1)
    again = client.submit(add_one, changed, workers=first)
    assert client.submit(digest, again, workers=second).result() == digest(made() + 2)
    assert client.submit(digest, changed, workers=second, pure=False).result() == digest(made() + 1)


def test_what_the_owner_writes_later_is_not_seen_by_who_has_it(client):
    first, second = addresses(client)
    block = give(client, first, made)
    replica = client.submit(lambda x: x, block, workers=second)
    wait(replica)
    wait(client.submit(add_one, block, workers=first))
    assert client.submit(digest, replica, workers=second).result() == digest(made())


def test_clients_get_bytes(client):
    first, second = addresses(client)
    block = give(client, first, made)
    wait(client.submit(is_mapped, block, workers=second))
    assert digest(client.gather(block, direct=True)) == digest(made())
    assert digest(client.gather(block, direct=False)) == digest(made())
    assert not is_mapped(client.gather(block))
    assert total(client) == 1


LOGGERS = "distributed", "distributed.core", "distributed.worker", "gridr_dask"


def test_nothing_that_gives_access_is_logged(client):
    first, second = addresses(client)

    def listen(dask_worker):
        import logging

        class Keep(logging.Handler):
            def emit(self, record):
                dask_worker.kept.append(record.getMessage())

        dask_worker.kept = []
        for name in LOGGERS:
            logging.getLogger(name).addHandler(Keep(level=logging.DEBUG))
            logging.getLogger(name).setLevel(logging.DEBUG)

    def quiet(dask_worker):
        import logging

        for name in LOGGERS:
            logging.getLogger(name).handlers.pop()
            logging.getLogger(name).setLevel(logging.ERROR)
        return dask_worker.kept

    client.run(listen)
    block = give(client, first, made)
    assert client.submit(is_mapped, block, workers=second, pure=False).result()
    name = client.run(lambda dask_worker: dask_worker.plugins[NAME].handover.broker.name)[first]
    said = "\n".join(line for kept in client.run(quiet).values() for line in kept)
    assert "gridr_probe" in said  # it did listen
    assert name not in said
    assert "Handle" not in said


def test_what_cannot_be_put_into_a_block_goes_as_bytes(client):
    first, second = addresses(client)
    wait(client.submit(is_mapped, give(client, first, made), workers=second))

    def fail(dask_worker):
        dask_worker.plugins[NAME].handover.pool.copy = None

    client.run(fail, workers=[first])
    block = give(client, first, lambda: made(1))
    assert client.submit(digest, block, workers=second).result() == digest(made(1))


def test_replicas_made_by_dask_are_mapped(client):
    block = give(client, addresses(client)[0], made)
    client.replicate([block])
    assert total(client) == 1
    key = block.key
    assert list(client.run(lambda dask_worker: is_mapped(dask_worker.data[key])).values()) == [True, True]
    assert client.submit(digest, block).result() == digest(made())


SCENES = {
    "nearest": {"interp": "nearest"},
    "cubic, f4": {"interp": "cubic", "dtype": "f4"},
    "spline, validity": {"interp": "bspline5", "return_mask": True},
    "mask": {"interp": "linear", "return_mask": True, "src_nodata": 7},
}


def resampled(source, grid, step, how, chunks):
    how = {name: value for name, value in how.items() if name != "dtype"}
    source = xr.DataArray(source, dims=("y", "x"))
    once = source.gridr.resample(grid, grid_resolution=(step, step), chunks=chunks, **how)
    # Blocks of our tasks are the source of the next call.
    values = once[0] if how.get("return_mask") else once
    twice = values.gridr.resample(grid, grid_resolution=(step, step), chunks=chunks, **how)
    return [*once, *twice] if how.get("return_mask") else [once, twice]


@pytest.mark.parametrize("scene", SCENES)
def test_resampling_gives_the_bytes_of_numpy(client, scene):
    how, size, step = SCENES[scene], 2048, 32
    image = made(3, size * size).reshape(size, size).astype(how.get("dtype", "u2"))
    nodes = np.arange(size // step) * float(step)
    down, right = np.meshgrid(nodes, nodes, indexing="ij")
    grid = down + 0.2 * right - 100, right - 0.2 * down + 300
    whole = resampled(image, grid, step, how, None)
    halves = [
        give(client, worker, lambda half=half: half)
        for worker, half in zip(addresses(client), np.split(image, 2), strict=True)
    ]
    blocks = [da.from_delayed(half, (size // 2, size), image.dtype) for half in halves]
    lazy = resampled(da.concatenate(blocks), grid, step, how, 1000)
    got = dask.compute(lazy, scheduler=client)[0]
    assert total(client) > 0
    assert [digest(ours.values) for ours in got] == [digest(expected.values) for expected in whole]


def test_our_own_results_are_made_in_blocks_once_they_are_asked_for(client):
    first, second = addresses(client)
    block = da.from_delayed(
        give(client, first, lambda: made(0, 4 * MIB).reshape(2048, 2048)), (2048, 2048), "u1"
    )
    source = xr.DataArray(block, dims=("y", "x"))

    def one(shift):
        lazy = source.gridr.resample((1, 0, shift, 0, 1, 0), shape=(2048, 2048), chunks=-1).data
        (future,) = futures_of(client.persist(lazy, workers=first))
        wait(future)
        return future

    def asked(future):
        return client.submit(digest, future, workers=second).result()

    ordinary = one(0.25)
    assert not client.submit(is_mapped, ordinary, workers=first).result()
    expected = asked(ordinary)
    assert counts(client)[first] == {"handed": 1, "moved": 1, "refused": 0}
    born = one(0.25 + 1e-12)  # the same position, but another name
    assert client.submit(is_mapped, born, workers=first).result()
    assert asked(born) == expected
    assert counts(client)[first] == {"handed": 2, "moved": 1, "refused": 0}


def test_registering_again_and_taking_off_are_harmless(client):
    first, second = addresses(client)
    client.register_plugin(SharedMemoryPlugin())
    client.register_plugin(SharedMemoryPlugin(threshold="4 MiB"), name="another")
    said = client.run(lambda dask_worker: dask_worker.plugins["another"].explain())
    assert set(said.values()) == {"off: another worker of this process hands over already"}
    block = give(client, first, made)
    assert client.submit(is_mapped, block, workers=second, pure=False).result()
    client.unregister_worker_plugin("another")
    assert all(text.startswith("on") for text in client.run(explain).values())
    client.unregister_worker_plugin(NAME)
    assert set(client.run(explain).values()) == {"off: the plugin is not registered"}
    client.run(assert_as_before)
    # Blocks from before live on, and go as bytes.
    assert client.submit(digest, block, workers=second, pure=False).result() == digest(made())
    other = give(client, first, lambda: made(1))
    assert not client.submit(is_mapped, other, workers=second, pure=False).result()
    client.register_plugin(SharedMemoryPlugin())
    third = give(client, first, lambda: made(2))
    assert client.submit(is_mapped, third, workers=second, pure=False).result()


def assert_as_before(dask_worker):
    import threading

    from distributed.protocol.numpy import serialize_numpy_ndarray
    from distributed.protocol.serialize import dask_serialize

    from gridr_dask.scaling import handles, results

    assert dask_worker.handlers["get_data"] == dask_worker.get_data
    assert "gridr_probe" not in dask_worker.handlers
    assert dask_serialize.dispatch(np.ndarray) is serialize_numpy_ndarray
    assert (results._place, handles._pool) == (None, None)
    assert not [thread for thread in threading.enumerate() if thread.name == "gridr-broker"]


def test_a_peer_without_the_plugin_gets_bytes(client):
    first, second = addresses(client)

    async def take_off(dask_worker):
        await dask_worker.plugin_remove(NAME)

    async def put_back(dask_worker):
        await dask_worker.plugin_add(SharedMemoryPlugin())

    client.run(take_off, workers=[second])
    block = give(client, first, made)
    assert client.submit(digest, block, workers=second).result() == digest(made())
    assert client.run(explain)[first].startswith("on: 0 workers of this host are proven; 0 arrays")
    client.run(put_back, workers=[second])


def test_peers_of_long_ago_are_forgotten(client):
    async def ask(dask_worker):
        from gridr_dask.scaling import handover as module

        ours, most = dask_worker.plugins[NAME].handover, module._PEERS

        async def refuse(who):
            return False

        ours._prove, module._PEERS = refuse, 3
        try:
            for name in "abcde":
                assert not await ours._is_proven(name)
        finally:
            module._PEERS = most
        return list(ours._peers)

    assert list(client.run(ask).values()) == 2 * [["c", "d", "e"]]


def test_a_probe_ends_with_the_plugin_and_the_peer_gets_bytes(client):
    async def leave(dask_worker):
        ours = dask_worker.plugins[NAME].handover
        begun = asyncio.Event()

        async def forever(who):
            begun.set()
            await asyncio.Event().wait()

        ours._prove = forever
        asked = asyncio.ensure_future(ours._is_proven("somebody"))
        await begun.wait()
        await dask_worker.plugin_remove(NAME)
        await dask_worker.plugin_add(SharedMemoryPlugin())
        return await asked, ours.proven

    assert list(client.run(leave).values()) == 2 * [(False, [])]


def test_a_broker_that_was_closed_is_no_failure(client):
    first, second = addresses(client)
    wait(client.submit(is_mapped, give(client, first, made), workers=second))
    client.run(lambda dask_worker: dask_worker.plugins[NAME].handover.broker.close(), workers=[first])
    block = give(client, first, lambda: made(1))
    assert client.submit(digest, block, workers=second).result() == digest(made(1))
    assert "the socket of its broker was closed" in client.run(explain)[first]


def test_a_broker_that_does_not_answer_is_no_failure(client):
    first, second = addresses(client)
    wait(client.submit(is_mapped, give(client, first, made), workers=second))

    def forget(dask_worker):
        # Runs on, but denies to have any block.
        dask_worker.plugins[NAME].handover.pool.find = lambda token: None
        dask_worker.plugins[NAME].handover.broker._pool = dask_worker.plugins[NAME].handover.pool

    client.run(forget, workers=[first])
    block = give(client, first, lambda: made(1))
    assert client.submit(digest, block, workers=second).result(timeout=60) == digest(made(1))
    assert client.run(explain)[first].startswith("on: 0 workers of this host are proven")


def kill(client, address):
    os.kill(client.run(os.getpid)[address], signal.SIGKILL)
    deadline = time.monotonic() + 120
    while address in addresses(client) or len(addresses(client)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)


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


def limit_descriptors(most):
    """Leave this process so many descriptors beyond those that it has."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + most, hard))


@pytest.mark.parametrize("left", [2, 6, 20])
def test_workers_with_few_descriptors_send_bytes(client, left):
    first, second = addresses(client)
    wait(client.submit(is_mapped, give(client, first, made), workers=second))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    client.run(limit_descriptors, left)
    try:
        blocks = [give(client, first, lambda seed=seed: made(seed)) for seed in range(10)]
        got = [client.submit(digest, block, workers=second) for block in blocks]
        for seed, each in enumerate(got):
            assert each.result(timeout=100) == digest(made(seed))
    finally:
        client.run(resource.setrlimit, resource.RLIMIT_NOFILE, before)


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


def test_threads_of_one_process_have_nothing_to_hand_over():
    with cluster(processes=False, protocol="inproc") as client:
        for said in client.run(explain).values():
            assert said == "off: workers are threads of one process, which share their memory"
        first, second = addresses(client)
        assert client.submit(digest, give(client, first, made), workers=second).result() == digest(made())


@pytest.mark.parametrize("option", ["preload", "preload_nanny"])
def test_a_preload_registers_the_plugin(option):
    with cluster(plugin=False, **{option: ["gridr_dask.scaling.preload"]}) as client:
        first, second = addresses(client)
        assert all(said.startswith("on") for said in client.run(explain).values())
        block = give(client, first, made)
        assert client.submit(is_mapped, block, workers=second).result()
        client.register_plugin(SharedMemoryPlugin())  # once more
        assert client.submit(is_mapped, give(client, first, made), workers=second).result()


def test_a_fraction_of_0_is_off():
    plugin = SharedMemoryPlugin(fraction=0)
    assert plugin.explain() == "off: fraction is 0, by the argument or by gridr.shared.fraction"
    assert SharedMemoryPlugin().explain() == "off: not registered at a worker"


def test_a_plugin_takes_its_settings_with_it():
    with dask.config.set({"gridr.shared.threshold": "3 MiB", "gridr.shared.fraction": 0.1}):
        plugin = SharedMemoryPlugin()
    copied = pickle.loads(pickle.dumps(plugin))
    assert (copied.threshold, copied.fraction) == (3 * MIB, 0.1)
    assert gridr_dask.scaling.SharedMemoryPlugin is SharedMemoryPlugin
