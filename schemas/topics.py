"""The names of the topics. They stand here and nowhere else; their settings are in `streams/topics.py`."""

from __future__ import annotations

STAGES = ("members", "products", "searches")
DEAD_LETTERS = "dead-letters"


def actions(stage: str) -> str:
    """What members, operators and the clock caused, for a stage's keys; kept for ever."""
    return f"actions.{stage}"


def outcomes(stage: str) -> str:
    """What a stage's agents concluded, at the source's own partition; kept for ever."""
    return f"outcomes.{stage}"


def repartition(stage: str) -> str:
    """Outcomes of other keys that a stage's agents hear; kept for ever."""
    return f"to.{stage}"


def changelog(stage: str) -> str:
    """A stage's state, compacted."""
    return f"changelog.{stage}"
