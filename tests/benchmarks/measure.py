"""The best time of calls that take turns, and of calls that run at once in processes of their own."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Span = tuple[float, float]
_PATIENCE = 120.0
"""Seconds after which a partner that has died is given up."""


@dataclass
class Call:
    """Something to measure, with what it needs done before and how exact its result is."""

    run: Callable[[], Any]
    before: Callable[[], Any] = lambda: None
    tolerance: float = 0.0
    note: str = ""


@dataclass
class Timed:
    """The best time of a call in seconds, and its last result."""

    seconds: float
    result: Any


def in_turn(calls: dict[str, Call], runs: int, burst: int = 1) -> dict[str, Timed]:
    """Measure calls that take turns, so that a slow phase of the machine meets all of them.

    A call runs `burst` times before the next one has its turn: short ones find their data in the cache.
    """
    timed = {name: Timed(float("inf"), None) for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            for _ in range(burst):
                call.before()
                start = time.perf_counter()
                result = call.run()
                seconds = time.perf_counter() - start
                timed[name] = Timed(min(timed[name].seconds, seconds), result)
    return timed


def at_once(
    build: Callable[..., Call], arguments: tuple[Any, ...], rounds: int, between: Call
) -> tuple[float, Timed]:
    """Measure a call in two processes at once, and `between` here while they wait.

    Returns
    -------
    float
        Seconds per call of the pair: half of the time from the first start to the last end.
    Timed
        `between`.
    """
    context = multiprocessing.get_context("spawn")  # a fork would share the threads' state with us
    barrier = context.Barrier(3, timeout=_PATIENCE)
    answers = context.SimpleQueue()
    partners = [
        context.Process(target=_partner, args=(build, arguments, rounds, barrier, answers), daemon=True)
        for _ in range(2)
    ]
    for partner in partners:
        partner.start()
    between.run()  # starts its threads
    alone = Timed(float("inf"), None)
    for _ in range(rounds):
        barrier.wait()  # the partners start ...
        barrier.wait()  # ... and both are done
        alone = min(alone, in_turn({"": between}, 1)[""], key=lambda timed: timed.seconds)
    spans = [answers.get() for _ in partners]
    for partner in partners:
        partner.join()
    joint = min(_length(a, b) for a, b in zip(*spans, strict=True)) / 2
    return joint, alone


def peak_memory(build: Callable[..., Call], arguments: tuple[Any, ...]) -> float:
    """Return the MiB that a call adds to what a fresh process holds before it, at its peak."""
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    process = context.Process(target=_measure_memory, args=(build, arguments, answers), daemon=True)
    process.start()
    process.join()
    added: float = answers.get()
    return added


def _measure_memory(build: Callable[..., Call], arguments: tuple[Any, ...], answers: Any) -> None:
    call = build(*arguments)
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    call.run()
    # Not `ru_maxrss`, which begins with that of the parent.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    answers.put((int(status["VmHWM"].split()[0]) * 1024 - before) / 2**20)


def _length(a: Span, b: Span) -> float:
    return max(a[1], b[1]) - min(a[0], b[0])


def _partner(
    build: Callable[..., Call], arguments: tuple[Any, ...], rounds: int, barrier: Any, answers: Any
) -> None:
    call = build(*arguments)
    call.run()
    spans: list[Span] = []
    for _ in range(rounds):
        barrier.wait()
        start = time.perf_counter()  # one clock for all processes of a machine
        call.run()
        spans.append((start, time.perf_counter()))
        barrier.wait()
    answers.put(spans)
