"""The light shell does what the shell of production does: the same words in the same order."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from pyarrow import parquet

from evaluation.fraud_data import Payments, read
from evaluation.fraud_play import DAY, stages
from evaluation.shell import Shell
from schemas.record import Event, Outcome
from schemas.risk import ChargebackReceived
from streams.plan import Topology
from streams.simulate import Simulation
from tests.evaluation.payments_made import made, table

DELAY_DAYS = 2
HOUR = DAY // 24


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Payments:
    path = tmp_path_factory.mktemp("made") / "p.parquet"
    parquet.write_table(table(made(6, members=10, terminals=5)), path)
    return read(path)


def told(payments: Payments) -> list[Event]:
    """Payments, and chargebacks of the frauds when they come."""
    backs = [
        ChargebackReceived(
            event_id=f"{one.event_id}-back",
            member_id=one.member_id,
            occurred_at=one.occurred_at + DELAY_DAYS * DAY,
            payment_id=one.payment_id,
        )
        for one, fraud in zip(payments.payments, payments.fraud, strict=True)
        if fraud
    ]
    both: list[Event] = [*payments.payments, *backs]
    return sorted(both, key=lambda event: (event.occurred_at, event.event_id))  # type: ignore[attr-defined]


def with_ticks(events: list[Event]) -> Iterator[tuple[int, Event | None]]:
    """A tick (no event) at every moment at which silence may speak, or what waits is learned."""
    moments = set()
    for event in events:
        at: int = event.occurred_at  # type: ignore[attr-defined]  # all declare it
        labelled_at = at + DELAY_DAYS * DAY
        moments |= {at, labelled_at, labelled_at + 1, labelled_at + HOUR, labelled_at + HOUR + 1}
        yield at, event
    last = max(event.occurred_at for event in events)  # type: ignore[attr-defined]
    yield from ((at, None) for at in moments if at <= last)


def plain(outcome: Outcome) -> dict[str, object]:
    """Without ids, which each shell makes in its own way."""
    found: dict[str, object] = msgspec.to_builtins(outcome)
    return found | {"word": type(outcome).__name__, "event_id": "", "caused_by": ""}


def test_as_in_production(payments: Payments) -> None:
    """Every outcome of every stage, as bytes-and-logs have it when nothing waits."""
    by_shell: list[dict[str, object]] = []
    shell = Shell(stages(DELAY_DAYS), lambda outcome: by_shell.append(plain(outcome)))
    topology = Topology(stages(DELAY_DAYS), {"members": 1, "tokens": 1, "training": 1})
    simulation = Simulation(topology)
    for at, event in sorted(
        with_ticks(told(payments)), key=lambda one: (one[0], one[1] is not None)
    ):
        if event is None:
            simulation.tick(at)
        else:
            shell.emit(event)
            simulation.emit(event)
        simulation.drain()
    assert not simulation.dead_letters()
    by_simulation = [plain(outcome) for outcome in simulation.outcomes()]
    words = {str(one["word"]) for one in by_simulation}
    assert {"FraudScored", "TokenAssessed", "ExampleLabelled"} <= words
    for word in words:
        assert [o for o in by_shell if o["word"] == word] == [
            o for o in by_simulation if o["word"] == word
        ]


def test_what_is_due_comes_first(payments: Payments) -> None:
    """Labels by silence are told before a payment that is later than them."""
    said: list[Outcome] = []
    shell = Shell(stages(DELAY_DAYS), said.append)
    first, last = payments.payments[0], payments.payments[-1]
    shell.emit(first)
    before = len(said)
    shell.emit(last)
    words = [type(outcome).__name__ for outcome in said[before:]]
    assert words.index("ExampleLabelled") < words.index("FraudScored")
