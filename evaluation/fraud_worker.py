"""A worker of the whole topology but for what an evaluation sets: python -m … DAYS FRAUDS HONEST.

Silence labels after so many days, and the model's first version takes so many labelled payments. As steps of
any length follow one another, an action may be an hour ahead of the last tick, whatever that one's distance.
The evaluation through Kafka starts it; settings come from the environment, as for any worker.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from agents import Agent
from agents.risk import examination, training
from agents.risk.examination import risk
from agents.risk.publication import First
from streams.app import run, stage_specs
from streams.intake import HOUR, Bounds
from streams.plan import Topology
from streams.settings import read_settings
from streams.stage import StageSpec
from streams.topology import topology
from streams.work import StageBehaviour

BOUNDS = Bounds(ahead=2 * HOUR)


def labelled_after(days: int, first: First, partitions: int, prefix: str = "") -> Topology:
    """The topology of production but for the horizon of silence and the first version."""
    whole = topology(partitions, prefix=prefix)
    others: dict[str, Agent[Any]] = {
        examination.NAME: risk(days),
        training.NAME: training.training(first),
    }
    stages = tuple(
        replace(
            stage,
            agents=tuple(others.get(agent.name, agent) for agent in stage.agents),
        )
        for stage in whole.stages
    )
    return replace(whole, stages=stages)


def specs(whole: Topology) -> list[StageSpec]:
    """The stages of a topology with `BOUNDS`."""
    return [
        replace(spec, behaviour=StageBehaviour(spec.name, whole, bounds=BOUNDS))
        for spec in stage_specs(whole)
    ]


def main() -> None:
    """Work until SIGTERM."""
    days, frauds, honest = map(int, sys.argv[1:])
    first = First(frauds, honest)
    settings = read_settings()
    run(
        settings,
        lambda: specs(labelled_after(days, first, settings.partitions, settings.topic_prefix)),
    )


if __name__ == "__main__":
    main()
