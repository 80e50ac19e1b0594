"""Persona, segments and campaigns in Postgres: from the log through the sink to what a marketer reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec import structs

from agents.segments.facts import facts, language
from cli.campaigns import lift_of
from cli.segment_facts import known_of
from schemas.campaigns import (
    Campaign,
    CampaignAccepted,
    Group,
    MemberResponded,
    MemberTargeted,
)
from schemas.loyalty import LoyaltyScored, PurchaseFigures
from schemas.persona import DataQuality, PersonaChanged, Preference
from schemas.record import Outcome
from schemas.segments import Exit, Fact, Segment, SegmentAccepted, SegmentEntered, SegmentLeft
from schemas.topics import outcomes
from sinks.postgres import campaign_queries, segment_queries
from sinks.postgres.queries import Views, open_views
from sinks.postgres.winback_queries import winbacks
from sinks.settings import Settings
from tests.sinks.log import Log
from tests.sinks.postgres_harness import follow

DAY = 86_400_000
START = 15_000 * DAY


def at(day: float) -> int:
    return START + round(day * DAY)


def persona(member_id: str, rate: float, then: float, *categories: str) -> PersonaChanged:
    return PersonaChanged(
        member_id=member_id,
        occurred_at=at(60),
        active_at=at(60),
        orders=3,
        currency="GBP",
        spend_minor=9_000,
        spend_rate_minor=rate,
        probability_then=then,
        categories=[Preference(name=name, share=0.5) for name in categories],
        interests=[],
        foretold=2,
        fitted=1,
        quality=DataQuality(orders=3, lines=5, gaps=2),
    )


def score(member_id: str, probability: float, silent: float) -> LoyaltyScored:
    return LoyaltyScored(
        member_id=member_id,
        occurred_at=at(100),
        probability=probability,
        probability_fresh=0.8,
        horizon_days=90,
        figures=PurchaseFigures(
            purchase_days=3, silent_days=silent, member_days=99.0, log_amount=3.0,
            recent_purchases=1.0,
        ),
        first_purchase_at=at(1),
        repeat_purchases=2,
        interval_days=15.0,
    )  # fmt: skip


def entered(member_id: str, segment_id: str, day: float) -> SegmentEntered:
    return SegmentEntered(
        member_id=member_id, occurred_at=at(day), segment_id=segment_id, version=1,
        facts=[Fact(name="orders", number=3.0)],
    )  # fmt: skip


def told() -> list[Outcome]:
    """Three members, two segments, one campaign with four members."""
    spring = Campaign(
        name="Spring", segment_id="a", starts_at=at(50), ends_at=at(90), salt="x", holdout_share=0.5
    )
    said: list[Any] = [
        SegmentAccepted(
            segment_id=segment_id, occurred_at=at(1), version=1, changed_by="operator-1",
            segment=Segment(name=segment_id, enters="orders >= 3"),
        )
        for segment_id in ("a", "b")
    ]  # fmt: skip
    said += [persona("dear", 9_000.0, 0.8, "bags", "lamps"), score("dear", 0.3, 40.0)]
    said += [persona("less", 1_000.0, 0.8), score("less", 0.3, 40.0)]
    said += [persona("gone", 99_000.0, 0.8), score("gone", 0.1, 91.0)]
    said += [entered("dear", "a", 50), entered("less", "a", 51), entered("dear", "b", 52)]
    said.append(entered("gone", "a", 50))
    said.append(
        SegmentLeft(
            member_id="gone", occurred_at=at(70), segment_id="a", version=1, entered_at=at(50),
            reason=Exit.NO_LONGER, facts=[],
        )
    )  # fmt: skip
    said.append(
        CampaignAccepted(
            campaign_id="spring", occurred_at=at(2), changed_by="operator-1", campaign=spring
        )
    )
    for number in range(4):
        group = Group.TREATMENT if number < 3 else Group.HOLD_OUT
        part = MemberTargeted(
            member_id=f"m{number}", occurred_at=at(60), campaign_id="spring", segment_id="a",
            group=group, converts_until=at(90),
        )  # fmt: skip
        said.append(part)
    for orders in (1, 2):
        said.append(
            MemberResponded(
                member_id="m0", occurred_at=at(60 + orders), campaign_id="spring",
                group=Group.TREATMENT, shown=1, clicked=1, orders=orders, amount_minor=orders * 500,
                satisfaction=4 if orders == 1 else None,
            )
        )  # fmt: skip
    retired = SegmentAccepted(
        segment_id="b", occurred_at=at(80), version=2, changed_by="operator-2", segment=None
    )
    return [
        structs.replace(one, event_id=str(n), caused_by="c")
        for n, one in enumerate([*said, retired])
    ]


@pytest.fixture
def views(log: Log, settings: Settings) -> Iterable[Views]:
    """Their tables, of which a third came twice."""
    said = told()
    third = len(said) // 3
    log.write(outcomes("members"), said[:third])
    log.write(outcomes("members"), [*said[:third], *said[third:]])
    follow(settings)
    with open_views(settings) as found:
        yield found


def test_what_a_marketer_reads(views: Views) -> None:
    """Sizes, overlaps and reasons; who is worth a letter; a dry run; both groups of a campaign."""
    a, b = segment_queries.segments(views)
    assert (a.segment_id, a.members, a.left, a.retired) == ("a", 2, 1, False)
    assert (b.segment_id, b.version, b.retired, b.enters) == ("b", 2, True, "orders >= 3")
    assert [one.member_id for one in segment_queries.members(views, "a")] == ["less", "dear"]
    [fact] = segment_queries.members(views, "a", 1)[0].facts
    assert (fact["name"], fact["number"]) == ("orders", 3.0)
    [both] = segment_queries.overlaps(views)
    assert (both.one, both.other, both.both, both.jaccard) == ("a", "b", 1, 0.5)
    assert [one.segment_id for one in segment_queries.segments_of(views, "dear")] == ["a", "b"]

    letters = winbacks(views)
    assert [one.member_id for one in letters] == ["dear", "less"]  # one is silent for too long
    assert letters[0].stake_minor == pytest.approx(9_000 * 0.5)
    assert (letters[0].late_days, letters[0].categories) == (25.0, ["bags", "lamps"])

    coverage = segment_queries.coverage(views)
    assert (coverage.members, coverage.foretold, coverage.fitted) == (3, 6, 3)
    assert coverage.shares["category"] == pytest.approx(1 / 3)
    assert (coverage.quality["lines"], coverage.quality["gaps"]) == (15, 6)

    known = known_of(views)
    texts = ("value_at_stake_minor > 1000 && silent_days > 80 && category == 'bags'",)
    assert language().holding(texts, facts(known["dear"], at(141))) == (True,)
    assert language().holding(texts, facts(known["less"], at(141))) == (False,)

    [spring] = campaign_queries.campaigns(views)
    assert (spring.name, spring.segment_id, spring.holdout_share) == ("Spring", "a", 0.5)
    treated, held_out = campaign_queries.groups(views, "spring")
    assert (treated.lot, treated.members, treated.converted, treated.orders) == (
        "TREATMENT", 3, 1, 2,
    )  # fmt: skip
    assert (treated.amount_minor, treated.satisfaction, held_out.members) == (1_000, 4.0, 1)
    found = lift_of([treated, held_out])
    assert found is not None
    assert found.difference == pytest.approx(1 / 3)
    assert found.low < 0 < found.high
