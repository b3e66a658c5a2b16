"""Settings of shared memory: what they take, and what they are by default."""

import dask
import pytest

from gridr_dask import settings
from gridr_dask.errors import InvalidInputError


@pytest.mark.parametrize("value", ["nonsense", 0, -1, None, [], "1 apple"])
def test_a_threshold_is_a_number_of_bytes(value):
    with (
        dask.config.set({"gridr.shared.threshold": value}),
        pytest.raises(InvalidInputError, match=r"gridr\.shared\.threshold"),
    ):
        settings.shared_threshold()


@pytest.mark.parametrize("value", ["nonsense", -0.1, 1.1, None, float("nan")])
def test_a_fraction_is_from_0_to_1(value):
    with (
        dask.config.set({"gridr.shared.fraction": value}),
        pytest.raises(InvalidInputError, match=r"gridr\.shared\.fraction"),
    ):
        settings.shared_fraction()


def test_an_error_names_what_was_given():
    with pytest.raises(InvalidInputError, match=r"^threshold='x' must be a positive number of bytes"):
        settings.shared_threshold("x")
    with pytest.raises(InvalidInputError, match=r"^fraction=2 must be"):
        settings.shared_fraction(2)


def test_settings_have_defaults():
    assert settings.shared_threshold() == 1 << 20
    assert settings.shared_fraction() == 0.3
    assert settings.shared_threshold("64 kiB") == 1 << 16
    assert settings.shared_fraction(1) == 1
