"""The commands that run or tend one part: worker, sink, clock, topics, views, audit, settings."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.installation import Installation
from cli.terminal import AsJson, Data, console, print_json, say, show, write_json

View = Literal["postgres", "redis"]
topics = typer.Typer(help="Create and check the topics.", no_args_is_help=True)
views = typer.Typer(help="Make views anew.", no_args_is_help=True)
sink = typer.Typer(
    help="Run a sink until SIGTERM: Postgres or Redis. Exit codes: sinks/ending.py.",
    no_args_is_help=True,
)


def worker(
    data: Data = None,
    slot: Annotated[
        int | None, typer.Option(min=0, max=999, help="Default: the lowest that is free.")
    ] = None,
) -> None:
    """Run one worker until SIGTERM. Exit codes: streams/ending.py."""
    from streams.app import run, stage_specs
    from streams.topology import topology

    given = {} if slot is None else {"slot": slot}
    settings = Installation.of(data).settings(**given)
    run(
        settings,
        lambda: stage_specs(
            topology(settings.partitions, prefix=settings.topic_prefix), settings.schema_registry
        ),
    )


@sink.command("postgres")
def sink_postgres(data: Data = None) -> None:
    """Keep the tables in Postgres."""
    from sinks.postgres.sink import run
    from sinks.process import run_process

    installation = Installation.of(data)
    run_process(run, kafka=installation.address("kafka"), postgres=installation.address("postgres"))


@sink.command("redis")
def sink_redis(data: Data = None) -> None:
    """Keep the keys in Redis or Valkey."""
    from sinks.process import run_process
    from sinks.redis_sink.sink import run

    installation = Installation.of(data)
    run_process(run, kafka=installation.address("kafka"), redis=installation.address("redis"))


def clock(
    data: Data = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="Between two ticks.")] = 1.0,
) -> None:
    """Write the time into every partition until SIGTERM. A second clock takes over from the first."""
    from streams.clock import run

    settings = Installation.of(data).settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread of its own: the handler may have interrupted the very wait that holds the lock.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    run(settings.kafka, prefix=settings.topic_prefix, seconds=seconds, stop=stop)


@topics.command("create")
def create(data: Data = None) -> None:
    """Create the topics that are missing; those that are there are checked."""
    from streams.topics import all_topics, create_topics

    settings = Installation.of(data).settings()
    wanted = all_topics(settings)
    created = create_topics(settings.kafka, wanted, settings.replication)
    say(f"{len(created)} topics created, {len(wanted) - len(created)} were there.")


@topics.command("list")
def list_topics(data: Data = None, as_json: AsJson = False) -> None:
    """List the topics with their partitions, ids and settings. Exit code 1 when one is missing."""
    from streams.topics import all_topics, read_facts

    settings = Installation.of(data).settings()
    wanted = all_topics(settings)
    there = read_facts(settings.kafka, [spec.name for spec in wanted])
    rows = [
        {
            "topic": spec.name,
            "partitions": there[spec.name].partitions if spec.name in there else None,
            "wanted": spec.partitions,
            "settings": dict(spec.config),
            "id": there[spec.name].topic_id if spec.name in there else None,
        }
        for spec in wanted
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ["topic", ">partitions", ">wanted", "settings", "id"]
        shown = [
            (r["topic"], r["partitions"], r["wanted"], _words(r["settings"]), r["id"]) for r in rows
        ]
        show("", columns, shown)
    if any(row["partitions"] != row["wanted"] for row in rows):
        say("Topics are missing or have other partitions: memberstream topics create.")
        raise typer.Exit(1)


def _words(config: object) -> str:
    return " ".join(f"{k}={v}" for k, v in config.items()) if isinstance(config, dict) else ""


@views.command("rebuild")
def rebuild(view: Annotated[View, typer.Argument(help="Which.")], data: Data = None) -> None:
    """Fill a new version of all views from the log, beside those that are read; then switch over."""
    settings = Installation.of(data).views_in(view)
    if view == "postgres":
        from sinks.postgres.rebuild import rebuild as of_postgres

        with console.status("Reading the log …") as line:
            made = of_postgres(
                settings, lambda done, of: line.update(f"{done:,} of {of:,} positions …")
            )
        say(
            f"Version {made.version} is read now: {made.outcomes:,} outcomes in {made.seconds:.1f} s."
        )
        return
    from sinks.redis_sink.rebuild import rebuild as of_redis

    with console.status("Reading the log …"):
        done = of_redis(settings)
    say(
        f"Filling {done.filling} is read now: {done.records:,} positions in {done.seconds:.1f} s, "
        f"{done.deleted:,} old keys deleted."
    )


def audit(
    data: Data = None,
    file: Annotated[Path | None, typer.Option("--json", help="Figures, for machines.")] = None,
    wait_seconds: Annotated[
        float, typer.Option(min=0, help="How long workers and views may take to catch up.")
    ] = 60.0,
) -> None:
    """Recompute everything from the log and compare it with Postgres and Redis.

    The auditor shares no code with agents, engine or sinks. Exit code 1 when something differs.
    """
    from cli.auditing import audited, shown

    with console.status("") as line:
        found = audited(
            Installation.of(data), wait_seconds, lambda text: line.update(f"Audit: {text} …")
        )
    if file is not None:
        write_json(file, found.figures())
    shown(found)
    if not found.right:
        raise typer.Exit(1)


def settings() -> None:
    """Print every variable with its default and meaning, as Markdown."""
    from cli.installation import DATA, FOLDER
    from local.platform import VARIABLES
    from sinks.settings import describe as of_sinks
    from streams.settings import describe as of_workers

    print("# Settings\n\nRead from the environment at the start; a wrong value is refused.\n")
    print(
        f"Without {', '.join(VARIABLES.values())}, `memberstream up` starts a platform in the folder "
        f"{DATA} (default `{FOLDER}`) and every command finds it there. What it downloads is kept in "
        "MEMBERSTREAM_CACHE (default: the user's cache folder).\n"
    )
    print(f"## Workers, clock and commands\n\n{of_workers()}")
    print(f"## Sinks and readers of views\n\n{of_sinks()}")
