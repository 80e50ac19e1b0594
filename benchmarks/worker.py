"""The main job's worker as a process: every stage of the topology, settings from the environment."""

from __future__ import annotations

from streams.app import run, stage_specs
from streams.settings import read_settings
from streams.topology import topology


def main() -> None:
    """Work until SIGTERM."""
    settings = read_settings()
    run(
        settings,
        lambda: stage_specs(
            topology(settings.partitions, prefix=settings.topic_prefix), settings.schema_registry
        ),
    )


if __name__ == "__main__":
    main()
