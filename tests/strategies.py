"""What hypothesis draws: scenes and chunkings, by their seeds, so that examples stay cheap."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.drawn import STYLES, VALIDITIES, make_scene
from tests.scenes import BOUNDARIES, COMPUTED, COPIED, KERNELS

seeds = st.integers(0, 2**32 - 1)

resolutions = st.sampled_from([(1, 1), (2, 3), (10, 10), (1, 7), (5, 1)])

layouts = st.sampled_from(["packed", "transposed", "reversed", "stepped", "swapped", "read-only"])

origins = st.sampled_from([(0, 0), (3, -4), (-100_000, 100_000)])


@st.composite
def scenes(draw: st.DrawFn, **fixed: Any) -> Any:
    """Scenes of any kernel and type that go together, except for what is fixed."""
    dtype = fixed.pop("dtype", None) or draw(st.sampled_from(COMPUTED + COPIED))
    kernel = fixed.pop("kernel", None)
    if kernel is None:
        kernel = draw(st.sampled_from(KERNELS)) if dtype in COMPUTED else "nearest"
    choices: dict[str, Any] = {
        "resolution": resolutions,
        "holes": st.booleans(),
        "part": st.booleans(),
        "grid_dtype": st.sampled_from(["f4", "f8"]),
        "leading": st.sampled_from([(), (2,), (2, 1)]),
        "layout": layouts,
        "style": st.sampled_from(STYLES),
        "origin": origins,
        "boundary": st.sampled_from([None, *BOUNDARIES]),
        "validity": st.sampled_from(VALIDITIES),
        "seed": seeds,
    }
    if dtype in COMPUTED and not dtype.startswith("c"):
        choices["out"] = st.sampled_from([None, "u1", "i4", "f4", "f8"])
    drawn = {name: draw(choice) for name, choice in choices.items() if name not in fixed}
    return make_scene(kernel=kernel, dtype=dtype, **(drawn | fixed))
