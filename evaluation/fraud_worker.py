"""A worker of the whole topology in which silence labels after so many days: python -m … DAYS.

The evaluation through Kafka starts it; settings come from the environment, as for any worker.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from agents.risk.examination import NAME, risk
from streams.app import run, stage_specs
from streams.plan import Topology
from streams.settings import read_settings
from streams.topology import topology


def labelled_after(days: int, partitions: int, prefix: str = "") -> Topology:
    """The topology of production but for the horizon of silence."""
    whole = topology(partitions, prefix=prefix)
    examines = risk(days)
    stages = tuple(
        replace(
            stage,
            agents=tuple(examines if agent.name == NAME else agent for agent in stage.agents),
        )
        for stage in whole.stages
    )
    return replace(whole, stages=stages)


def main() -> None:
    """Work until SIGTERM."""
    days = int(sys.argv[1])
    settings = read_settings()
    run(
        settings,
        lambda: stage_specs(labelled_after(days, settings.partitions, settings.topic_prefix)),
    )


if __name__ == "__main__":
    main()
