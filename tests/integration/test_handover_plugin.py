"""The plugin of workers that hand blocks over: what turns it on and off, whom it trusts, and what it says."""

import asyncio

import numpy as np
import pytest

from gridr_dask.scaling import SharedMemoryPlugin, explain
from tests.integration.handing import NAME, addresses, cluster, digest, give, is_mapped, made

pytestmark = pytest.mark.distributed


def test_registering_again_and_taking_off_are_harmless(handing_client):
    first, second = addresses(handing_client)
    handing_client.register_plugin(SharedMemoryPlugin())
    handing_client.register_plugin(SharedMemoryPlugin(threshold="4 MiB"), name="another")
    said = handing_client.run(lambda dask_worker: dask_worker.plugins["another"].explain())
    assert set(said.values()) == {"off: another worker of this process hands over already"}
    block = give(handing_client, first, made)
    assert handing_client.submit(is_mapped, block, workers=second, pure=False).result()
    handing_client.unregister_worker_plugin("another")
    assert all(text.startswith("on") for text in handing_client.run(explain).values())
    handing_client.unregister_worker_plugin(NAME)
    assert set(handing_client.run(explain).values()) == {"off: the plugin is not registered"}
    handing_client.run(assert_as_before)
    # Blocks from before live on, and go as bytes.
    assert handing_client.submit(digest, block, workers=second, pure=False).result() == digest(made())
    other = give(handing_client, first, lambda: made(1))
    assert not handing_client.submit(is_mapped, other, workers=second, pure=False).result()
    handing_client.register_plugin(SharedMemoryPlugin())
    third = give(handing_client, first, lambda: made(2))
    assert handing_client.submit(is_mapped, third, workers=second, pure=False).result()


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


def test_a_peer_without_the_plugin_gets_bytes(handing_client):
    first, second = addresses(handing_client)

    async def take_off(dask_worker):
        await dask_worker.plugin_remove(NAME)

    async def put_back(dask_worker):
        await dask_worker.plugin_add(SharedMemoryPlugin())

    handing_client.run(take_off, workers=[second])
    block = give(handing_client, first, made)
    assert handing_client.submit(digest, block, workers=second).result() == digest(made())
    assert handing_client.run(explain)[first].startswith("on: 0 workers of this host are proven; 0 arrays")
    handing_client.run(put_back, workers=[second])


def test_peers_of_long_ago_are_forgotten(handing_client):
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

    assert list(handing_client.run(ask).values()) == 2 * [["c", "d", "e"]]


def test_a_probe_ends_with_the_plugin_and_the_peer_gets_bytes(handing_client):
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

    assert list(handing_client.run(leave).values()) == 2 * [(False, [])]


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


LOGGERS = "distributed", "distributed.core", "distributed.worker", "gridr_dask"


def test_nothing_that_gives_access_is_logged(handing_client):
    first, second = addresses(handing_client)

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

    handing_client.run(listen)
    block = give(handing_client, first, made)
    assert handing_client.submit(is_mapped, block, workers=second, pure=False).result()
    name = handing_client.run(lambda dask_worker: dask_worker.plugins[NAME].handover.broker.name)[first]
    said = "\n".join(line for kept in handing_client.run(quiet).values() for line in kept)
    assert "gridr_probe" in said  # it did listen
    assert name not in said
    assert "Handle" not in said
