"""Reprojected in chunks equals whole; positions are as exact as asked; the world has no seams."""

from itertools import product

import dask
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from gridr_dask import CrsGrid
from gridr_dask.geometry import Window
from gridr_dask.plan import Chunking
from gridr_dask.positions.cells import upsampled
from tests.drawn import chunkings
from tests.geo import TARGETS, UTM, texture, world
from tests.scenes import KERNELS
from tests.strategies import seeds

pytestmark = pytest.mark.filterwarnings("ignore:a target pixel spans")

MERCATOR = texture(UTM).odc.output_geobox("EPSG:3857", resolution=37)
BOXES = {"mercator": MERCATOR, "turned": MERCATOR.rotate(20), "far": MERCATOR.pad(150)}


def assert_same_bytes_in_chunks(image, box, seed, count=4, most=60, scheduler="threads", **how):
    whole = image.gridr.reproject(box, **how)
    rng = np.random.default_rng(seed)
    dims, shape = image.odc.spatial_dims, image.odc.geobox.shape
    lazy = [
        image.chunk(dict(zip(dims, source, strict=True))).gridr.reproject(box, chunks=target, **how)
        for source, target in zip(
            chunkings(rng, shape, count, most), chunkings(rng, box.shape, count, most), strict=True
        )
    ]
    for result in dask.compute(lazy, scheduler=scheduler)[0]:
        assert result.values.tobytes() == whole.values.tobytes()


@pytest.mark.parametrize("interp", KERNELS)
@pytest.mark.parametrize("box", BOXES)
def test_chunks_of_a_reprojection_give_the_bytes_of_the_whole(box, interp):
    assert_same_bytes_in_chunks(texture(UTM), BOXES[box], 1, interp=interp)


@pytest.mark.parametrize("tolerance", [0, 1e-6, 1e-4, 0.01, 0.3, 3])
def test_chunks_give_the_same_bytes_for_any_tolerance(tolerance):
    for name in ("mercator", "far"):
        assert_same_bytes_in_chunks(texture(UTM), BOXES[name], 2, interp="cubic", tolerance=tolerance)


@pytest.mark.parametrize("interp", ["nearest", "linear", "cubic", "bspline3"])
@pytest.mark.parametrize("target", TARGETS)
def test_chunks_of_the_world_give_the_bytes_of_the_whole(target, interp):
    image = world()
    assert_same_bytes_in_chunks(image, TARGETS[target], 3, count=2, most=16, interp=interp)


@given(seed=seeds, tolerance=st.sampled_from([0, 1e-4, 0.01, 1.0]), target=st.sampled_from(sorted(TARGETS)))
def test_chunks_of_a_part_of_the_world_give_the_bytes_of_the_whole(seed, tolerance, target):
    rng = np.random.default_rng(seed)
    west, south = rng.uniform(-300, 150), rng.uniform(-90, 60)
    extent = (west, south, west + rng.uniform(20, 360), south + rng.uniform(20, 30))
    image = texture(GeoBox.from_bbox(extent, "EPSG:4326", shape=(40, 60)))
    box = TARGETS[target].zoom_out(2)
    assert_same_bytes_in_chunks(image, box, seed, count=2, most=30, interp="linear", tolerance=tolerance)


@pytest.mark.slow
@pytest.mark.distributed
def test_a_cluster_gives_the_bytes_of_the_whole(client):
    assert_same_bytes_in_chunks(texture(UTM), BOXES["far"], 4, interp="cubic", scheduler=client)
    image = world().astype("f4")
    assert_same_bytes_in_chunks(image, TARGETS["arctic"], 5, count=2, most=9, scheduler=client)


def test_processes_give_the_bytes_of_the_whole():
    assert_same_bytes_in_chunks(texture(UTM), MERCATOR, 6, count=1, interp="linear", scheduler="processes")


def positions(grid, window):
    rows, cols = upsampled(grid.nodes(window), window)
    i, j = (np.arange(*span, dtype=float) for span in (window.rows, window.cols))
    exact = grid.positions(np.repeat(i, len(j)), np.tile(j, len(i)))
    return np.stack([rows, cols]), np.stack(exact).reshape(2, *window.shape)


@pytest.mark.parametrize("tolerance", [1e-6, 1e-4, 0.01, 0.3])
@pytest.mark.parametrize("box", [*BOXES.values(), *TARGETS.values()], ids=[*BOXES, *TARGETS])
def test_positions_are_as_exact_as_asked(box, tolerance):
    source = world().odc.geobox if box in TARGETS.values() else UTM
    grid = CrsGrid.between(source, box, tolerance)
    ours, exact = positions(grid, Window.whole(box.shape))
    edges = np.array(source.shape)[:, None, None]
    with np.errstate(invalid="ignore"):
        of_use = np.any([((part > -9) & (part < edges + 8)).all(axis=0) for part in (exact, ours)], axis=0)
    assert np.abs(ours - exact)[:, of_use].max() <= tolerance


