"""Segments of /dev/shm: room, names that tell whose they are, and what the janitor removes."""

import os
import signal
import subprocess
import sys

import pytest

from gridr_dask.scaling import SharedArray, remove_orphans, segments
from tests import processes
from tests.processes import in_child

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def unshared(*options):
    """Return a command that runs another with system resources of its own, or None if that is not allowed."""
    command = ["unshare", *options]
    try:
        done = subprocess.run([*command, "true"], capture_output=True)
    except FileNotFoundError:
        return None
    return command if done.returncode == 0 else None


MOUNTS = unshared("--mount", "--map-root-user")
PIDS = unshared("--pid", "--fork", "--mount-proc", "--map-root-user")


def forge(*parts):
    """Make a segment with any name."""
    name = "-".join(["gridr", *map(str, parts)])
    (segments.FOLDER / name).touch(exist_ok=False)
    return name


def present(label):
    """Whether there is a segment of this label, whoever sweeps at the same time."""
    return any(name.endswith(label) for name in os.listdir(segments.FOLDER))


def test_who_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "FOLDER", tmp_path)
    boot, space, pid, start = segments._this_process()
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone = [
        forge(boot, space, ended.pid, 5, "1-ended"),
        forge(boot, space, pid, start + 1, "1-another-process-has-this-pid-now"),
        forge("0" * 8, space, pid, start, "1-before-the-boot"),
    ]
    stay = [
        forge(boot, space, pid, start, "1-alive"),
        forge(boot, space + 1, ended.pid, 5, "1-in-a-namespace-that-is-not-seen-from-here"),
        forge(boot, space, "x", 5, "1-of-somebody-else"),
        forge(boot),
    ]
    assert remove_orphans() == sorted(gone)
    assert remove_orphans() == []
    assert sorted(os.listdir(tmp_path)) == sorted(stay)


def test_a_process_that_nobody_has_waited_for_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "FOLDER", tmp_path)
    ended = subprocess.Popen(["true"])
    processes.wait_for(lambda: segments._start_time(ended.pid) is None)
    boot, space, _, _ = segments._this_process()
    name = forge(boot, space, ended.pid, 5, "1-zombie")
    assert remove_orphans() == [name]
    ended.wait()


def test_any_program_may_have_any_name(tmp_path):
    program = tmp_path / "a) S 1 (b c"
    program.symlink_to("/bin/sleep")
    running = subprocess.Popen([program, "60"])
    started = subprocess.Popen(["sleep", "60"])
    try:
        first, second = (segments._start_time(one.pid) for one in (running, started))
        assert 0 <= second - first < 6000
    finally:
        for one in (running, started):
            one.kill()
            one.wait()


def test_the_first_segment_of_a_process_sweeps(method):
    boot, space, _, _ = segments._this_process()
    orphan = forge(boot, space, 4194304 + 1, 5, "1-orphan")
    in_child(method, processes.create, "shm", 100)
    assert not present(orphan)


@pytest.mark.parametrize(
    ("killed", "user_by"),
    [("creator", "fork"), ("creator", "forkserver"), ("user", "fork"), ("both", "fork"), ("group", "fork")],
)
def test_nothing_stays_of_processes_that_are_killed(killed, user_by):
    context = processes.context("forkserver")
    here, there = context.Pipe()
    process = context.Process(target=processes.hold, args=(there, "shm", user_by))
    process.start()
    name, creator, user = here.recv()
    if killed == "group":
        os.killpg(creator, signal.SIGKILL)
    for pid in {"creator": [creator], "user": [user], "both": [user, creator], "group": []}[killed]:
        os.kill(pid, signal.SIGKILL)
    if killed == "user":
        remove_orphans()
        assert present(name)
        os.kill(creator, signal.SIGKILL)
    process.join()
    remove_orphans()
    assert not present(name)
    if killed == "creator":
        os.kill(user, signal.SIGKILL)


@pytest.mark.parametrize("command", [PIDS] if PIDS else [])
def test_processes_of_another_namespace_keep_their_segments(command):
    code = """if True:
        import sys, time
        from gridr_dask.scaling import SharedArray
        shared = SharedArray((5,), "u1", SharedArray.build_name("inner"), backend="shm")
        shared.create()
        print(shared.name, flush=True)
        sys.stdin.read()
    """
    with SharedArray((5,), "u1", SharedArray.build_name("outer"), backend="shm") as outer:
        run = [*command, sys.executable, "-c", code]
        with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as inner:
            name = inner.stdout.readline().strip()
            assert present(outer.name)
            remove_orphans()
            received = SharedArray((5,), "u1", name, backend="shm")
            received.load()
            inner.stdin.close()
        assert not present(name)
        assert present(outer.name)


@pytest.mark.parametrize("command", [MOUNTS] if MOUNTS else [])
def test_a_full_folder_is_an_error_and_no_sigbus(command):
    code = """if True:
        import os
        from gridr_dask.scaling import SharedArray, segments, set_backend
        megabyte = 1 << 20
        def made(size, backend=None):
            shared = SharedArray((size,), "u1", SharedArray.build_name(), backend=backend)
            shared.create()
            return shared
        half = made(megabyte // 2, "shm")
        half.array[:] = 1
        try:
            made(megabyte * 3 // 4, "shm")
        except OSError as error:
            assert "0.8 MiB does not fit" in str(error) and "0.5 MiB of 1.0 MiB are free" in str(error)
        else:
            raise AssertionError("no error")
        room, segments.room = segments.room, lambda: segments.Room(megabyte, megabyte)
        try:
            made(megabyte * 3 // 4, "shm")  # found full by the allocation only
        except OSError as error:
            assert "does not fit" in str(error), error
        else:
            raise AssertionError("no error")
        segments.room = room
        assert len(os.listdir("/dev/shm")) == 1
        os.environ["GRIDR_SHM_MIN_FREE"] = "0"
        for method, other in (("fork", "mmap"), ("spawn", "memfd"), ("forkserver", "memfd")):
            set_backend("auto", start_method=method)
            large = made(megabyte * 3 // 4)
            large.array[:] = 1
            small = made(100)
            assert (large.backend, small.backend) == (other, "shm")
            small.destroy()
    """
    shell = 'mount -t tmpfs -o size=1m none /dev/shm && exec "$0" "$@"'
    done = subprocess.run([*command, "sh", "-c", shell, sys.executable, "-c", code], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
