"""Open alerts and live scores in Valkey: as the agent says them, read by who serves a page or a till."""

from __future__ import annotations

import pytest

from schemas.record import Outcome
from schemas.risk import AbuseKind, AlertOpened, Judgement, Verdict
from schemas.topics import ALERTS
from sinks.redis_sink.queries import LiveScore, OpenAlert
from tests.agents.risk.alerts_told import MEMBER, Desk, alert_of, at, budget, judged, scored
from tests.sinks.redis_case import Views

REFUND = AbuseKind.REFUND
HEARD = (scored("p"), scored("q", 1, Verdict.HOLD, 900), scored("r", 2, kind=REFUND))


@pytest.fixture
def views(redis: str, unique: str) -> Views:
    return Views(redis, f"{unique}ms:")


def open_now(views: Views, member: str = MEMBER) -> list[str]:
    return [one.alert_id for one in views.queries.open_alerts(member)]


def test_open_alerts_of_a_member(views: Views) -> None:
    """One a kind, as its newest word has it, the highest score first."""
    views.hear(*Desk().hear(*HEARD), topic=ALERTS)
    first, second = views.queries.open_alerts(MEMBER)
    assert second.alert_id == alert_of("r", REFUND)
    assert first == OpenAlert(
        alert_id=alert_of("p"),
        kind="PAYMENT",
        score=900,
        verdict="HOLD",
        count=2,
        first_seen_at=at(0),
        last_seen_at=at(1),
        expires_at=at(73),
        summary="2 payments, 25.00 GBP: HOLD, score 900. too much.",
    )
    assert views.queries.open_alerts("nobody") == []


def test_one_that_ended_is_gone_and_a_late_judgement_leaves_the_next(views: Views) -> None:
    """It is told apart by its id, not by its kind."""
    desk = Desk()
    views.hear(*desk.hear(scored("p"), scored("q", 80)), topic=ALERTS)
    assert open_now(views) == [alert_of("q")]
    views.hear(*desk.hear(judged("p", 81, Judgement.CLEARED)), topic=ALERTS)
    assert open_now(views) == [alert_of("q")]
    views.hear(*desk.hear(judged("q", 82)), topic=ALERTS)
    assert open_now(views) == []
    assert not [name for name in views.dump() if name.startswith("alerts:")]


def test_a_suppressed_one_is_not_shown(views: Views) -> None:
    """Until it opens."""
    desk = Desk(budget(0))
    views.hear(*desk.hear(scored("p")), topic=ALERTS)
    assert open_now(views) == []
    said = desk.hear(scored("q", 1, Verdict.BLOCK))
    assert isinstance(said[0], AlertOpened)
    views.hear(*said, topic=ALERTS)
    assert open_now(views) == [alert_of("p")]


def test_live_scores(views: Views) -> None:
    """Of each kind the newest, also within one batch, allowed ones included."""
    told: list[Outcome] = [*HEARD, scored("s", 3, Verdict.ALLOW, 20)]
    views.hear(*told)
    assert views.queries.live_scores(MEMBER) == [
        LiveScore("REFUND", 700, "REVIEW", "r", at(2)),
        LiveScore("PAYMENT", 20, "ALLOW", "s", at(3)),
    ]
    assert views.queries.live_scores("nobody") == []
