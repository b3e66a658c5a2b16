"""A cluster of deploy/compose, used from this host by the demo and by the doctor."""

import os
import re
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path
from urllib.request import urlopen

import pytest
from distributed import Client
from distributed.versions import VersionMismatchWarning

from tests.containers import engine, images

_COMPOSE = Path(__file__).parents[2] / "deploy" / "compose" / "compose.yaml"
_GENTLY = f"""
services:
  scheduler: {{cpu_shares: {engine.SHARES}}}
  worker: {{cpu_shares: {engine.SHARES}}}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The folder that client and workers share; the workers are another user."""
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def scheduler(data):
    """The address of the scheduler of two workers."""
    gently = data / "gently.yaml"
    gently.write_text(_GENTLY)
    port, dashboard = free_ports(2)
    environment = {
        **os.environ,
        "COMPOSE_PROJECT_NAME": engine.unique(),
        "GRIDR_IMAGE": images.image(images.LIKE_HERE),
        "GRIDR_DATA": str(data),
        "GRIDR_PORT": str(port),
        "GRIDR_DASHBOARD_PORT": str(dashboard),
    }
    command = (*engine.compose(), "--file", _COMPOSE, "--file", gently)
    try:
        engine.call(*command, "up", "--detach", env=environment)
        wait_for(f"http://127.0.0.1:{dashboard}/health")
        address = f"tcp://127.0.0.1:{port}"
        with warnings.catch_warnings():
            # Of the last number of Python's version.
            warnings.simplefilter("ignore", VersionMismatchWarning)
            with Client(address, timeout=60, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=120)
        yield address
    finally:
        engine.call(*command, "down", "--volumes", env=environment)


def test_runs_the_demo_of_a_client_on_the_host(scheduler, data):
    command = [sys.executable, "-m", "gridr_dask.demo", "--size", "2048", "--output", "demo"]
    # The workers, which are another user, write into the folders that the client makes.
    done = subprocess.run(
        [*command, "--scheduler", scheduler],
        cwd=data,
        capture_output=True,
        text=True,
        timeout=240,
        umask=0,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    differing = re.findall(r"^\| (\S+) ", done.stderr, re.MULTILINE)
    assert set(differing) <= {"Package", "python"}, done.stderr
    assert "on 2 worker processes" in done.stdout
    assert done.stdout.count("chunked equals whole") == 3


def test_the_doctor_finds_nothing_wrong(scheduler):
    command = ["dask", "gridr", "doctor", "--scheduler", scheduler]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has 2 workers" in done.stdout


def wait_for(url: str, patience: float = 60) -> None:
    """Wait until an address answers; before, Docker itself takes connections, and closes them."""
    until = time.monotonic() + patience
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            assert time.monotonic() < until, f"{url} does not answer"
            time.sleep(0.5)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
