"""Loyalty in Postgres: as the agent says it, through a log and the sink, to what a marketer reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from msgspec import structs

from agents.loyalty import models
from agents.loyalty.scoring import LOYALTY
from schemas.loyalty import LoyaltyScored
from schemas.outcomes import OrderPlaced
from schemas.record import Outcome
from schemas.topics import outcomes
from sinks.postgres import loyalty_queries as q
from sinks.postgres.queries import Views, open_views
from sinks.settings import Settings
from tests.agents.loyalty.purchases_told import day, returned
from tests.agents.rows import Life
from tests.sinks.log import Log
from tests.sinks.postgres_harness import follow

NOW = 130
# who bought on which days; all are looked at on day 130 or in the week before
BOUGHT: dict[str, list[int]] = {
    "late": [0, 20, 41, 60],  # every 20 days, 70 days silent
    "later": [0, 10, 21, 30, 80],
    "in time": [1, 41, 82, 122],
    "gone": [2, 12, 23],  # six intervals and more ago
    "once": [3],
    "soon again": [40, 45],
    "known in April": [90],
    "known later": [94],
}


def told() -> list[Outcome]:
    """What the agent says of them, and of one who sent everything back."""
    said: list[Outcome] = []
    for member_id, days in (BOUGHT | {"nothing kept": [50]}).items():
        life = Life(LOYALTY, {models.NAME: models.Published()})
        for number in days:
            placed = OrderPlaced(
                member_id=member_id,
                occurred_at=day(number),
                order_id=f"o{number}",
                currency="GBP",
                lines=[],
                total_minor=1_000,
            )
            life.hear(placed)
        if member_id == "nothing kept":
            life.hear(structs.replace(returned(51, "o50"), member_id=member_id))
        life.wait(member_id, day(NOW))
        said += [one for one in life.said if isinstance(one, LoyaltyScored)]
    return [structs.replace(one, event_id=str(n), caused_by="c") for n, one in enumerate(said)]  # type: ignore[call-arg]


@pytest.fixture
def views(log: Log, settings: Settings) -> Iterable[Views]:
    """Their table, of which a third came twice."""
    said = told()
    third = len(said) // 3
    log.write(outcomes("members"), said[:third])
    log.write(outcomes("members"), [*said[:third], *said[third:]])
    follow(settings)
    with open_views(settings) as found:
        yield found


def test_what_is_read_of_loyalty(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member as last said; cohorts by month; who is late by their own measure."""
    last = {one.member_id: one for one in told() if isinstance(one, LoyaltyScored)}
    found = q.member(views, "late")
    assert found is not None
    assert found.probability == last["late"].probability
    assert found.repeat_purchases == 3
    assert found.interval_days == 20.0
    assert found.last_purchase_at == datetime.fromtimestamp(day(60) / 1000, UTC)
    assert found.occurred_at.timestamp() * 1000 == last["late"].occurred_at
    assert q.member(views, "nobody") is None
    empty = q.member(views, "nothing kept")
    assert empty is not None
    assert (empty.probability, empty.first_purchase_at) == (None, None)

    late = [one.member_id for one in q.drifting(views)]
    assert late == ["late", "later"]
    assert [one.member_id for one in q.drifting(views, 1)] == ["late"]

    cohorts = {one.month: one for one in q.cohorts(views)}
    first = datetime.fromtimestamp(day(0) / 1000, UTC).strftime("%Y-%m")
    second = datetime.fromtimestamp(day(40) / 1000, UTC).strftime("%Y-%m")
    third = datetime.fromtimestamp(day(90) / 1000, UTC).strftime("%Y-%m")
    found_members = {month: one.members for month, one in cohorts.items()}
    assert found_members == {first: 5, second: 1, third: 2}
    assert cohorts[first].repeat_rate == pytest.approx(4 / 5)
    assert cohorts[first].retained_30 == pytest.approx(3 / 5)
    assert cohorts[second].retained_7 == 1.0
    assert cohorts[second].retained_90 is None  # a yes is known, of another a no would not be yet
    assert cohorts[third].retained_30 == 0.0  # of one of the two
    monkeypatch.setattr(q, "KNOWN_PART", 1)
    assert {one.month: one.retained_30 for one in q.cohorts(views)}[third] is None
