"""The commands that write actions: emit, replay, demo."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.installation import Installation
from cli.json_actions import read_lines
from cli.terminal import Data, console, say, when
from cli.trouble import Trouble
from replay.pace import LEAD_HOURS
from replay.year import SEED

Orders = Annotated[
    int | None, typer.Option(min=1, help="Only so many of the members' orders. Default: the year.")
]
Seed = Annotated[int, typer.Option(help="Of what the data lacks and is generated.")]
WRONG_SHOWN = 20


def emit(
    file: Annotated[Path, typer.Argument(help="One action a line, as JSON; - is standard input.")],
    data: Data = None,
    check: Annotated[bool, typer.Option("--check", help="Only look for mistakes.")] = False,
) -> None:
    """Send your own actions, one JSON object a line, and say what follows.

    Each has its name in `type` and the fields of schemas/actions.py; times as milliseconds, as text,
    or "now". If one line is wrong nothing is sent. Sending a file again is safe while the ids of its last 32
    actions a key are remembered; orders, returns and redemptions count once for ever. Exit code 1 when
    one became a dead letter.
    """
    from cli.sending import send, shown, time_of

    text = _text(file)
    settings = None if check else Installation.of(data).settings()
    now = time.time_ns() // 1_000_000 if settings is None else time_of(settings)
    lines = read_lines(text.splitlines(), now)
    for number, why in lines.wrong[:WRONG_SHOWN]:
        print(f"{file}:{number}: {why}", file=sys.stderr)
    if lines.wrong:
        every = len(lines.wrong) + len(lines.actions)
        raise Trouble(
            f"{len(lines.wrong)} of {every} lines are wrong.",
            "Nothing was sent.",
            "Correct them and send the file again.",
            exit_code=2,
        )
    if settings is None or not lines.actions:
        say(f"{len(lines.actions)} actions are right; nothing was sent.")
        return
    followed = send(settings, lines.actions)
    shown(followed)
    if followed.dead_letters:
        raise typer.Exit(1)


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Trouble(
            f"{file} cannot be read.", f"{why}.", "Name a text file.", exit_code=2
        ) from error


def replay(
    data: Data = None,
    orders: Orders = None,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Actions a second at most. Default: no limit.")
    ] = None,
    seed: Seed = SEED,
    lead_hours: Annotated[
        int, typer.Option(min=1, help="Never so far ahead of the workers, in hours of its year.")
    ] = LEAD_HOURS,
) -> None:
    """Write the year of real orders into the log; the replay is the clock.

    Payments, log-ins and some who misbehave are mixed in. A stopped replay goes on where it stopped.
    Needs a platform without a clock: memberstream up --no-clock.
    """
    from cli.replaying import reading, writer

    installation = Installation.of(data)
    settings = installation.settings()
    year = reading(orders, seed, risk=True)
    began = said = time.monotonic()
    with console.status("") as line:
        for progress in writer(settings, year, rate=rate, lead_hours=lead_hours).tell():
            now = time.monotonic()
            text = (
                f"{when(progress.at)}  {progress.actions:,} actions, "
                f"{progress.actions / (now - began):,.0f} a second"
            )
            if console.is_terminal:
                line.update(text)
            elif now - said > 5:
                said = now
                say(text)
    seconds = time.monotonic() - began
    say(
        f"{progress.actions:,} actions and {progress.ticks:,} ticks in {seconds:.1f} s; "
        f"{progress.skipped:,} were in the log already; waited {progress.waited_seconds:.1f} s for "
        "the workers."
    )


def demo(
    data: Data = None,
    orders: Orders = None,
    seed: Seed = SEED,
    leave: Annotated[bool, typer.Option("--exit", help="Stop everything at the end.")] = False,
    figures: Annotated[Path | None, typer.Option("--json", help="Figures, for machines.")] = None,
) -> None:
    """A year of real orders through everything, live: start here.

    Starts platform, workers and sinks, replays the year, waits for the views, lets the auditor compare
    everything, and tells how many of those who misbehaved were caught. Exit code 1 when the ledger's sum
    is not zero, something differs or could not be asked.
    """
    from cli.demo import run

    if not run(Installation.of(data), orders=orders, seed=seed, leave=leave, figures=figures):
        raise typer.Exit(1)
