"""The command `memberstream`: every command on one screen; what each does is in the module named.

Exit codes: 0 done; 1 something is not as it should be (a part is away, a sum is not zero); 2 a mistake
in what was asked (an option, a file, a setting); a worker's and a sink's own are in their `ending.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from cli import (
    alerts,
    asking,
    campaigns,
    candidates,
    evaluate,
    friends,
    letters,
    loyalty,
    parts,
    platform,
    points_rules,
    risk,
    segments,
    telling,
    tiers,
)
from cli.trouble import Trouble, explained
from local.process import end_in_order_on_sigterm

HELP = (
    "What members do in a shop, turned into points, ranks and views within a second, exactly once."
)
TRY = "Start here: `memberstream demo`. Exit codes: 0 done, 1 something is wrong, 2 a mistake of yours."

app = typer.Typer(
    help=HELP,
    epilog=TRY,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    platform.up,
    platform.down,
    platform.status,
    telling.demo,
    telling.replay,
    telling.emit,
    asking.board,
    asking.hot,
    asking.orders,
    asking.stock,
    parts.audit,
    parts.worker,
    parts.clock,
    parts.settings,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(asking.ledger, name="ledger")
app.add_typer(points_rules.app, name="rules")
app.add_typer(risk.app, name="risk")
app.add_typer(alerts.app, name="alerts")
app.add_typer(loyalty.app, name="loyalty")
app.add_typer(tiers.app, name="tiers")
app.add_typer(friends.app, name="friends")
app.add_typer(segments.app, name="segments")
app.add_typer(campaigns.app, name="campaigns")
app.add_typer(candidates.app, name="candidates")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(letters.app, name="dead-letters")
app.add_typer(parts.topics, name="topics")
app.add_typer(parts.views, name="views")
app.add_typer(parts.sink, name="sink")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("memberstream"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and end.")
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> NoReturn:
    """Run a command; expected trouble is said in three short parts, anything else is a bug of ours."""
    end_in_order_on_sigterm()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        trouble = explained(error)
        if trouble is None:
            raise
        say(trouble)
        sys.exit(trouble.exit_code)
    sys.exit(0)


def say(trouble: Trouble) -> None:
    """Fact, detail, what to do; on standard error."""
    for line in (trouble.fact, trouble.detail, trouble.remedy):
        if line:
            print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
