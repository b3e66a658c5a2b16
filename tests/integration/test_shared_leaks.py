"""What stays of shared arrays when their users are killed at any moment: nothing."""

import os
import random
import signal
import time

import pytest

from gridr_dask.scaling import SharedArray, remove_orphans
from tests import processes

CYCLES = {"spawn": 40, "forkserver": 200}


def state():
    """Return the descriptors of memory files, the mappings and the segments that there are."""
    files = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    targets = [os.readlink(file) for file in files if os.path.lexists(file)]
    with open("/proc/self/maps") as maps:
        mapped = [line for line in maps if "gridr-" in line or "memfd:" in line or "/dev/zero" in line]
    return len(files), [target for target in targets if "memfd:" in target], mapped, segments()


def segments():
    """Return the segments of these tests."""
    return [name for name in os.listdir("/dev/shm") if "-cycle-" in name or "-held-" in name]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["shm", "memfd"])
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_users_that_are_killed_leave_nothing(backend, method):
    context, chance = processes.context(method), random.Random(0)
    started = context.Process(target=processes.add_one)
    started.start()
    started.join()
    started.close()
    remove_orphans()
    before, killed = state(), 0
    for cycle in range(CYCLES[method]):
        with SharedArray((1 << 16,), "f4", SharedArray.build_name("cycle"), backend=backend) as shared:
            user = context.Process(target=processes.attach_for_ever, args=(shared,))
            user.start()
            if cycle % 20 == 0:  # a spawned one is rarely as far
                processes.wait_for(lambda shared=shared: shared.array[0] > 0)
            time.sleep(chance.uniform(0, 0.05))
            os.kill(user.pid, signal.SIGKILL)
            user.join()
            killed += user.exitcode in (-signal.SIGKILL, 255)
            user.close()
    assert killed == CYCLES[method]
    assert state() == before


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["shm", "memfd"])
def test_creators_that_are_killed_leave_what_the_janitor_removes(backend):
    context, chance = processes.context("forkserver"), random.Random(0)
    before, found = state(), 0
    for _ in range(50):
        here, there = context.Pipe()
        creator = context.Process(target=processes.hold, args=(there, backend, "fork"))
        creator.start()
        there.close()
        if chance.random() < 0.5:
            here.recv()
        else:
            time.sleep(chance.uniform(0, 0.05))
        try:
            os.killpg(creator.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has no group of its own yet
            os.kill(creator.pid, signal.SIGKILL)
        creator.join()
        creator.close()
        here.close()
        found += len(segments())
        remove_orphans()
    assert (found > 0) == (backend == "shm")
    assert state() == before
