"""Actions as people write them: a JSON object with the action's name in `type` and its fields.

    {"type": "ProductBrowsed", "member_id": "m-1", "occurred_at": "now", "product_id": "lamp"}

Times are milliseconds, or text as 2011-12-09T13:00:00Z, or "now": the installation's time, which in a
replay is the replay's. Without an `event_id` it is derived
from the object, so that sending the same object again is a repeat, which readers drop.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from cli.misspelt import misspelt
from cli.terminal import milliseconds, moment
from cli.trouble import Trouble
from schemas import codec
from schemas.actions import ACTIONS, ClockTicked
from schemas.record import Event

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "memberstream.json-actions")
TIMES = ("occurred_at", "effective_at")
NOW = "now"
NAMED = {action.__name__: action for action in ACTIONS if action is not ClockTicked}


class NoAction(ValueError):
    """The object is no action; the text says which field and why."""


@dataclass
class Lines:
    """What the lines of a file came to; `wrong` is (line number, why)."""

    actions: list[Event] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)


def read_lines(lines: Iterable[str], now: int) -> Lines:
    """Every line that is not blank; `now` (milliseconds) is what "now" means."""
    found = Lines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.actions.append(read_action(line, now))
        except NoAction as error:
            found.wrong.append((number, str(error)))
    return found


def read_action(text: str, now: int) -> Event:
    """The action in this text; `now` (milliseconds) is what "now" means. Raises `NoAction`."""
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise NoAction(f"It is no JSON: {error.msg} at character {error.pos + 1}.") from error
    if not isinstance(given, dict):
        raise NoAction("It is no JSON object.")
    kind = NAMED.get(str(given.pop("type", None)))
    if kind is None:
        raise NoAction(f"Its `type` is none of {', '.join(NAMED)}.")
    unknown = given.keys() - set(kind.__struct_fields__)
    if unknown:
        fields = ", ".join(kind.__struct_fields__)
        raise NoAction(f"{kind.__name__} has no field {sorted(unknown)[0]!r}; it has {fields}.")
    given.setdefault("event_id", derived_id(kind.__name__, given))
    return _converted(kind, _timed(given, now))


def derived_id(*parts: Any) -> str:
    """An id that is the same for the same content."""
    return str(uuid.uuid5(NAMESPACE, json.dumps(parts, sort_keys=True)))


def _timed(given: dict[str, Any], now: int) -> dict[str, Any]:
    """Times as milliseconds."""
    return given | {name: _time(name, given[name], now) for name in TIMES if name in given}


def _time(name: str, value: Any, now: int) -> Any:
    if value == NOW:
        return now
    if not isinstance(value, str):
        return value
    try:
        return milliseconds(moment(value))
    except Trouble as error:
        raise NoAction(f"{name}: {error.fact} {error.remedy}") from error


def _converted(kind: type[Event], given: dict[str, Any]) -> Event:
    try:
        action = msgspec.convert(given, kind)
        codec.validate(action)
    except msgspec.ValidationError as error:
        raise NoAction(f"{kind.__name__}: {error}.") from error
    except codec.Unreadable as error:
        raise NoAction(error.detail) from error
    unknown = misspelt(given, action)
    if unknown is not None:
        raise NoAction(f"{kind.__name__} has no field `{unknown}`.")
    return action


def write_action(action: Event) -> str:
    """An action as a file that can be corrected and sent again."""
    fields = msgspec.to_builtins(action)
    for name in TIMES:
        if name in fields:
            fields[name] = datetime.fromtimestamp(fields[name] / 1000).astimezone().isoformat()
    return json.dumps({"type": type(action).__name__, **fields}, indent=2, ensure_ascii=False)
