"""Which instruction set runs, and who decides."""

import numpy as np
import pytest

from gridr_dask.compute import isa as instruction_sets
from gridr_dask.errors import InvalidInputError
from tests.drawn import make_scene
from tests.scenes import running_on, to_bytes


def test_every_machine_has_the_portable_set():
    assert instruction_sets.available()[0] == "portable"
    assert set(instruction_sets.available()) <= {"portable", "avx2", "avx512"}


def test_the_best_set_runs_unless_the_environment_says_otherwise(monkeypatch):
    monkeypatch.delenv(instruction_sets.VARIABLE, raising=False)
    assert instruction_sets.chosen() == instruction_sets.available()[-1]
    monkeypatch.setenv(instruction_sets.VARIABLE, "portable")
    assert instruction_sets.chosen() == "portable"


def test_the_fixture_forces_a_set(isa):
    assert instruction_sets.chosen() == isa


def test_an_unknown_set_is_refused_with_the_available_ones():
    scene = make_scene(kernel="linear")
    with running_on("sse9"), pytest.raises(InvalidInputError, match=r'"sse9".*portable') as caught:
        scene.whole()
    assert caught.value.code == "unknown-isa"


@pytest.mark.parametrize("kernel", ["linear", "cubic"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_subnormal_samples_are_not_flushed(isa, kernel, dtype):
    scene = make_scene(kernel=kernel, dtype=dtype, style="scattered", seed=2)
    tiny = np.full(scene.shape, np.finfo(dtype).smallest_subnormal * 1000, dtype)
    small = type(scene)(**(vars(scene) | {"source": tiny}))
    values, valid = small.whole()
    assert valid.any()
    np.testing.assert_allclose(values[valid], tiny.flat[0], rtol=0.01)
    with running_on("portable"):
        assert to_bytes(small.whole()) == to_bytes([values, valid])
