"""The plugin before it is at a worker: what it says, and what it takes along."""

import pickle

import dask

from gridr_dask.scaling import SharedMemoryPlugin


def test_a_fraction_of_0_is_off():
    plugin = SharedMemoryPlugin(fraction=0)
    assert plugin.explain() == "off: fraction is 0, by the argument or by gridr.shared.fraction"
    assert SharedMemoryPlugin().explain() == "off: not registered at a worker"


def test_a_plugin_takes_its_settings_with_it():
    with dask.config.set({"gridr.shared.threshold": "3 MiB", "gridr.shared.fraction": 0.1}):
        plugin = SharedMemoryPlugin()
    copied = pickle.loads(pickle.dumps(plugin))
    assert (copied.threshold, copied.fraction) == (3 << 20, 0.1)
