"""The names of the topics. They stand here and nowhere else; their settings are in `streams/topics.py`."""

from __future__ import annotations

from schemas.record import Outcome

STAGES = ("members", "products", "searches", "tokens", "training")
DEAD_LETTERS = "dead-letters"
# Of outcomes that name a topic of their own (`Outcome.TOPIC`):
ALERTS = "alerts"  # what a fraud team is to look at
MODELS = "models"  # what was learned
BROADCASTS = {MODELS: "members"}  # in every partition alike, and the stage whose tables hear it
OWN = (ALERTS, *BROADCASTS)


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


def broadcasts(stage: str) -> tuple[str, ...]:
    """Outcomes that the tables of every partition of a stage hear; kept for ever."""
    return tuple(topic for topic, heard_in in BROADCASTS.items() if heard_in == stage)


def sources(stage: str) -> tuple[str, ...]:
    """All that a stage reads, in the order in which it is drained: inside topics first."""
    return (*broadcasts(stage), repartition(stage), actions(stage))


def of(outcome: type[Outcome]) -> str:
    """Where outcomes of a type lie."""
    return outcome.TOPIC or outcomes(outcome.SAID_IN)
