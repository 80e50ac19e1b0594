"""Kinds of trouble, by what has to happen next.

A refusal is a value and bad input a dead letter; neither is raised. `Poisoned` sends one event (or
wake-up) away and lets the rest go on. `Broken` stops the process: the shell or what it stands on is
not what it must be, and to limp on would make it worse. So does `agents.BrokenLedger`.
"""

from __future__ import annotations

from agents import BrokenLedger
from schemas.dead_letters import DeadLetterProblem

DETAIL_LENGTH = 300


class Broken(Exception):
    """The process has to stop."""


class StoreBroken(Broken):
    """The store failed, or holds what no codec of this version reads."""


class InsideBroken(Broken):
    """An inside writer sent what this version cannot take."""


class TooManyPoisoned(Broken):
    """So many events made agents raise that the fault is not in the events."""


class Poisoned(Exception):
    """An agent or table raised on what it heard, or said or kept what cannot be stored."""

    def __init__(
        self, speaker: str, detail: str, problem: DeadLetterProblem = DeadLetterProblem.RAISED
    ) -> None:
        super().__init__(f"{speaker}: {detail}")
        self.speaker = speaker
        self.detail = f"The agent {speaker} could not take it: {detail}"
        self.problem = problem


# What goes through an agent's call untouched: these never are the event's fault.
FATAL = (Broken, BrokenLedger, MemoryError)


def poisoned(speaker: str, error: Exception) -> Poisoned:
    """The error that an agent raised, as the shell treats it: type and first words."""
    if isinstance(error, Poisoned):
        return error
    return Poisoned(speaker, f"{type(error).__name__}: {error}"[:DETAIL_LENGTH])
