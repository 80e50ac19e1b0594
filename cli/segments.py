"""The commands about segments and personas: list, show, define, try, members, overlaps, quality."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from cli.asking import Limit, Member, no_such, tables
from cli.definitions import read_definition, set_definitions
from cli.installation import Installation
from cli.json_actions import derived_id
from cli.sending import time_of
from cli.terminal import AsJson, Data, print_json, say, show
from cli.trouble import Trouble
from schemas.record import Event
from schemas.segments import (
    Segment,
    SegmentChanged,
    SegmentRefused,
    SegmentRetired,
    first_segments,
)
from sinks.postgres import segment_queries as queries
from sinks.postgres.segment_queries import SegmentSize
from streams.settings import Settings

if TYPE_CHECKING:
    from sinks.postgres.queries import Views

app = typer.Typer(help="Groups of members by an expression, and personas.", no_args_is_help=True)
SegmentId = Annotated[str, typer.Argument(help="The segment.")]
SegmentFile = Annotated[
    Path, typer.Argument(help="The segment as JSON: fields of Segment in schemas/segments.py.")
]
By = Annotated[str, typer.Option(help="The operator who does it.")]
OPERATOR = "operator"


@app.command("list")
def list_segments(data: Data = None, as_json: AsJson = False) -> None:
    """List the segments with how many are in them."""
    with tables(data) as views:
        found = queries.segments(views)
    if as_json:
        print_json(found)
        return
    if not found:
        say("There is no segment: memberstream segments first sets some to begin with.")
        return
    columns = ["segment", ">version", ">members", ">left", "enters where", "leaves where"]
    show("", columns, [_row(one) for one in found])


def _row(one: SegmentSize) -> tuple[object, ...]:
    enters = "retired" if one.retired else one.enters
    return one.segment_id, one.version, one.members, one.left, enters, one.leaves or "it does not"


@app.command("show")
def show_segment(segment_id: SegmentId, data: Data = None, as_json: AsJson = False) -> None:
    """Show a segment; --json prints it as `define` takes it, to be changed."""
    with tables(data) as views:
        found = _known(views, segment_id)
    if as_json:
        print_json(_segment(found))
        return
    rows = [(name.replace("_", " "), getattr(found, name)) for name in found.__struct_fields__]
    show("", ["", "is"], rows)


@app.command("define")
def define(segment_id: SegmentId, file: SegmentFile, data: Data = None, by: By = OPERATOR) -> None:
    """Set the next version of a segment, and say whether it was accepted.

    It is full within a week of the installation's time; `dry-run` says who would be in it now.
    """
    segment = checked(read_segment(file))
    settings = Installation.of(data).settings()
    now = time_of(settings)
    with tables(data) as views:
        versions = {one.segment_id: one.version for one in queries.segments(views)}
    version = versions.get(segment_id, 0) + 1
    changed = SegmentChanged(
        event_id=derived_id("segment", segment_id, version, now, msgspec.to_builtins(segment)),
        segment_id=segment_id,
        occurred_at=now,
        version=version,
        changed_by=by,
        segment=segment,
    )
    say(f"Version {version} of {segment_id}:")
    _send(settings, [changed])


@app.command("retire")
def retire(segment_id: SegmentId, data: Data = None, by: By = OPERATOR) -> None:
    """End a segment: its members leave within a week of the installation's time."""
    settings = Installation.of(data).settings()
    now = time_of(settings)
    retired = SegmentRetired(
        event_id=derived_id("segment", segment_id, "retired", now),
        segment_id=segment_id,
        occurred_at=now,
        changed_by=by,
    )
    _send(settings, [retired])


@app.command("first")
def first(data: Data = None, by: By = OPERATOR) -> None:
    """Set the segments of schemas/segments.json that this installation does not have yet."""
    settings = Installation.of(data).settings()
    with tables(data) as views:
        known = {one.segment_id for one in queries.segments(views)}
    missing = [one for one in first_segments(time_of(settings), by) if one.segment_id not in known]
    if not missing:
        say("All are there.")
        return
    _send(settings, missing)


@app.command("members")
def members(
    segment_id: SegmentId, limit: Limit = 20, data: Data = None, as_json: AsJson = False
) -> None:
    """List who is in a segment, and what of them led there; who entered last first."""
    with tables(data) as views:
        _known(views, segment_id)
        found = queries.members(views, segment_id, limit)
    if as_json:
        print_json(found)
        return
    if not found:
        say("Nobody is in it.")
        return
    rows = [(one.member_id, one.entered_at, facts_told(one.facts)) for one in found]
    show("", ["member", "entered", "because"], rows)


@app.command("overlaps")
def overlaps(data: Data = None, as_json: AsJson = False) -> None:
    """Show how many members each two segments share, the most alike first."""
    with tables(data) as views:
        found = queries.overlaps(views)
    if as_json:
        print_json(found)
        return
    if not found:
        say("No two segments share a member.")
        return
    rows = [(one.one, one.other, one.both, f"{one.jaccard:.1%}") for one in found]
    show("", ["segment", "and", ">members of both", ">of those in either"], rows)


