"""Whatever is done to shared arrays, in any order: who looks sees the right samples, and nothing is left."""

import gc
import os
import pickle

import hypothesis.strategies as st
import numpy as np
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    rule,
    run_state_machine_as_test,
)

from gridr_dask.errors import BufferNotFoundError, BufferStateError
from gridr_dask.scaling import SharedArray
from gridr_dask.scaling.choice import BACKENDS
from tests import processes

SIZE = 16


class Lifetimes(RuleBasedStateMachine):
    """One buffer, all objects that describe it, and all views that were taken."""

    arrays, views = Bundle("arrays"), Bundle("views")

    @initialize(target=arrays, backend=st.sampled_from(BACKENDS))
    def begin(self, backend):
        pickle.dumps(SharedArray((1,), "u1", "warm-up", backend="memfd"))
        self.backend, self.destroyed, self.expected = backend, False, np.zeros(SIZE, "u1")
        self.creator = SharedArray((SIZE,), "u1", SharedArray.build_name("law"), backend=backend)
        self.creator.create()
        return self.creator

    @rule(target=arrays, of=arrays)
    def clone(self, of):
        return SharedArray.clone(of)

    @rule(target=arrays, of=arrays)
    def send(self, of):
        return pickle.loads(pickle.dumps(of))

    @rule(target=views, of=arrays)
    def look(self, of):
        try:
            of.load()
        except BufferNotFoundError:
            # Names go with `destroy`, and so does a segment of shm, for those that have not mapped it.
            assert self.destroyed
            return np.array([])
        return of.array

    @rule(view=views, place=st.integers(0, SIZE - 1), value=st.integers(0, 255))
    def write(self, view, place, value):
        if view.size:
            view[place] = self.expected[place] = value

    @rule(view=views)
    def read(self, view):
        assert not view.size or np.array_equal(view, self.expected)

    @rule(of=arrays)
    def close(self, of):
        of.close()
        assert of.array is None

    @rule(of=arrays)
    def create_again(self, of):
        if of._buffer is not None:
            try:
                of.create()
            except BufferStateError:
                return
            raise AssertionError("created twice")

    @rule(of=arrays)
    def destroy(self, of):
        of.destroy()
        assert of.array is None
        self.destroyed |= of is self.creator

    @rule(view=consumes(views))
    def drop(self, view):
        del view

    def teardown(self):
        if hasattr(self, "creator"):
            name = self.creator.name
            self.creator.destroy()
            assert not any(found.endswith(name) for found in os.listdir("/dev/shm"))


def test_whatever_is_done_nothing_is_left():
    before = processes.open_descriptors()
    run_state_machine_as_test(Lifetimes)
    gc.collect()
    assert processes.open_descriptors() == before
