"""The wheel runs on a CPU without AVX2, with the same bytes: forced, and emulated by qemu."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import EMULATOR

# NumPy asks for x86-64-v2; of the CPUs that have it, Nehalem is the oldest.
OLD_CPU = [EMULATOR, "-cpu", "Nehalem"]

DIGESTS = """
import hashlib, json
import numpy as np
import gridr_dask
from gridr_dask.compute import isa

image = np.random.default_rng(0).random((2, 30, 150)) * 250
rows, cols = np.mgrid[:30, :150] * 0.95 + 0.3
mask = (image[0] > 5).astype(np.uint8)
digests = {}
for kernel in ("nearest", "linear", "cubic", "bspline3", "bspline11"):
    for dtype in ("uint8", "float32", "float64"):
        result = gridr_dask.array_grid_resampling(
            kernel, image.astype(dtype), rows, cols, (1, 1),
            array_in_mask=mask, array_out_mask=True, num_threads=2,
        )
        digests[f"{kernel} {dtype}"] = [hashlib.sha256(part.tobytes()).hexdigest() for part in result]
print(json.dumps([isa.available(), isa.chosen(), digests]))
"""


def run(command, **environment):
    done = subprocess.run(
        [*command, sys.executable, "-c", DIGESTS],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["forced", *["emulated"] * bool(EMULATOR)])
def test_a_cpu_without_avx2_computes_the_same_bytes(way):
    available, _, want = run([], GRIDR_DASK_ISA="")
    if way == "forced":
        found = run([], GRIDR_DASK_ISA="portable")
        assert found == [available, "portable", want]
    else:
        assert run(OLD_CPU, GRIDR_DASK_ISA="") == [["portable"], "portable", want]
