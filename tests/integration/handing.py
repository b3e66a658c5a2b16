"""Two workers that hand blocks over: how they are started, what they are given, and what they have done."""

import contextlib
import hashlib
from mmap import mmap

import dask
import numpy as np
import xarray as xr
from distributed import Client, LocalCluster, wait

from gridr_dask.scaling import SharedMemoryPlugin

MIB = 1 << 20
NAME = SharedMemoryPlugin.name


@contextlib.contextmanager
def cluster(plugin=True, **options):
    """A client of two worker processes, of which 20 may die under one task."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"} | options
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 20}),
        LocalCluster(silence_logs=50, **options) as local,
        Client(local) as client,
    ):
        # The active memory manager drops replicas, among them those that a test looks at or has written into.
        client.amm.stop()
        if plugin:
            client.register_plugin(SharedMemoryPlugin())
        yield client


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
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap)


def give(client, worker, make):
    """What `make` returns, as the result of a task that is not ours, on one worker."""
    future = client.submit(make, workers=worker, pure=False)
    wait(future)
    return future
