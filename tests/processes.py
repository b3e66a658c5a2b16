"""What other processes do in the tests of shared arrays, and how they are run."""

import contextlib
import multiprocessing
import os
import time

from gridr_dask.scaling import SharedArray, segments

METHODS = ("fork", "spawn", "forkserver")
PATIENCE = 60


def context(method):
    found = multiprocessing.get_context(method)
    if method == "forkserver":
        found.set_forkserver_preload([__name__])  # so that its children start in no time
    return found


def in_child(method, function, *arguments):
    """Return what a function returns in a new process, or raise what it raises."""
    start = context(method)
    here, there = start.Pipe()
    process = start.Process(target=_answer, args=(there, function, arguments), daemon=True)
    process.start()
    there.close()
    try:
        wait_for(here.poll)
        failed, answer = here.recv()
    finally:
        here.close()
        process.join(PATIENCE)
        process.close()
    if failed:
        raise answer
    return answer


def _answer(connection, function, arguments):
    try:
        answer = False, function(*arguments)
    except Exception as error:
        answer = True, error
    connection.send(answer)


def add_one(*shared):
    for one in shared:
        one.load()
        one.array[...] += 1
        one.close()


def add_one_to_payload(payload):
    SharedArray.from_payload(payload).array[...] += 1


def add_one_by_name(shape, dtype, name, backend):
    add_one(SharedArray(shape, dtype, name, backend=backend))


def destroy(*shared):
    for one in shared:
        one.destroy()


def create(backend, size):
    """Make an array and hand it on; it goes when this process ends."""
    made = SharedArray((size,), "u1", SharedArray.build_name("child"), backend=backend)
    made.create()
    return made.name


def give(backend, value):
    """Make an array and send it; only the pickle holds it then."""
    made = SharedArray((1000,), "u1", SharedArray.build_name("given"), backend=backend)
    made.create()
    made.array[:] = value
    return made


def counter():
    SharedArray.build_name()
    return SharedArray.COUNTER


def open_descriptors():
    """Return how many descriptors of shared memory this process has, whatever else comes and goes."""
    found = 0
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            link = os.readlink(f"/proc/self/fd/{number}")
            found += "memfd:" in link or "/dev/shm/gridr-" in link
    return found


def own_segments():
    """Return the segments of this process."""
    prefix = segments._this_process().prefix
    return sorted(name for name in os.listdir("/dev/shm") if name.startswith(prefix))


def wait_for(condition, pause=0.005):
    for _ in range(int(PATIENCE / pause)):  # not by the clock, which goes on while the processes are stopped
        if condition():
            return
        time.sleep(pause)
    raise AssertionError("it does not happen")


def hold(connection, backend, with_user):
    """Be the creator of an array, in a group of processes of its own, and wait for the end.

    The user is a forked child, or is started by spawn or forkserver, and has attached when the pids are told.
    """
    os.setsid()
    made = SharedArray((1000,), "u1", SharedArray.build_name("held"), backend=backend)
    made.create()
    here, there = multiprocessing.Pipe()
    user = context(with_user).Process(target=_use, args=(there, made))
    user.start()
    assert here.recv() == 1
    connection.send((made.name, os.getpid(), user.pid))
    time.sleep(PATIENCE)


def _use(connection, shared):
    shared.load()
    shared.array[0] += 1
    connection.send(shared.array[0])
    time.sleep(PATIENCE)


def attach_for_ever(shared):
    """Attach and write, again and again, until killed."""
    while True:
        add_one(shared)
