"""Peak memory of a call: the output, a little for each thread, and what a B-spline needs beside it."""

import os
import subprocess
import sys

import pytest

# The first call loads what is loaded once; writing 5 forgets the peak so far.
PEAK = """
import re, sys
from pathlib import Path
import numpy as np
from gridr_dask import array_grid_resampling

def kilobytes(name):
    return int(re.search(rf"{name}:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

kernel, size, threads, masked = sys.argv[1], *map(int, sys.argv[2:])
image = np.random.default_rng(0).random((size, size))
rows, cols = np.mgrid[: size - 100, : size - 100] + 10.3
mask = (np.random.default_rng(1).random((size, size)) > 1e-4).astype("u1") if masked else None
array_grid_resampling(kernel, image[:40, :40], rows[:9, :9], cols[:9, :9], (1, 1), num_threads=threads)
before = kilobytes("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
array_grid_resampling(kernel, image, rows, cols, (1, 1), array_in_mask=mask, num_threads=threads)
print((kilobytes("VmHWM") - before) * 1024)
"""
PER_THREAD = 400_000
"""Bytes that each thread may have: its stack, the arrays of a span, lines of the prefilter."""

PIECE = 8 * (128 + 22) * (256 + 56)
"""Bytes of a piece of coefficients that a thread filters: its rows and columns, with their warm-up."""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [2000, 4000])
@pytest.mark.parametrize(
    ("kernel", "masked"), [("nearest", False), ("cubic", False), ("cubic", True), ("bspline3", False)]
)
def test_the_peak_of_a_call_is_its_output_and_a_little_for_each_thread(kernel, masked, size, threads):
    command = [sys.executable, "-c", PEAK, kernel, str(size), str(threads), str(int(masked))]
    # Memory that was freed goes back to the system at once: a reused one would not be seen.
    done = subprocess.run(
        command,
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    peak = int(done.stdout)
    output = 8 * (size - 100) ** 2
    allowed = output + threads * PER_THREAD
    if kernel == "bspline3":
        taps = size - 100 + 3
        allowed += 8 * taps**2 + threads * PIECE
    # The system counts pages of a process by and by.
    assert 0.98 * output < peak <= allowed
