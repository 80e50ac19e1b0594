"""The commands about dead letters: what was not taken, with the reason; and sent again.

A letter holds up to 256 KiB of the record, and the place where the whole lies: that is what is sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cli.asking import no_such, tables
from cli.following import Followed, Follower
from cli.installation import Installation
from cli.json_actions import NoAction, read_action, write_action
from cli.letter_records import is_cut, refuse_inside, with_whole_record
from cli.sending import send, time_of
from cli.terminal import AsJson, Data, print_json, say
from cli.terminal import show as show_table
from cli.trouble import Trouble
from schemas import codec, topics
from schemas.dead_letters import DeadLetterProblem
from schemas.record import Event
from sinks.postgres import queries
from sinks.postgres.answers import DeadLetter
from streams.settings import Settings

app = typer.Typer(help="What could not be taken: list, show, replay.", no_args_is_help=True)
Source = Annotated[
    str, typer.Argument(help="Where it lies: topic/partition/offset, as `list` shows it.")
]
HEX_BYTES = 256
DELIVERY_SECONDS = 30.0


@app.command("list")
def list_letters(
    data: Data = None,
    problem: Annotated[str, typer.Option(help="Only these, such as WRONG_KEY.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Rows at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List them, newest first, with the problem and what to do."""
    wanted = problem.upper()
    if wanted and wanted not in DeadLetterProblem.__members__:
        raise Trouble(
            f"There is no problem {problem!r}.",
            f"There are {', '.join(DeadLetterProblem.__members__)}.",
            "Give one of them.",
            exit_code=2,
        )
    with tables(data) as views:
        found = queries.dead_letters(views, limit, problem=wanted or None)
        every = sum(queries.dead_letter_counts(views).values())
    if as_json:
        print_json(found)
        return
    rows = [(d.source, d.problem, d.caused_by or None, d.detail) for d in found]
    if rows:
        show_table("", ["source", "problem", "event", "detail"], rows)
    say(f"{len(found)} of {every} dead letters." if every else "There are no dead letters.")


@app.command("show")
def show(
    source: Source,
    data: Data = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Only the action, to be corrected and sent again.")
    ] = False,
) -> None:
    """Show one: its reason, and its record as JSON that can be corrected and sent again."""
    letter = _letter(source, data)
    if as_json:
        print(write_action(_readable(_whole(letter, data))))
        return
    say(f"{letter.source}  {letter.problem}\n{letter.detail}")
    say(f"recorded at {letter.occurred_at:%Y-%m-%d %H:%M:%S}, could not be taken by {letter.stage}")
    say(f"key: {letter.record_key!r}")
    if is_cut(letter):
        say(
            "It is long: this is its beginning; the whole lies in the log, and is what is replayed."
        )
    action = _action(letter)
    if action is not None:
        print(write_action(action))
        return
    value = letter.record_value or b""
    say(f"It is no action that can be read; {len(value):,} bytes, the first of them:")
    print(value[:HEX_BYTES].hex(" "))


@app.command("replay")
def replay(
    source: Source,
    data: Data = None,
    file: Annotated[
        Path | None,
        typer.Option(
            help="The corrected action, as JSON; without it the record is sent as it was."
        ),
    ] = None,
) -> None:
    """Send one again, as it was or corrected, and say what happened.

    As it was: helps when the cause is gone, as a rule for its currency that came later. A wrong key or
    partition is put right by the way. To do it twice is safe: what was taken is dropped as a repeat,
    and what agents said to each other, where nothing drops repeats, is refused.
    Exit code 1 when it was not taken again.
    """
    letter = _letter(source, data)
    settings = Installation.of(data).settings()
    followed = _sent(letter, file, settings)
    _tell(source, followed)
    if followed.dead_letters or not followed.passed:
        raise typer.Exit(1)


def _sent(letter: DeadLetter, file: Path | None, settings: Settings) -> Followed:
    if file is not None:
        return send(settings, [_corrected(file, settings)])
    refuse_inside(letter, settings)
    letter = with_whole_record(letter, settings)
    action = _action(letter)
    if action is not None and not action.BROADCAST:
        return send(settings, [action])
    return _sent_raw(letter, settings)


def _sent_raw(letter: DeadLetter, settings: Settings) -> Followed:
    """The bytes as they came, in the partition in which they came."""
    failed: list[KafkaError] = []
    sent: list[str] = []

    def arrived(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failed.append(error)
        sent.append(f"{message.topic()}/{message.partition()}/{message.offset()}")

    with Follower(settings) as follower:
        producer = Producer({"bootstrap.servers": settings.kafka, "enable.idempotence": True})
        producer.produce(
            letter.topic,
            letter.record_value,
            letter.record_key,
            letter.partition,
            on_delivery=arrived,
        )
        producer.flush(DELIVERY_SECONDS)
        if failed:
            raise KafkaException(failed[0])
        return follower.follow([letter.caused_by], sources=sent)


def _tell(source: str, followed: Followed) -> None:
    if followed.dead_letters:
        again = followed.dead_letters[0]
        say(f"{source} was sent again and was not taken: {again.problem}. {again.detail}")
        say(f"It lies at {again.source} now.")
    elif not followed.passed:
        say(f"{source} was sent again; the workers have not come to it: memberstream status.")
    elif followed.outcomes:
        names = ", ".join(dict.fromkeys(type(o).__name__ for o in followed.outcomes))
        say(f"{source} was sent again and taken. What followed: {names}.")
    else:
        say(f"{source} was sent again and taken; nothing followed: it had been taken before.")


def _letter(source: str, data: Data) -> DeadLetter:
    with tables(data) as views:
        found = queries.dead_letter(views, source)
    if found is None:
        raise no_such("dead letter", source, "memberstream dead-letters list shows them.")
    return found


def _whole(letter: DeadLetter, data: Data) -> DeadLetter:
    if not is_cut(letter):
        return letter  # then Kafka need not be there
    return with_whole_record(letter, Installation.of(data).settings())


def _readable(letter: DeadLetter) -> Event:
    action = _action(letter)
    if action is None:
        raise Trouble(
            f"{letter.source} is no action that can be read.",
            letter.detail,
            "Write the action anew as JSON, and give it to `replay` with --file.",
        )
    return action


def _action(letter: DeadLetter) -> Event | None:
    """The action in its bytes; none when they are no action of an actions topic."""
    try:
        record = codec.decode(letter.record_value)
    except codec.Unreadable:
        return None
    known = isinstance(record, Event) and record.STAGE in topics.STAGES
    return record if known and isinstance(record, Event) else None


def _corrected(file: Path, settings: Settings) -> Event:
    try:
        return read_action(file.read_text(encoding="utf-8"), time_of(settings))
    except OSError as error:
        raise Trouble(
            f"{file} cannot be read.", f"{error.strerror}.", "Name a JSON file.", exit_code=2
        ) from error
    except NoAction as error:
        raise Trouble(
            f"{file} is no action.",
            str(error),
            "Start from what `memberstream dead-letters show` prints.",
            exit_code=2,
        ) from error