def test_smooth_positions_are_those_of_cells():
    grid = CrsGrid.between(UTM, MERCATOR, 0.01)
    assert grid.nodes(Window((10, 200), (0, 150))).resolution == (128, 128)


@pytest.mark.parametrize("box", [*BOXES.values(), *TARGETS.values()], ids=[*BOXES, *TARGETS])
def test_a_plan_holds_all_positions_of_each_chunk(box):
    source = world().odc.geobox if box in TARGETS.values() else UTM
    for tolerance, cut in product((0, 0.01), (20, 64, 1000)):
        grid = CrsGrid.between(source, box, tolerance)
        sizes = [[min(cut, n - k) for k in range(0, n, cut)] for n in box.shape]
        target = Chunking.from_sizes(*sizes)
        bounds = grid.bounds(target)
        for i, j in np.ndindex(bounds.shape[:2]):
            if cut == 20 and (i + j) % 17:
                continue
            window = Window(target.rows[i], target.cols[j])
            nodes = grid.nodes(window)
            exact = [
                positions(grid, window)[1].reshape(2, -1),
                np.stack([nodes.rows, nodes.cols]).reshape(2, -1),
            ]
            exact = np.concatenate(exact, axis=1)
            edges = np.array(source.shape)[:, None]
            exact = exact[:, ((exact > -9) & (exact < edges + 8)).all(axis=0)]
            low, high = bounds[i, j, ::2], bounds[i, j, 1::2]
            assert (exact >= low[:, None]).all()
            assert (exact <= high[:, None]).all()


@pytest.mark.parametrize("interp", ["nearest", "linear", "cubic", "bspline5"])
@pytest.mark.parametrize("target", TARGETS)
def test_the_world_has_no_holes(target, interp):
    _, valid = world().gridr.reproject(TARGETS[target], interp=interp, return_mask=True)
    if target == "whole world":
        radius = np.hypot(*np.mgrid[-1:1:150j, -1:1:300j])
        assert valid.values[radius < 0.95].all()
        assert not valid.values[radius > 1].any()
    else:
        assert valid.values.all()


@pytest.mark.parametrize("interp", ["nearest", "linear", "cubic", "bspline5"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("west", [-180, 0, -63.5])
def test_the_world_has_no_seam_wherever_the_image_of_it_begins(target, interp, west):
    """Of the image of a smooth function on the sphere nothing but that function is left."""
    box = GeoBox.from_bbox((west, -90, west + 360, 90), "EPSG:4326", shape=(180, 360), tight=True)
    image = texture(box, "f8")

    def function(lat, lon):
        lat, lon = np.radians(lat), np.radians(lon)
        return np.cos(lat) * np.cos(lon - 0.3) + np.sin(lat)

    lat, lon = np.meshgrid(image.latitude, image.longitude, indexing="ij")
    image.values[:] = function(lat, lon)
    result = image.gridr.reproject(TARGETS[target], interp=interp)
    grid = CrsGrid.between(box, TARGETS[target], 0)
    _, (rows, cols) = positions(grid, Window.whole(TARGETS[target].shape))
    expected = function(90 - (rows + 0.5), west + cols + 0.5)
    allowed = {"nearest": 0.02, "linear": 2e-4, "cubic": 4e-4, "bspline5": 4e-4}[interp]
    assert np.nanmax(np.abs(result.values - expected)) < allowed


@pytest.mark.parametrize("interp", ["linear", "bspline3"])
def test_a_mask_goes_around_the_world_with_its_image(interp):
    image, target = world().astype("f4"), TARGETS["fiji"]
    grid = CrsGrid.between(image.odc.geobox, target)
    mask = np.ones(image.shape[1:], "u1")
    mask[200, 0] = mask[150, -1] = 0
    how = {"interp": interp, "mask_safe_win": (slice(0, 100), slice(None)), "return_mask": True}
    whole = image.gridr.resample(grid, mask=mask, **how)
    lost = np.argwhere(~whole[1].values)
    middle = target.shape[1] / 2
    assert lost[:, 1].min() < middle < lost[:, 1].max(), "both sides of the antimeridian"
    lazy = image.chunk(latitude=100, longitude=170).gridr.resample(grid, mask=mask, chunks=90, **how)
    for part, expected in zip(dask.compute(*lazy), whole, strict=True):
        assert part.values.tobytes() == expected.values.tobytes()


def test_a_part_of_a_source_has_the_pixels_of_the_whole():
    image = texture(UTM)
    grid = CrsGrid.between(UTM, MERCATOR)
    whole, valid = image.gridr.resample(grid, interp="cubic"), slice(120, 180)
    part = image.isel(y=valid, x=valid).gridr.resample(grid, interp="cubic", source_origin=(120, 120))
    inside = np.isfinite(part.values)
    assert inside.sum() > 3000
    np.testing.assert_array_equal(part.values[inside], whole.values[inside])
