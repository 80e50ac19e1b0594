"""Segments, row by row: the table, what expressions can name, who enters and leaves, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from agents import Place
from agents.loyalty.snapshots import WEEK
from agents.segments.definitions import NAME, SEGMENTS, SEGMENTS_MOST, Segments, wrong
from agents.segments.facts import LISTS, NUMBERS, WORDS
from agents.segments.membership import MEMBERSHIP, SILENT_MOST
from schemas.loyalty import LoyaltyScored, PurchaseFigures
from schemas.persona import DataQuality, PersonaChanged, Preference, PriceBand
from schemas.samples import sample
from schemas.segments import (
    Exit,
    Segment,
    SegmentAccepted,
    SegmentChanged,
    SegmentEntered,
    SegmentLeft,
    SegmentRefused,
    SegmentRetired,
    first_segments,
)
from schemas.tiers import TierChanged
from tests.agents.rows import Life, stored, table_of

DAY = 86_400_000
START = 15_000 * DAY
MEMBER = "m"


def day(number: float) -> int:
    return START + round(number * DAY)


def changed(
    segment_id: str = "s", enters: str = "orders >= 2", leaves: str = "", version: int = 1
) -> SegmentChanged:
    return SegmentChanged(
        event_id=f"{segment_id}-{version}",
        segment_id=segment_id,
        occurred_at=day(0),
        version=version,
        changed_by="operator-1",
        segment=Segment(name=segment_id, enters=enters, leaves=leaves),
    )


def retired(segment_id: str = "s") -> SegmentRetired:
    return SegmentRetired(
        event_id=f"{segment_id}-x",
        segment_id=segment_id,
        occurred_at=day(0),
        changed_by="operator-1",
    )


def persona(number: float, orders: int = 1, **fields: Any) -> PersonaChanged:
    usual: dict[str, Any] = {"categories": [], "interests": [], "quality": DataQuality()}
    return PersonaChanged(
        member_id=MEMBER,
        occurred_at=day(number),
        active_at=fields.pop("active_at", day(number)),
        orders=orders,
        **(usual | fields),
    )


def score(number: float, silent: float = 0.0, probability: float = 0.5) -> LoyaltyScored:
    return LoyaltyScored(
        member_id=MEMBER,
        occurred_at=day(number),
        probability=probability,
        probability_fresh=0.7,
        horizon_days=90,
        figures=PurchaseFigures(
            purchase_days=3, silent_days=silent, member_days=50.0, log_amount=3.0,
            recent_purchases=1.0,
        ),
        first_purchase_at=day(number - 50),
        interval_days=25.0,
    )  # fmt: skip


def tier(number: float, name: str) -> TierChanged:
    return structs.replace(
        sample(TierChanged), member_id=MEMBER, occurred_at=day(number), tier=name
    )


def life(*changes: Any) -> Life:
    return Life(MEMBERSHIP, {NAME: table_of(SEGMENTS, changes)})


def short(said: Any) -> str:
    sign = "+" if isinstance(said, SegmentEntered) else "-"
    why = "" if sign == "+" or said.reason is Exit.NO_LONGER else f" {said.reason.value}"
    return f"{sign}{said.segment_id}{why}"


TABLE: list[tuple[str, list[Any], str]] = [
    ("a first version", [changed()], "s 1"),
    ("a second", [changed(), changed(version=2)], "s 2"),
    ("the same again", [changed(), changed()], "The next version of s is 2, not 1."),
    ("retired", [changed(), retired()], "s 2 ends"),
    ("retired twice", [changed(), retired(), retired()], "There is no such segment"),
    ("anew after it was retired", [changed(), retired(), changed(version=3)], "s 3"),
    ("what cannot be read", [changed(enters="orders >")], "enters: At column"),
    ("an exit that cannot", [changed(leaves="order > 1")], "leaves: There is no feature"),
    ("words are no numbers", [changed(enters="country > 1")], "does not go with"),
    ("too many", [changed(f"s{n}") for n in range(SEGMENTS_MOST + 1)], "retire one first"),
]


@pytest.mark.parametrize(("changes", "told"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_the_table(changes: list[Any], told: str) -> None:
    """What is said to the last change, in partition 0 alone; all partitions keep the same."""
    first, other = Segments(), Segments()
    said: list[Any] = []
    for change in changes:
        said += SEGMENTS.react(first, change, Place(0, 2))
        assert not list(SEGMENTS.react(other, change, Place(1, 2)))
    assert len(said) == len(changes)
    answer = said[-1]
    if isinstance(answer, SegmentAccepted):
        assert told == f"{answer.segment_id} {answer.version}{' ends' * (answer.segment is None)}"
    else:
        assert isinstance(answer, SegmentRefused)
        assert told in " ".join(answer.reasons)
    assert first.ids == other.ids


FRENCH = changed(enters="country == 'France'")
SILENT = changed(enters="silent_days > 30", leaves="silent_days < 7 || silent_days > 365")
ROWS: list[tuple[str, list[Any], list[Any], str]] = [
    ("enters", [changed()], [persona(1, 1), persona(2, 2)], "+s"),
    ("once", [changed()], [persona(1, 2), persona(2, 3)], "+s"),
    ("and leaves", [changed()], [persona(1, 2), persona(2, 1)], "+s -s"),
    ("with an exit of its own it stays between",
     [changed(enters="recent_looks > 10", leaves="recent_looks < 5")],
     [persona(d, recent_looks=float(x)) for d, x in enumerate((11, 7, 11, 4, 7))], "+s -s"),
    ("does not enter where it would leave", [changed(enters="orders > 0", leaves="orders > 0")],
     [persona(1)], ""),
    ("a word", [FRENCH], [persona(1), persona(2, country="France")], "+s"),
    ("what is missing is left", [FRENCH], [persona(1, country="France"), persona(2)], "+s -s"),
    ("a preferred category", [changed(enters="'bags' in categories && category != 'bags'")],
     [persona(1, categories=[Preference(name=n, share=0.4) for n in ("lamps", "bags")])], "+s"),
    ("what is at stake", [changed(enters="value_at_stake_minor > 99")],
     [score(1, probability=0.2), persona(1, spend_rate_minor=200.0),
      score(2, probability=0.1), persona(2, spend_rate_minor=200.0)],
     "+s"),
    ("the band of prices", [changed(enters="price_band == 'LOW'")],
     [persona(1, price_band=PriceBand.HIGH), persona(2, price_band=PriceBand.LOW)], "+s"),
    ("a tier", [changed(enters="tier == 'gold'")],
     [persona(1), tier(2, "gold"), persona(3), tier(4, "silver"), persona(5)], "+s -s"),
    ("two at once, in their order", [changed("b"), changed("a")], [persona(1, 2)], "+b +a"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "events", "told"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_who_enters_and_leaves(changes: list[Any], events: list[Any], told: str) -> None:
    """As soon as it is said, each once."""
    assert " ".join(map(short, life(*changes).hear(*events))) == told


def test_silence_leads_in_and_out() -> None:
    """By the member's own week: at most a week after it holds, without any event."""
    member = life(SILENT)
    assert member.hear(score(0), persona(0)) == []
    said = member.wait(MEMBER, day(500))
    assert [short(one) for one in said] == ["+s", "-s"]
    entered, left = said
    assert isinstance(entered, SegmentEntered)
    assert isinstance(left, SegmentLeft)
    assert day(30) < entered.occurred_at <= day(37)
    assert day(365) < left.occurred_at <= day(372)
    assert left.entered_at == entered.occurred_at
    [fact] = entered.facts
    assert (fact.name, fact.number) == ("silent_days", (entered.occurred_at - day(0)) / DAY)


