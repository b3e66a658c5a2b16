"""A job that is larger than the memory of its container, which the plan holds inside."""

import signal

# No swap in its place.
LIMIT = ("--memory=1500m", "--memory-swap=1500m")
TASKS = ("--env", "DASK_GRIDR__TASK_MEMORY=128MiB")


def test_the_plan_stays_inside(job):
    ended = job("planned.py", "planned", options=LIMIT + TASKS, timeout=240)
    assert ended.code == 0, ended.said
    assert ended.stdout.split() == ["the", "same"]
    assert not ended.killed_for_memory


def test_the_same_job_in_one_piece_does_not(job):
    ended = job("planned.py", "whole", options=LIMIT + TASKS, timeout=240)
    assert ended.killed_for_memory, ended.said
    assert ended.code == 128 + signal.SIGKILL
