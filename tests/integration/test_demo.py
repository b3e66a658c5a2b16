"""The demo runs, leaves what it says, and prints the figures that it promises."""

import re
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from gridr_dask.demo.report import compare

pytestmark = [pytest.mark.slow, pytest.mark.distributed]

SIZE = 1024


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return what the demo printed, and the folder that it wrote."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "gridr_dask.demo", "--size", str(SIZE), "--output", "out"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout, folder / "out"


def test_says_where_everything_is(run):
    printed, folder = run
    for path in folder.iterdir():
        assert f"  {folder.name}/{path.name} " in printed
    assert {path.name for path in folder.iterdir()} == {
        "mountains.png",
        "mountains.tif",
        "mountains.zarr",
        "scene-rotated.zarr",
        "scene.png",
        "scene.zarr",
        "stereo.png",
    }


@pytest.mark.parametrize("name", ["mountains", "stereo", "scene"])
def test_pictures_are_pngs(run, name):
    content = (run[1] / f"{name}.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 50_000


def test_every_part_is_proved(run):
    proofs = re.findall(r"chunked equals whole: all ([\d,]+) bytes", run[0])
    assert [int(proof.replace(",", "")) for proof in proofs] == [
        3 * 401 * 529,
        (3 + 1) * 500 * 741,
        2 * SIZE * SIZE,
    ]


def test_stereo_difference_drops(run):
    found = re.search(r"difference +([\d.]+) grey levels before, ([\d.]+) after", run[0])
    before, after = map(float, found.groups())
    assert after < before / 4


def test_speed_and_memory_are_printed(run):
    assert float(re.search(r"speed +([\d.]+) Mpx/s", run[0])[1]) > 0
    memory = re.search(
        r"peak memory +(\d+) MiB and (\d+) MiB in the workers, (\d+) MiB in the client", run[0]
    )
    assert all(50 < int(peak) < 2048 for peak in memory.groups())


def test_written_scene_has_the_size_asked_for(run):
    with xr.open_zarr(run[1] / "scene-rotated.zarr", consolidated=False) as dataset:
        assert dataset["scene"].shape == (SIZE, SIZE)
        assert dataset["scene"].dtype == "uint16"


def test_runs_on_a_cluster_that_is_named(client, tmp_path):
    command = [sys.executable, "-m", "gridr_dask.demo", "--size", "256", "--output", "out"]
    command += ["--scheduler", client.scheduler.address]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"on {len(client.ncores())} worker processes" in done.stdout
    assert f"  {tmp_path}/out/scene.png " in done.stdout


def test_refuses_a_size_that_is_too_small():
    command = [sys.executable, "-m", "gridr_dask.demo", "--size", "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "at least 256" in done.stderr


def test_a_differing_byte_stops_the_demo():
    with pytest.raises(SystemExit, match="1 bytes differ"):
        compare((np.array([0.0, np.nan]), np.array([-0.0, np.nan])))
    with pytest.raises(SystemExit, match="float32"):
        compare((np.zeros(2, np.float32), np.zeros(2)))
