"""Up and down: the platform, its topics and tables, the processes; in this order, and back."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay

from cli.installation import Installation, Marker
from cli.supervised import Supervised, processes_for
from local.platform import Addresses
from schemas.emitter import DeliveryFailed, Emitter
from schemas.risk_rules import first_versions
from schemas.segments import first_segments
from schemas.topics import actions
from sinks.postgres.schema import prepare
from streams.topics import all_topics, create_topics

WORKERS = 2
OPERATOR = "memberstream"
QUIETLY = 2  # librdkafka says aloud that a broker which has just come up asks for patience
PATIENCE_SECONDS = 180.0  # for each of the first rules
Say = Callable[[str], None]


def up(
    installation: Installation, say: Say, *, workers: int = WORKERS, marker: Marker | None = None
) -> Addresses:
    """Start what does not run: platform, topics, tables, processes. Raises `Trouble` and others.

    `marker`: what the folder is for, when it is new; what it was made for is kept.
    """
    found = installation.marker or marker or Marker()
    installation.mark(found)
    if installation.embedded:
        say(f"Starting Kafka, Postgres and Valkey in {installation.folder} …")
    addresses = installation.start_platform()
    new = prepare_topics_and_tables(installation, say)
    start_processes(installation, say, workers=workers, clock=found.clock)
    if new and found.clock:  # a replay tells its own
        set_first_rules(installation, say)
    return addresses


def prepare_topics_and_tables(installation: Installation, say: Say) -> bool:
    """Create the topics that are missing and bring the tables to this version; True: all is new."""
    settings = installation.settings()
    created = create_topics(settings.kafka, all_topics(settings), settings.replication)
    views = installation.view_settings
    version = prepare(views.required("postgres"), views.postgres_schema)
    topics = f"{len(created)} topics created" if created else "topics are there"
    say(f"Kafka: {topics}. Postgres: tables of version {version} are up to date.")
    return settings.topic_prefix + actions("members") in created


def set_first_rules(installation: Installation, say: Say) -> None:
    """Give a new installation the risk rules and segments to begin with, as an operator would.

    A broker that has just started loads its coordinators for a while: it is asked again, which is safe,
    as a rule that is sent twice is a repeat. In the end it is said what to type.
    """
    settings = installation.settings()
    now = time.time_ns() // 1_000_000
    rules = list(first_versions(now, OPERATOR))
    segments = list(first_segments(now, OPERATOR))
    patience = Retrying(
        retry=retry_if_exception_type(DeliveryFailed), stop=stop_after_delay(PATIENCE_SECONDS)
    )
    try:
        with Emitter(settings.kafka, prefix=settings.topic_prefix, log_level=QUIETLY) as emitter:
            for changed in (*rules, *segments):
                patience(emitter.emit, changed)
    except RetryError:
        say("Kafka is too busy to take the first rules: memberstream risk rules first.")
        say("And the first segments: memberstream segments first.")
    else:
        say(f"Set {len(rules)} risk rules to begin with: memberstream risk rules list.")
        say(f"Set {len(segments)} segments to begin with: memberstream segments list.")


def start_processes(installation: Installation, say: Say, *, workers: int, clock: bool) -> None:
    """Start the supervisor with workers, sinks and clock; nothing when it runs."""
    supervised = Supervised(installation.folder)
    if supervised.running:
        say("The processes run already: memberstream status.")
        return
    supervised.start(processes_for(workers, clock=clock), installation.environment())
    parts = f"{workers} workers, the sinks" + (" and the clock" if clock else "")
    say(f"Started {parts}; their logs are in {installation.folder / 'logs'}.")


def down(installation: Installation, say: Say, *, erase: bool = False) -> None:
    """Stop the processes, then the platform; with `erase` delete the folder, too."""
    supervised = Supervised(installation.folder)
    if installation.folder.exists():
        if supervised.running:
            say("Stopping workers, sinks and clock …")
        supervised.stop()
    if installation.embedded and installation.platform_running:
        say("Stopping Kafka, Postgres and Valkey …")
        installation.platform.stop()
    if erase:
        installation.erase()
        say(f"{installation.folder} is erased." if installation.embedded else NOT_ERASED)


NOT_ERASED = (
    "This host's stores are erased. Topics, tables and keys on the platform that the environment "
    "names are left: delete them there."
)


def finished(installation: Installation) -> None:
    """Note that the folder's demo has come to its end."""
    marker = installation.marker
    assert marker is not None
    installation.mark(msgspec.structs.replace(marker, demo_finished=True))
