"""What the hand-over of blocks relies on in distributed, by the name of each hook."""

import asyncio
import logging
import threading
from collections import UserDict
from contextvars import ContextVar
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import Client, LocalCluster
from distributed.protocol import deserialize, serialize
from distributed.protocol.serialize import dask_serialize
from distributed.spill import SpillBuffer
from distributed.utils import offload

from gridr_dask.scaling import SharedMemoryPlugin, hooks, memfd, preload
from gridr_dask.scaling import plugin as module


@pytest.fixture(scope="module")
def worker():
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="inproc", dashboard_address=None
        ) as cluster,
        Client(cluster, set_as_default=False),
    ):
        yield cluster.workers[0]


@pytest.mark.parametrize("name", hooks.HOOKS)
def test_a_hook_has_the_shape_that_is_expected(worker, name):
    assert hooks.HOOKS[name](worker)


def test_all_hooks_are_known(worker):
    assert hooks.unknown(worker) is None


def other_handler(worker, monkeypatch):
    worker.handlers["get_data"] = lambda comm, keys, who=None, serializers=None, more=None: None


def no_handler(worker, monkeypatch):
    del worker.handlers["get_data"]


def no_data(worker, monkeypatch):
    worker.data = None


def other_serializer(worker, monkeypatch):
    monkeypatch.setitem(dask_serialize._lookup, np.ndarray, lambda x: ({}, [x.data]))


def other_header(worker, monkeypatch):
    monkeypatch.setitem(dask_serialize._lookup, np.ndarray, lambda x, context=None: ({"pickled": 1}, [b""]))


def other_offload(worker, monkeypatch):
    monkeypatch.setattr("distributed.utils.offload", lambda function: asyncio.to_thread(function))


def mapping_that_may_spill(worker, monkeypatch):
    worker.data = UserDict()


def no_limit(worker, monkeypatch):
    worker.memory_manager = SimpleNamespace()


def list_of_plugins(worker, monkeypatch):
    worker.plugins = []


def no_rpc(worker, monkeypatch):
    del worker.rpc


def like(worker):
    """What the plugin needs of a worker."""
    return SimpleNamespace(
        address="tcp://127.0.0.1:1",
        handlers=dict(worker.handlers),
        data=worker.data,
        memory_manager=worker.memory_manager,
        plugins={},
        rpc=worker.rpc,
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (other_handler, "`Worker.handlers`"),
        (no_handler, "`Worker.handlers`"),
        (no_data, "`Worker.data`"),
        (mapping_that_may_spill, "`Worker.data`"),
        (no_limit, "`Worker.memory_manager`"),
        (list_of_plugins, "`Worker.plugins`"),
        (no_rpc, "`Worker.rpc`"),
        (other_serializer, "`dask_serialize`"),
        (other_header, "`deserialize_numpy_ndarray`"),
        (other_offload, "`offload`"),
    ],
)
def test_a_changed_hook_is_named_once_and_nothing_is_replaced(worker, monkeypatch, caplog, change, named):
    changed = like(worker)
    change(changed, monkeypatch)
    handlers, serializer = dict(changed.handlers), dask_serialize.dispatch(np.ndarray)
    plugin = SharedMemoryPlugin()
    with caplog.at_level(logging.INFO):
        plugin.setup(changed)
    (record,) = [record for record in caplog.records if record.name == module.__name__]
    assert named in record.message
    assert named in plugin.explain()
    assert plugin.explain().startswith("off: this release of distributed is not known")
    plugin.teardown(changed)
    assert (changed.handlers, dask_serialize.dispatch(np.ndarray)) == (handlers, serializer)


def test_a_worker_without_threads_hands_nothing_over(worker, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    plugin, serializer = SharedMemoryPlugin(), dask_serialize.dispatch(np.ndarray)
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", refuse)
        plugin.setup(like(worker))
    assert plugin.explain() == "off: its broker could not be started: can't start new thread"
    assert (plugin.state.active, plugin.state.why) == (False, plugin.explain().removeprefix("off: "))
    assert dask_serialize.dispatch(np.ndarray) is serializer


def test_a_kernel_that_cannot_seal_is_said(monkeypatch):
    monkeypatch.setattr(memfd, "can_seal", lambda: False)
    assert "sealed, as Linux does from 5.1 on" in SharedMemoryPlugin().explain()


OURS = preload.__name__


@pytest.mark.parametrize(
    ("modules", "arguments", "expected"),
    [
        ([], [], ([OURS], [])),
        ("a", [], (["a", OURS], [])),
        (["a"], ["--x"], (["a", OURS], ["--x"])),
        (["a", "b"], [["--x"], []], (["a", "b", OURS], [["--x"], [], []])),
        ([OURS], [["--x"]], ([OURS], [["--x"]])),
        (OURS, [], (OURS, [])),
    ],
)
def test_a_nanny_hands_the_preload_on(modules, arguments, expected, monkeypatch):
    monkeypatch.setattr(preload, "Nanny", SimpleNamespace)
    nanny = SimpleNamespace(preload=modules, preload_argv=arguments)
    asyncio.run(preload.dask_setup(nanny))
    assert (nanny.preload, nanny.preload_argv) == expected


def test_large_messages_are_serialized_with_the_context_variables_of_the_answer():
    variable = ContextVar("variable", default="lost")

    async def ask():
        variable.set("kept")
        return await offload(variable.get)

    assert asyncio.run(ask()) == "kept"


def test_arrays_in_collections_reach_the_serializer_with_the_context(monkeypatch):
    seen = []
    original = dask_serialize.dispatch(np.ndarray)

    def serializer(x, context=None):
        seen.append(context)
        return original(x, context=context)

    monkeypatch.setitem(dask_serialize._lookup, np.ndarray, serializer)
    value = [np.ones(3), (np.zeros(2), {"a": np.ones(1)})]
    header, frames = serialize(value, context={"a": 1})
    assert seen == 3 * [{"a": 1}]
    got = deserialize(header, frames)
    assert got[1][1]["a"].tolist() == [1]


def test_spilling_serializes_without_a_context(tmp_path, monkeypatch):
    seen = []

    def serializer(x, context=None):
        seen.append(context)
        return {}, [x.data]

    monkeypatch.setitem(dask_serialize._lookup, np.ndarray, serializer)
    SpillBuffer(str(tmp_path), target=1)["key"] = np.ones(3)
    assert seen == [None]
