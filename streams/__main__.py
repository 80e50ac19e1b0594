"""A worker as a process: `python -m streams`, with settings from the environment alone."""

from __future__ import annotations

import sys

from streams.app import run, stage_specs
from streams.ending import ExitCode
from streams.settings import SettingsRefused, read_settings
from streams.topology import topology

if __name__ == "__main__":
    try:
        settings = read_settings()
    except SettingsRefused as refused:
        sys.stderr.write(f"{refused}\n")
        sys.exit(ExitCode.REFUSED)
    run(
        settings,
        lambda: stage_specs(
            topology(settings.partitions, prefix=settings.topic_prefix), settings.schema_registry
        ),
    )
