"""What other processes do in the tests of shared arrays, and how they are run."""

import multiprocessing
import os
import time

from gridr_dask.scaling import SharedArray

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
        assert here.poll(PATIENCE), "the child does not answer"
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


def counter():
    SharedArray.build_name()
    return SharedArray.COUNTER


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))


def wait_for(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)
