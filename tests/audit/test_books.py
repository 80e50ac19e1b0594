"""The auditor on logs of a simulation: nothing to say of a right one, something of every broken one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from audit.books import Books
from audit.compare import differences
from audit.log import Decoder, Entry
from schemas.actions import PurchaseLine, PurchaseMade
from schemas.campaigns import CAMPAIGN_OUTCOMES
from schemas.candidates import CANDIDATE_OUTCOMES
from schemas.persona import PERSONA_OUTCOMES
from schemas.segments import SEGMENT_OUTCOMES
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.schedule import played
from tests.simulation.world import DAY, world

DECODER = Decoder()
# What is told to others but never counted: to look, to search, to be hot, to be learned from.
UNCOUNTED = {
    "ProductViewed",
    "TermSearched",
    "ProductHeated",
    "TermHeated",
    "StockLow",
    "Oversold",
    "LoyaltyObserved",
    "LoyaltyScored",
    "LoyaltyMeasured",
    "TierProgressed",
    "FriendshipStarted",
    "FriendshipDissolved",
    "FriendTold",
    "ReferralReported",
    "ReferralRefused",
    # Candidates and personas: what they say moves no points, places or pieces. Segments and campaigns, which
    # this world lacks, have a test of their own.
    *(
        outcome.__name__
        for outcome in (
            *CANDIDATE_OUTCOMES,
            *PERSONA_OUTCOMES,
            *SEGMENT_OUTCOMES,
            *CAMPAIGN_OUTCOMES,
        )
    ),
}


@cache
def simulated(seed: int) -> Simulation:
    made = world(seed)
    return played(topology(3), made.delivered, until=made.delivered[-1][0] + 500 * DAY)


def entries(simulation: Simulation, kind: str) -> Iterator[Entry]:
    """The records of one kind of topic, as the log would hand them out."""
    if kind == "actions":
        records = [
            r
            for (topic, _), log in simulation.logs.items()
            if topic.startswith("actions.")
            for r in log
        ]
    else:
        records = [r for r in simulation.committed if r.topic.startswith(kind)]
    for record in records:
        yield DECODER.entry(
            record.topic, record.partition, record.offset, record.timestamp, record.value
        )


def books(simulation: Simulation, outcomes: Iterable[Entry]) -> Books:
    made = Books()
    for letter in entries(simulation, "dead-letters"):
        made.completeness.hear_dead_letter(letter)
    for action in entries(simulation, "actions"):
        made.hear_action(action)
    for outcome in outcomes:
        made.hear(outcome)
    return made


@pytest.mark.parametrize("seed", range(3))
def test_a_right_log_has_no_difference(seed: int) -> None:
    """Every answer is there once, everything adds up."""
    simulation = simulated(seed)
    made = books(simulation, entries(simulation, "outcomes."))
    assert made.finish() == []
    assert made.ledger.sum == 0
    assert made.ledger.entries > 50
    assert made.completeness.actions > 100


@cache
def kinds() -> list[str]:
    return sorted({e.name for e in entries(simulated(0), "outcomes.")} - UNCOUNTED)


def derivable(entry: Entry) -> bool:
    """All but that points live on with a member's activity, which moves nothing that is recomputed."""
    return entry.name != "PointsRescheduled" or entry.fields["order_id"] is not None


def test_every_outcome_that_is_missing_is_found() -> None:
    """Of each kind one is left out: the auditor has something to say every time."""
    simulation = simulated(0)
    said = list(entries(simulation, "outcomes."))
    for kind in kinds():
        at = next(n for n, entry in enumerate(said) if entry.name == kind and derivable(entry))
        assert books(simulation, said[:at] + said[at + 1 :]).finish(), f"{kind} left out"


def test_every_outcome_that_is_doubled_is_found() -> None:
    """Of each kind one comes twice: each is counted, and nothing else is held against the log."""
    simulation = simulated(0)
    said = list(entries(simulation, "outcomes."))
    again = {entry.name: entry for entry in said if entry.name in kinds()}
    found = books(simulation, [*said, *again.values()])
    assert found.completeness.doubled == len(again) == len(kinds())
    assert len([text for text in found.finish() if "comes twice" in text]) == len(again)


def test_an_action_that_was_never_heard_is_found() -> None:
    """All that was said of one purchase is left out: its answer is missing."""
    simulation = simulated(0)
    said = list(entries(simulation, "outcomes."))
    order = next(entry for entry in said if entry.name == "OrderPlaced")
    causes = {order.fields["caused_by"]}
    kept = []
    for entry in said:
        if entry.fields["caused_by"] in causes:
            causes.add(entry.fields["event_id"])
        else:
            kept.append(entry)
    made = books(simulation, kept)
    assert any("lacks 1 answers (order)" in found for found in made.finish())
    assert made.completeness.missing >= 1


def test_a_view_that_shows_the_log_has_no_difference_and_any_other_has() -> None:
    """Rows that are missing, too many or other than they should be are told apart, by key."""
    simulation = simulated(1)
    made = books(simulation, entries(simulation, "outcomes."))
    made.finish()
    expected = made.tables()
    assert [name for name, table in expected.items() if not table] == [
        "hidden",
        "alerts",
        "open_alerts",
        "segment_members",
        "campaign_members",
    ]
    assert list(differences("View", expected, expected)) == []
    for name, table in expected.items():
        if not table:
            continue
        key = next(iter(table))
        less = {k: row for k, row in table.items() if k != key}
        other = less | {key: "other"}
        more = {**table, ("nobody",): table[key]}
        for wrong, words in (
            (less, "is not there"),
            (other, "says other"),
            (more, "knows of none"),
        ):
            found = list(differences("View", expected, {name: wrong}))
            assert len(found) == 1, name
            assert words in found[0]


def test_the_answer_to_a_late_repeat_is_no_double() -> None:
    """An order that a platform sends again after many others is refused, and that is not held against."""
    simulation = Simulation(topology(3))
    order = purchase(0)
    for action in [order, *(purchase(n) for n in range(1, 40)), order]:
        simulation.emit(action)
    simulation.drain()
    said = list(entries(simulation, "outcomes."))
    assert [entry.name for entry in said].count("OrderRefused") == 1
    made = books(simulation, said)
    assert [found for found in made.finish() if "lacks" not in found] == []
    assert (made.completeness.repeats, made.completeness.doubled) == (1, 0)


def purchase(number: int) -> PurchaseMade:
    """An order of one line."""
    line = PurchaseLine(line_number=1, product_id="cup", quantity=1, amount_minor=100)
    return PurchaseMade(
        event_id=f"event-{number}",
        member_id="ann",
        occurred_at=1_300_060_800_000 + number,
        order_id=f"order-{number}",
        currency="GBP",
        lines=[line],
    )
