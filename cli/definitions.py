"""What operators set: read from a JSON file, sent, and told with every reason when it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import typer

from cli.misspelt import misspelt
from cli.sending import send, shown
from cli.terminal import say
from cli.trouble import Trouble
from schemas.record import Event, Outcome
from streams.settings import Settings

Definition = TypeVar("Definition", bound=msgspec.Struct)


def read_definition(file: Path, kind: type[Definition], what: str, remedy: str) -> Definition:
    """What the file holds; `what` names it for people, `remedy` says where its fields are found.

    Raises `Trouble`.
    """
    try:
        data = file.read_bytes()
        found = msgspec.json.decode(data, type=kind)
    except OSError as error:
        raise Trouble(
            f"{file} cannot be read.", f"{error.strerror}.", "Name a JSON file.", exit_code=2
        ) from error
    except msgspec.DecodeError as error:
        raise Trouble(f"{file} is no {what}.", f"{error}.", remedy, exit_code=2) from error
    unknown = misspelt(msgspec.json.decode(data), found)
    if unknown is not None:
        raise Trouble(f"{file} is no {what}.", f"It has no field `{unknown}`.", remedy, exit_code=2)
    return found


def set_definitions(settings: Settings, changes: Sequence[Event], refusal: type[Outcome]) -> None:
    """Send changes and tell what followed. Raises `typer.Exit` with 1 when something is refused."""
    followed = send(settings, changes)
    shown(followed)
    for outcome in followed.outcomes:
        for reason in getattr(outcome, "reasons", []):
            say(f"  {reason}")
    refused = any(isinstance(outcome, refusal) for outcome in followed.outcomes)
    if refused or followed.dead_letters:
        raise typer.Exit(1)