@app.command("dry-run")
def dry_run(
    segment: Annotated[str, typer.Argument(help="A segment, or a file as `define` takes it.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say who would be in a segment now, by what is known of every member; nothing is changed.

    Hysteresis counts from now: who is in the segment already and would stay is not among them
    unless `enters` holds.
    """
    from agents.segments.facts import facts, language
    from cli.segment_facts import known_of

    settings = Installation.of(data).settings()
    with tables(data) as views:
        tried = _tried(views, segment)
        every = known_of(views)
    now = time_of(settings)
    texts = (tried.enters, tried.leaves or "false")
    inside = [
        member_id
        for member_id, known in every.items()
        if language().holding(texts, facts(known, now)) == (True, False)
    ]
    if as_json:
        print_json({"of": len(every), "members": inside})
        return
    say(f"{len(inside):,} of {len(every):,} members.")
    if inside:
        say("Such as " + ", ".join(inside[:10]) + ".")


@app.command("persona")
def persona(member_id: Member, data: Data = None, as_json: AsJson = False) -> None:
    """Show what a member is like, and the segments that they are in."""
    with tables(data) as views:
        found = queries.persona(views, member_id)
        inside = queries.segments_of(views, member_id)
    if found is None:
        raise no_such("member", member_id, "Nothing was said of them yet.")
    if as_json:
        print_json({"persona": found, "segments": inside})
        return
    rows = [(name.replace("_", " "), _told(getattr(found, name))) for name in _names(found)]
    rows.append(("segments", ", ".join(one.segment_id for one in inside)))
    show("", ["", "is"], rows)


def _names(record: msgspec.Struct) -> tuple[str, ...]:
    return record.__struct_fields__


@app.command("quality")
def quality(data: Data = None, as_json: AsJson = False) -> None:
    """Show how far personas are known, how well they foretell, and what is wrong in the data."""
    with tables(data) as views:
        found = queries.coverage(views)
    if as_json:
        print_json(found)
        return
    say(f"{found.members:,} members.")
    rows = [(name.replace("_", " "), f"{part:.1%}") for name, part in found.shares.items()]
    show("", ["known", ">of members"], rows)
    if found.foretold:
        fit = f"{found.fitted / found.foretold:.1%}"
        say(f"The main category of an order was one of three preferred before it: {fit}")
        say(f"of {found.foretold:,} orders.")
    show("", ["in the orders", ">"], list(found.quality.items()))


def facts_told(facts: list[dict[str, Any]]) -> str:
    """The facts of a member for people.

    >>> facts_told([{"name": "orders", "number": 3.0, "word": None}])
    'orders 3'
    """
    return ", ".join(f"{one['name']} {_fact(one)}" for one in facts)


def _fact(one: dict[str, Any]) -> str:
    number = one["number"]
    return (
        str(one["word"]) if number is None else f"{number:.3g}" if number < 1 else f"{number:,.0f}"
    )


def _told(value: object) -> object:
    match value:
        case float():
            return f"{value:,.2f}"
        case list():
            return ", ".join(f"{one['name']} {one['share']:.0%}" for one in value)
        case dict():
            return ", ".join(f"{name} {count}" for name, count in value.items())
        case _:
            return value


def _known(views: Views, segment_id: str) -> SegmentSize:
    for one in queries.segments(views):
        if one.segment_id == segment_id:
            return one
    raise no_such("segment", segment_id, "See: memberstream segments list.")


def _segment(found: SegmentSize) -> Segment:
    assert found.name is not None
    assert found.enters is not None
    return Segment(name=found.name, enters=found.enters, leaves=found.leaves or "")


def _tried(views: Views, segment: str) -> Segment:
    """A segment from a file, or of this installation."""
    if Path(segment).exists():
        return checked(read_segment(Path(segment)))
    return _segment(_known(views, segment))


def checked(segment: Segment) -> Segment:
    """The segment, if the workers would take it. Raises `Trouble`."""
    from agents.segments.definitions import wrong

    if reasons := list(wrong(segment)):
        raise Trouble(
            "The segment is refused.",
            " ".join(reasons),
            "Correct it; docs/segments.md has the language and all names.",
            exit_code=2,
        )
    return segment


def read_segment(file: Path) -> Segment:
    """The segment in a file. Raises `Trouble`."""
    return read_definition(
        file,
        Segment,
        "segment",
        "memberstream segments show SEGMENT --json prints one as it is to be.",
    )


def _send(settings: Settings, changes: list[SegmentChanged] | list[SegmentRetired]) -> None:
    """Send and tell. Raises `typer.Exit` with 1 when something is refused."""
    events: list[Event] = [*changes]
    set_definitions(settings, events, SegmentRefused)
