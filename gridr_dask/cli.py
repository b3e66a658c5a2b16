"""The commands ``dask gridr ...``, found by dask through an entry point."""

from __future__ import annotations

import sys

import click

__all__ = ["gridr"]

_COLOURS = {"ok": "green", "note": "yellow", "wrong": "red"}


@click.group(name="gridr")
def gridr() -> None:
    """Resampling of rasters through coordinate grids."""


@gridr.command()
@click.option(
    "--scheduler", metavar="ADDRESS", help="Examine this cluster too, such as tcp://127.0.0.1:8786."
)
@click.option("--timeout", default=10.0, show_default=True, help="Seconds to wait for the scheduler.")
def doctor(scheduler: str | None, timeout: float) -> None:
    """Say what gridr_dask finds on this machine, and on a cluster.

    Engine, memory, shared memory, descriptors, and segments that were left over, which it removes; for a
    cluster also whether versions agree, and whether workers hand blocks over. Exits with 1 if anything is
    wrong.
    """
    # Late: dask imports this module for each of its commands.
    from gridr_dask.doctor import Level, examine_cluster, examine_process

    findings = examine_process()
    if scheduler is not None:
        findings += examine_cluster(scheduler, timeout)
    for finding in findings:
        mark = click.style(f"{finding.level:<5}", fg=_COLOURS[finding.level])
        click.echo(f"{mark}  {finding.topic:<13}  {finding.text}")
    wrong = sum(finding.level is Level.WRONG for finding in findings)
    click.echo(f"\n{wrong or 'nothing'} wrong")
    sys.exit(bool(wrong))
