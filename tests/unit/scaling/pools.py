"""What tests put into pools of blocks, what they ask of them, and limits of one that has room for it."""

import gc

import numpy as np

from gridr_dask.scaling.blocks import Limits
from tests.processes import open_descriptors

AMPLE = Limits(threshold=1, descriptors=64, size=1 << 24)


def filled(size=100_000):
    return np.arange(size, dtype="u1")


def want(pool):
    """Let a pool make results in blocks."""
    pool.ask(pool.finish(filled()))
    assert pool.wanted


def number_of_files():
    gc.collect()
    return open_descriptors()
