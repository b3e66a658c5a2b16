"""The doctor says what is, finds what is wrong, and tells it by its exit code."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import dask
import pytest
from click.testing import CliRunner

from gridr_dask.cli import gridr
from gridr_dask.compute import isa
from gridr_dask.doctor import Level, cluster
from gridr_dask.scaling import SharedMemoryPlugin

DASK = Path(sys.executable).with_name("dask")


@pytest.fixture
def doctor():
    """Run the command; return its exit code and the lines of its report by topic."""

    def run(*arguments):
        result = CliRunner().invoke(gridr, ["doctor", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        lines = re.findall(r"^(ok|note|wrong) +(.{13}) +(.*)$", result.output, re.MULTILINE)
        return result.exit_code, [(level, topic.strip(), text) for level, topic, text in lines]

    return run


def test_a_machine_that_is_well(doctor):
    code, lines = doctor()
    assert code == 0
    assert [topic for _, topic, _ in lines] == [
        "gridr_dask", "engine", "memory", "shared arrays", "descriptors", "left over",
    ]  # fmt: skip
    assert "wrong" not in {level for level, _, _ in lines}


@pytest.mark.parametrize(
    ("variable", "value", "topic", "said"),
    [
        ("GRIDR_DASK_ISA", "avx1024", "engine", "GRIDR_DASK_ISA=avx1024, but the CPU can run portable"),
        ("GRIDR_SHARED_MEMORY_BACKEND", "shn", "shared arrays", "GRIDR_SHARED_MEMORY_BACKEND='shn' is"),
        (
            "GRIDR_SHM_MIN_FREE",
            "some",
            "shared arrays",
            "GRIDR_SHM_MIN_FREE='some' must be a number of bytes",
        ),
        ("DASK_GRIDR__TASK_MEMORY", "much", "memory", "gridr.task-memory='much'"),
    ],
)
def test_a_setting_that_is_wrong(variable, value, topic, said):
    done = call({variable: value})
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("wrong")]
    assert line.startswith(f"wrong  {topic:<13}  ")
    assert said in line
    assert done.stdout.endswith("\n1 wrong\n")


def test_less_than_the_best_is_worth_a_note():
    done = call({"GRIDR_DASK_ISA": "portable", "DASK_GRIDR__TASK_MEMORY": "1 PiB"}, before="ulimit -n 256;")
    assert done.returncode == 0, done.stdout
    notes = [line for line in done.stdout.splitlines() if line.startswith("note")]
    # The portable set is the best one where there is no other.
    engine = ["engine"] if len(isa.available()) > 1 else []
    assert [re.split("  +", line)[1] for line in notes] == [*engine, "memory", "descriptors"]
    assert "256 may be open" in notes[-1]


def test_segments_of_the_dead_are_removed(doctor):
    code = (
        "from gridr_dask.scaling import SharedArray\n"
        "shared = SharedArray((10,), 'uint8', 'orphan', backend='shm')\n"
        "shared.create()\n"
        "print('made', flush=True)\n"
        "input()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout.readline() == "made\n"
        (segment,) = Path("/dev/shm").glob(f"gridr-*-{process.pid}-*-orphan")
        process.send_signal(signal.SIGKILL)
    code, lines = doctor()
    assert code == 0
    level, _, text = next(line for line in lines if line[1] == "left over")
    assert level == "note"
    assert segment.name in text
    assert not segment.exists()


@pytest.mark.distributed
def test_a_cluster(doctor, client):
    code, lines = doctor("--scheduler", client.scheduler.address)
    assert code == 0, lines
    said = {topic: (level, text) for level, topic, text in lines}
    workers = len(client.ncores())
    assert said["scheduler"] == (
        "ok", f"{client.scheduler.address} has {workers} workers and {workers} threads",
    )  # fmt: skip
    assert said["versions"][0] == "ok"
    assert any(text.startswith("all workers: runs on") for _, topic, text in lines if topic == "engine")
    # Two workers of one host.
    copying = [(level, text) for level, topic, text in lines if topic == "hand-over"]
    assert {level for level, _ in copying} == {"note"}
    assert all(text.endswith("off: the plugin is not registered") for _, text in copying)


@pytest.mark.distributed
def test_workers_that_hand_over(doctor, client):
    client.register_plugin(SharedMemoryPlugin())
    try:
        code, lines = doctor("--scheduler", client.scheduler.address)
    finally:
        client.unregister_worker_plugin(SharedMemoryPlugin.name)
    assert code == 0
    states = [(level, text) for level, topic, text in lines if topic == "hand-over"]
    assert len(states) == len(client.ncores())
    assert {level for level, _ in states} == {"ok"}
    assert all(": on: 0 workers of this host are proven" in text for _, text in states)


@pytest.mark.distributed
def test_a_worker_with_a_wrong_setting(doctor, client):
    worker = next(iter(client.ncores()))
    client.run(set_variable, "GRIDR_DASK_ISA", "avx1024", workers=[worker])
    try:
        code, lines = doctor("--scheduler", client.scheduler.address)
    finally:
        client.run(set_variable, "GRIDR_DASK_ISA", "", workers=[worker])
    assert code == 1
    (text,) = [text for level, _, text in lines if level == "wrong"]
    assert text.startswith(f"{worker}: GRIDR_DASK_ISA=avx1024")


@pytest.mark.distributed
def test_a_worker_that_hangs(doctor, client):
    worker = next(iter(client.ncores()))
    (process,) = client.run(os.getpid, workers=[worker]).values()
    os.kill(process, signal.SIGSTOP)
    try:
        code, lines = doctor("--scheduler", client.scheduler.address, "--timeout", "3")
    finally:
        os.kill(process, signal.SIGCONT)
    assert code == 1
    wrong = {topic: text for level, topic, text in lines if level == "wrong"}
    assert set(wrong) == {"versions", "gridr_dask", "hand-over"}
    assert wrong["versions"] == "not all workers have told theirs within 3 s"
    assert wrong["hand-over"].startswith(f"{worker} cannot be asked: TimeoutError")


@pytest.mark.distributed
def test_tasks_that_do_not_fit_into_a_worker(doctor, client):
    with dask.config.set({"gridr.task-memory": "1 TiB"}):
        code, lines = doctor("--scheduler", client.scheduler.address)
    assert code == 0
    said = [text for level, topic, text in lines if (level, topic) == ("note", "memory")]
    assert len(said) == 1 + len(client.ncores())
    assert "1.00 TiB here, don't fit" in said[-1]


def test_a_scheduler_that_is_not_there(doctor):
    code, lines = doctor("--scheduler", "tcp://127.0.0.1:9", "--timeout", "0.2")
    assert code == 1
    assert lines[-1][0] == "wrong"
    assert lines[-1][2].startswith("tcp://127.0.0.1:9 does not answer within 0.2 s")


def test_versions_that_differ():
    def side(**packages):
        return {
            "packages": {"gridr-dask": "0.1.0", "dask": "2026.8.0", "python": "3.11.2.final.0", **packages}
        }

    sides = {
        "client": side(python="3.11.7.final.0"),
        "scheduler": {"packages": {**side()["packages"], "gridr-dask": None}},
        "workers": {
            "tcp://a:1": side(dask="2026.9.0"),
            "tcp://b:1": side(),
            "tcp://c:1": side(python="3.12.1.x"),
        },
    }
    found = list(cluster._compared(sides))
    assert {finding.level for finding in found} == {Level.WRONG}
    texts = {finding.text.split()[0]: finding.text for finding in found}
    assert set(texts) == {"gridr-dask", "dask", "python"}
    assert "missing at scheduler" in texts["gridr-dask"]
    assert "2026.9.0 at tcp://a:1" in texts["dask"]
    assert "3.12 at tcp://c:1" in texts["python"]


def set_variable(name, value):
    os.environ[name] = value


def call(environment, before=""):
    """Run the doctor as a user does, in a process of its own."""
    return subprocess.run(
        ["sh", "-c", f"{before} exec {DASK} gridr doctor"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