def test_two_years_of_silence_end_it() -> None:
    """All is left and nobody wakes; with the next sign the member is as they were."""
    member = life(changed())
    member.hear(persona(0, 2))
    said = member.wait(MEMBER, day(0) + SILENT_MOST + 2 * WEEK)
    assert [short(one) for one in said] == ["-s SILENT"]
    assert member.due() is None
    assert [short(one) for one in member.hear(persona(1_000, 2))] == ["+s"]
    assert member.due() is not None


def test_a_new_segment_is_full_and_a_retired_one_empty_within_a_week() -> None:
    """Nothing is stopped or read again: members are looked at in their own week."""
    member = life()
    member.hear(persona(0, 3))
    for change, told in ((changed(), "+s"), (changed(version=2, enters="orders > 5"), "-s"),
                         (changed(version=3), "+s"), (retired(), "-s RETIRED")):  # fmt: skip
        tuple(SEGMENTS.react(member.tables[NAME], change, Place(0, 1)))
        due = member.due()
        assert due is not None
        assert [short(one) for one in member.wait(MEMBER, due)] == [told]
        assert member.due() == due + WEEK


looks = st.lists(st.tuples(st.sampled_from([0.5, 3.0, 9.0]), st.integers(0, 20)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(looks)
def test_entering_and_leaving_take_turns(steps: list[tuple[float, int]]) -> None:
    """Whatever happens: entered, left, entered …; and inside is what the last word says."""
    member = life(
        changed("few", "orders < 5", "orders > 10"), changed("many", "orders > 12"), SILENT
    )
    number = 0.0
    for apart, orders in steps:
        number += apart
        member.hear(score(number, silent=float(orders)), persona(number, orders))
    inside: dict[str, bool] = {}
    for said in member.said:
        assert isinstance(said, SegmentEntered | SegmentLeft)
        entered = isinstance(said, SegmentEntered)
        assert inside.get(said.segment_id, False) is not entered
        inside[said.segment_id] = entered
    assert set(member.state.inside) == {name for name, true in inside.items() if true}


def test_the_first_segments_can_be_used() -> None:
    """What an installation begins with is accepted as it is."""
    for first in first_segments(day(0), "operator-1"):
        assert list(wrong(first.segment)) == []


def test_the_page_lists_every_name() -> None:
    """docs/segments.md says what each name is, in the same words."""
    page = (Path(__file__).parents[2] / "docs" / "segments.md").read_text(encoding="utf-8")
    for name, meaning in (NUMBERS | WORDS | LISTS).items():
        assert f"| `{name}` | {meaning} |" in page


def test_a_member_of_every_segment_stays_small() -> None:
    """All hundred of them."""
    member = life(*[changed(f"segment-{n}", "orders > 0") for n in range(SEGMENTS_MOST)])
    assert len(member.hear(persona(0, 1))) == SEGMENTS_MOST
    assert stored(MEMBERSHIP, member.state)[0] < 8_000
