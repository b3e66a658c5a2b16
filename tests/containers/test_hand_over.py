"""What workers give each other: memory files in one container, bytes between two."""

import re

import pytest

from tests.containers import engine

WORKER = ("dask", "worker", "tcp://scheduler:8786", "--nthreads=1", "--preload=gridr_dask.scaling.preload")


@pytest.fixture
def cluster(image, network):
    """Start a scheduler, and workers as told; return what they say after one needed an array of the other."""

    def run(*workers: tuple[str, ...]) -> list[str]:
        engine.start(
            image, "dask", "scheduler", options=("--network", network, "--network-alias", "scheduler")
        )
        for options in workers:
            engine.start(image, *WORKER, *options, options=("--network", network))
        options = ("--network", network, "--volume", f"{engine.JOBS}:/jobs:ro")
        ended = engine.run(
            image, "python3", "/jobs/neighbours.py", "tcp://scheduler:8786", options=options, timeout=240
        )
        assert ended.code == 0, ended.said
        return ended.stdout.strip().splitlines()

    return run


def test_two_processes_of_a_container_hand_over(cluster):
    said = cluster(("--nworkers=2",))
    # The one that sends asks the other to prove itself.
    assert sorted(line[: len("on: 1 workers")] for line in said) == ["on: 0 workers", "on: 1 workers"]
    assert sorted(handed_over(said)) == [0, 1]


def test_two_containers_send_bytes(cluster):
    said = cluster((), ())
    assert all(line.startswith("on: 0 workers of this host are proven") for line in said), said
    assert handed_over(said) == [0, 0]


def handed_over(said: list[str]) -> list[int]:
    return [int(re.search(r"(\d+) arrays handed over", line)[1]) for line in said]
