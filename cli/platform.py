"""The commands up, down and status."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import startup
from cli.installation import Installation, Marker
from cli.status import Status
from cli.status import status as look
from cli.terminal import AsJson, Data, print_json, say, show

NEXT = "See: memberstream status. Stop it: memberstream down."


def up(
    data: Data = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Worker processes.")] = 2,
    clock: Annotated[
        bool, typer.Option(help="Start the clock; without it, a replay can be the clock.")
    ] = True,
) -> None:
    """Start platform, workers, sinks and clock; the shell comes back.

    Kafka, Postgres and Valkey are started in the data folder, unless the environment names yours
    (MEMBERSTREAM_KAFKA, MEMBERSTREAM_POSTGRES, MEMBERSTREAM_REDIS). To start twice changes nothing.
    """
    installation = Installation.of(data)
    startup.up(installation, say, workers=workers, marker=Marker(clock=clock))
    marker = installation.marker
    if marker is not None and clock and not marker.clock:
        say("This folder has a replay as its clock, so the real clock was not started.")
    say(NEXT)


def down(
    data: Data = None,
    erase: Annotated[bool, typer.Option("--erase", help="Delete the data folder, too.")] = False,
) -> None:
    """Stop everything gracefully; no process is left. Data stay, unless they are to be erased."""
    startup.down(Installation.of(data), say, erase=erase)
    say("Nothing runs any more.")


def status(data: Data = None, as_json: AsJson = False) -> None:
    """Show processes, lag by stage and view, the ledger's sum, dead letters, versions.

    Exit code 1 when something that is to run does not, or does not answer.
    """
    found = look(Installation.of(data))
    if as_json:
        print_json(found)
    else:
        _show(found)
    if not found.running or found.troubles:
        raise typer.Exit(1)


def _show(found: Status) -> None:
    rows = [
        (part.name, part.state, part.pid and str(part.pid), part.restarts)
        for part in found.processes
    ]
    if rows:
        show("", ["process", "state", ">pid", ">restarts"], rows)
    else:
        say(f"Nothing was started in {found.folder}.")
    lags = [
        (kind, name, behind.records, f"{behind.seconds:.1f} s")
        for kind, behinds in (("stage", found.stages), ("view", found.views))
        for name, behind in behinds.items()
    ]
    if lags:
        show("", ["", "behind the log", ">records", ">seconds"], lags)
    if found.ledger_sum is not None:
        say(f"ledger sum    {found.ledger_sum}")
        letters = ", ".join(f"{n} {name}" for name, n in found.dead_letters_by_problem.items())
        say(f"dead letters  {found.dead_letters}{f' ({letters})' if letters else ''}")
    say(f"versions      {', '.join(f'{k} {v}' for k, v in found.versions.items() if v)}")
    for trouble in found.troubles:
        say(trouble)
