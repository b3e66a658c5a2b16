"""What stands in deploy/ is what its program expects; tests/containers/ starts what can be started."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.containers.engine import JOBS

DEPLOY = Path(__file__).parents[2] / "deploy"
PRELOAD = "gridr_dask.scaling.preload"
# The schemas of its resources are in its wheel, which needs half of Kubernetes' Python to be installed.
OPERATOR = "dask-kubernetes==2026.3.0"


@pytest.mark.parametrize(
    ("schema", "manifest"),
    [("vendor.compose-spec", "compose/compose.yaml"), ("vendor.gitlab-ci", "gitlab-ci/.gitlab-ci.yml")],
)
def test_keeps_to_the_published_schema(schema, manifest):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, DEPLOY / manifest]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def operator(pytestconfig):
    """The resources of the dask operator by their kinds, each with its schema; downloaded once."""
    folder = pytestconfig.cache.mkdir("dask-kubernetes")
    name = f"{OPERATOR.replace('-', '_').replace('==', '-')}-py3-none-any.whl"
    if not (folder / name).exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, OPERATOR]
        subprocess.run(pip, check=True, timeout=120)
    with zipfile.ZipFile(folder / name) as wheel:
        files = [name for name in wheel.namelist() if re.search(r"/crds/\w+\.yaml$", name)]
        definitions = [yaml.load(wheel.read(name), yaml.CSafeLoader) for name in files]
    return {
        definition["spec"]["names"]["kind"]: strict(
            definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        )
        for definition in definitions
    }


def strict(schema):
    """Return a schema that refuses fields it does not know, as kubectl does."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    # `properties` may be the name of a property too.
    if isinstance(schema.get("type"), str) and "properties" in schema:
        made["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields", False))
    return made


@pytest.mark.parametrize("manifest", ["cluster.yaml", "workers.yaml"])
def test_the_operator_takes_it(operator, manifest):
    resource = yaml.safe_load((DEPLOY / "kubernetes" / manifest).read_text())
    assert resource.pop("apiVersion") == "kubernetes.dask.org/v1"
    schema = operator[resource.pop("kind")]
    assert resource.pop("metadata")["name"]
    jsonschema.validate({"spec": resource["spec"]}, {**schema, "required": ["spec"]})
    (container,) = resource["spec"]["worker"]["spec"]["containers"]
    container["arg"] = container.pop("args")
    with pytest.raises(jsonschema.ValidationError, match="'arg' was unexpected"):
        jsonschema.validate({"spec": resource["spec"]}, {**schema, "required": ["spec"]})


@pytest.mark.distributed
def test_jobqueue_makes_a_job_of_it():
    program = "from dask_jobqueue import SLURMCluster\nwith SLURMCluster() as it: print(it.job_script())"
    script = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "DASK_CONFIG": str(DEPLOY / "slurm")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "#SBATCH --cpus-per-task=16" in script
    assert "#SBATCH --mem=56G" in script  # GiB
    assert script.index("dask gridr doctor") < script.index("dask_worker")
    assert "--nthreads 16 --memory-limit 55.88GiB" in script
    assert f"--local-directory $TMPDIR --preload={PRELOAD} --lifetime=110m" in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.distributed
def test_the_job_runs_a_program_on_its_cluster(tmp_path):
    # Slurm's own part, one worker on each node, is left out.
    (tmp_path / "srun").write_text('#!/bin/sh\ntest "$1 $2" = "--cpus-per-task 2" && shift 2 && exec "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin",
        "SLURM_JOB_ID": "77",
        "SLURMD_NODENAME": "127.0.0.1",
        "SLURM_CPUS_PER_TASK": "2",
        "SLURM_MEM_PER_NODE": "1000",
        "TMPDIR": str(tmp_path),
    }
    command = ["bash", DEPLOY / "slurm" / "job.sh", "python", JOBS / "count_workers.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2", str(900 * 2**20), "3"]


def test_the_job_wants_a_program():
    done = subprocess.run(["bash", DEPLOY / "slurm" / "job.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "which program is to run?" in done.stderr


UNITS = sorted(DEPLOY.glob("systemd/*.service"))


@pytest.mark.parametrize("unit", UNITS if shutil.which("systemd-analyze") else [], ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit(unit, tmp_path):
    # The program must exist.
    installed = tmp_path / unit.name
    installed.write_text(unit.read_text().replace("/opt/gridr/bin/dask", shutil.which("true")))
    done = subprocess.run(
        ["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_units_have_folders_of_their_own():
    # systemd gives a state directory to the dynamic user that starts last.
    folders = [re.findall("^StateDirectory=(.+)$", unit.read_text(), re.MULTILINE) for unit in UNITS]
    assert len(folders) == 2
    assert folders[0] != folders[1]


def test_every_worker_hands_over():
    starting = [path for path in DEPLOY.rglob("*") if path.is_file() and "dask worker" in path.read_text()]
    starting += [path for path in DEPLOY.rglob("*.y*ml") if "- worker\n" in path.read_text()]
    starting = {path for path in starting if path.suffix != ".md"}
    assert len(starting) >= 5
    assert [path for path in starting if PRELOAD not in path.read_text()] == []
