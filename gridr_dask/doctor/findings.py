"""What an examination yields."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Level", "note", "ok", "wrong"]


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing: works, but could do better."""
    WRONG = "wrong"
    """Will fail; the text names the way out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report; equal ones of several workers are said once."""

    level: Level
    topic: str
    text: str


def ok(topic: str, text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Level.OK, topic, text)


def note(topic: str, text: str) -> Finding:
    """Return a finding that something could be better."""
    return Finding(Level.NOTE, topic, text)


def wrong(topic: str, text: str) -> Finding:
    """Return a finding that something will fail; the text names the way out."""
    return Finding(Level.WRONG, topic, text)
