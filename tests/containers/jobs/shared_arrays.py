"""Fills a gigabyte of shared arrays in four processes, and looks at what they wrote.

Usage: shared_arrays.py [START_METHOD]; prints the backend and the start method.
"""

import multiprocessing
import sys

from gridr_dask.scaling import SharedArray, create_and_register, shared_array_wrap

COUNT = 4
SIZE = 2**28


@shared_array_wrap
def fill(array, value):
    array[:] = value


def main(start_method=None):
    if start_method:
        multiprocessing.set_start_method(start_method)
    register = []
    try:
        for _ in range(COUNT):
            create_and_register((SIZE,), "uint8", register, prefix="job")
        values = range(1, COUNT + 1)
        workers = [
            multiprocessing.Process(target=fill, args=each) for each in zip(register, values, strict=True)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0, worker.exitcode
        for shared, value in zip(register, values, strict=True):
            assert (shared.array == value).all()
        print({shared.backend for shared in register}.pop(), multiprocessing.get_start_method())
    finally:
        SharedArray.clear_buffers(register)


if __name__ == "__main__":
    main(*sys.argv[1:])
