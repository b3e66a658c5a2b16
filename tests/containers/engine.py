"""The container engine: what of it this machine has, and its commands, with everything labelled."""

import json
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LABEL = "gridr-dask-test"
SESSION = uuid.uuid4().hex[:8]
JOBS = Path(__file__).with_name("jobs")
"""What is run in containers."""

# Whatever else the machine does comes first.
SHARES = "128"


@cache
def lacking() -> tuple[str, ...]:
    """Name what the tests in containers need and this machine has not."""
    needs = {
        "a Docker engine that answers": shutil.which("docker") is not None and answers("docker", "version"),
        "debootstrap": shutil.which("debootstrap") is not None,
        "root, which debootstrap wants": os.geteuid() == 0,
        "cargo": shutil.which("cargo") is not None,
    }
    return tuple(need for need, met in needs.items() if not met)


@cache
def compose() -> tuple[str, ...]:
    """Return the command of docker compose, the plugin or the older program; empty if there is neither."""
    commands = ("docker", "compose"), ("docker-compose",)
    return next(
        (command for command in commands if shutil.which(command[0]) and answers(*command, "version")), ()
    )


def what_is_tested() -> str:
    """Say for the header of a test run what is left out, and why."""
    if lacking():
        return f"NOTHING IS TESTED IN CONTAINERS, since this machine lacks: {', '.join(lacking())}"
    return f"in containers: all{'' if compose() else ' but compose, which is missing'}"


def answers(*command: str) -> bool:
    """Whether a command succeeds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def call(*command: str | Path, timeout: float = 300, **how: object) -> str:
    """Run a command and return what it printed; what it complained of is in the error of one that fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **how)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


@dataclass(frozen=True)
class Ended:
    """How the process of a container ended."""

    code: int
    killed_for_memory: bool
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        return self.stdout + self.stderr


def unique() -> str:
    """Return a name for a container or a network."""
    return f"{LABEL}-{uuid.uuid4().hex[:8]}"


def labelled() -> tuple[str, str]:
    """Return the option by which things are known as those of this run."""
    return "--label", f"{LABEL}={SESSION}"


def run(image: str, *command: str, options: tuple[str, ...] = (), timeout: float = 180) -> Ended:
    """Run a command in a container of its own to its end."""
    name = start(image, *command, options=options)
    try:
        code = int(call("docker", "wait", name, timeout=timeout))
        logs = ["docker", "logs", name]
        printed = subprocess.run(logs, capture_output=True, text=True, timeout=60, check=True)
        return Ended(code, inspect(name)["State"]["OOMKilled"], printed.stdout, printed.stderr)
    finally:
        call("docker", "rm", "--force", "--volumes", name)


def start(image: str, *command: str, options: tuple[str, ...] = ()) -> str:
    """Start a container in the background and return its name; after the tests it is removed."""
    name = unique()
    own = ("--name", name, *labelled(), "--cpu-shares", SHARES)
    call("docker", "run", "--detach", *own, *options, image, *command)
    return name


def inspect(name: str) -> dict:
    """Return what the engine knows of a container."""
    return json.loads(call("docker", "inspect", name))[0]


def remove_all() -> None:
    """Remove the containers and networks of this run, but not those of compose, which removes its own."""
    ours = f"label={LABEL}={SESSION}"
    if containers := call("docker", "ps", "--all", "--quiet", "--filter", ours).split():
        call("docker", "rm", "--force", "--volumes", *containers)
    if networks := call("docker", "network", "ls", "--quiet", "--filter", ours).split():
        call("docker", "network", "rm", *networks)
