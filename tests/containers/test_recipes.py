"""What the manifests of deploy/ tell a program to run, run in containers in its place."""

import re
import shlex
from pathlib import Path

import yaml

from tests.containers import engine

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_job_of_gitlab(image):
    job = yaml.safe_load((DEPLOY / "gitlab-ci" / ".gitlab-ci.yml").read_text())["resample"]
    variables = [option for item in job["variables"].items() for option in ("--env", "=".join(item))]
    mounted = ("--volume", f"{engine.JOBS / 'small.py'}:/scratch/resample.py:ro")
    script = [*job["script"], *(f"test -e {path}/zarr.json" for path in job["artifacts"]["paths"])]
    ended = engine.run(image, "sh", "-ec", "\n".join(script), options=(*variables, *mounted))
    assert ended.code == 0, ended.said
    assert re.search(r"^ok +shared arrays  memfd: GRIDR_SHARED_MEMORY_BACKEND", ended.stdout, re.MULTILINE)


def test_the_services_of_systemd(image, network):
    on = ("--network", network)
    scheduler = engine.start(
        image, *service("scheduler", HOST="0.0.0.0"), options=(*on, "--network-alias", "there")
    )
    engine.start(image, *service("worker", SCHEDULER="tcp://there:8786"), options=on)
    code = (
        "from distributed import Client\n"
        "with Client('tcp://127.0.0.1:8786', timeout=60) as client:\n"
        "    client.wait_for_workers(1, timeout=60)\n"
        "    print(client.submit(sum, [1, 2]).result())\n"
    )
    assert engine.call("docker", "exec", scheduler, "python3", "-c", code, timeout=120).split()[-1] == "3"


def service(name: str, **settings: str) -> list[str]:
    """Return the command of a unit, with the settings of its environment file in place of its own."""
    text = (DEPLOY / "systemd" / f"gridr-{name}.service").read_text().replace("\\\n", "")
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    (own,) = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
    environment = {**dict(item.split("=", 1) for item in own.split()), **settings}
    return shlex.split(re.sub(r"\$\{(\w+)\}", lambda found: environment[found[1]], command))
