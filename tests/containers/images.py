"""Images, made without a registry: Debian by debootstrap, wheels by pip, then our Dockerfile.

Tags are hashes of what goes in, so a second run finds the images of the first.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from packaging.tags import platform_tags

from tests.containers.engine import LABEL, call

# Debian's releases, for the Python that each has.
SUITES = {"bookworm": "3.11", "forky": "3.14"}
# A client needs the Python of its cluster.
_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
LIKE_HERE = next((suite for suite, python in SUITES.items() if python == _HERE), None)

_ROOT = Path(__file__).parents[2]
_BUILD = _ROOT / "build" / "containers"
_DOCKERFILE = _ROOT / "deploy" / "docker" / "Dockerfile"
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
_MIRROR = "http://deb.debian.org/debian"
_PACKAGES = {
    # A scheduler of jobs too, for deploy/slurm; it is not in every release.
    "bookworm": "python3,python3-venv,munge,slurmctld,slurmd,slurm-client",
    "forky": "python3,python3-venv",
}
# What the demo's tasks need beside the package itself.
_EXTRAS = "[io]"


@cache
def image(suite: str) -> str:
    """Return the tag of gridr_dask's image on a release of Debian."""
    base = _base(suite)
    tag = f"{LABEL}:{suite}-{_digest([base, _EXTRAS, _frozen(), *_sources(), _DOCKERFILE])}"
    if not _exists(tag):
        wheels = _wheelhouse(_python(base))
        arguments = {"BASE": base, "BUILDER": base, "PIP_NO_INDEX": "1", "EXTRAS": _EXTRAS}
        options = [option for item in arguments.items() for option in ("--build-arg", "=".join(item))]
        labels = ("--label", f"{LABEL}=image", "--tag", tag)
        call("docker", "build", *labels, *options, "--file", _DOCKERFILE, wheels, timeout=600)
    return tag


def _base(suite: str) -> str:
    """Return the tag of a plain Debian with Python."""
    tag = f"{LABEL}:{suite}-{_digest([suite, _PACKAGES[suite], _MIRROR])}"
    if not _exists(tag):
        folder = _BUILD / suite
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # A release that this debootstrap has not heard of is made like the one that never ends.
        script = _SCRIPTS / (suite if (_SCRIPTS / suite).exists() else "sid")
        options = ("--variant=minbase", f"--include={_PACKAGES[suite]}")
        # What it mounts goes with it, however it ends.
        call("unshare", "--mount", "debootstrap", *options, suite, folder, _MIRROR, script, timeout=1800)
        with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as packed:
            call("docker", "import", "--change", f"LABEL {LABEL}=base", "-", tag, stdin=packed.stdout)
        assert packed.returncode == 0
        shutil.rmtree(folder)
    return tag


def _python(base: str) -> str:
    """Return the version of Python in an image, such as 3.11."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return call("docker", "run", "--rm", "--label", LABEL, base, "python3", "-c", code)


def _wheelhouse(version: str) -> Path:
    """Return a folder of our wheel, and of all that it needs, in the versions that are installed here."""
    wheel = _wheel()
    folder = _BUILD / f"wheels-{version}-{_digest([_EXTRAS, _frozen()])}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("gridr_dask-*"):
        old.unlink()
    constraints = folder / "constraints.txt"
    constraints.write_text(_frozen())
    abis = (f"cp{version.replace('.', '')}", "abi3", "none")
    target = ["--only-binary=:all:", "--implementation=cp", f"--python-version={version}"]
    target += [f"--abi={abi}" for abi in abis] + [f"--platform={tag}" for tag in platform_tags()]
    pip = (sys.executable, "-m", "pip", "download", "--quiet")
    call(*pip, "--dest", folder, "--constraint", constraints, *target, f"{wheel}{_EXTRAS}", timeout=600)
    return folder


@cache
def _wheel() -> Path:
    """Build the wheel of the package; one serves every Python."""
    folder = _BUILD / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    build = (sys.executable, "-m", "maturin", "build", "--quiet", "--release", "--locked", "--out", folder)
    call(*build, cwd=_ROOT, timeout=900)
    (wheel,) = folder.glob("*.whl")
    return wheel


@cache
def _frozen() -> str:
    return call(sys.executable, "-m", "pip", "freeze", "--exclude-editable")


def _sources() -> Iterable[Path]:
    """What the wheel is made of."""
    names = ("pyproject.toml", "README.md", "gridr_dask", "rust")
    listed = call("git", "ls-files", "--cached", "--others", "--exclude-standard", *names, cwd=_ROOT)
    return (path for path in map(_ROOT.joinpath, sorted(listed.splitlines())) if path.exists())


def _digest(parts: Iterable[str | Path]) -> str:
    made = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        made.update(hashlib.sha256(content).digest())
    return made.hexdigest()[:12]


def _exists(tag: str) -> bool:
    return bool(call("docker", "images", "--quiet", tag))
