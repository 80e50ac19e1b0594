"""Alerts in Postgres: as the agent says them, through a log and the sink, to what an analyst reads."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec import structs

from agents.risk.rescoring import rescore
from schemas.record import Outcome
from schemas.risk import AbuseKind, Judgement, UsedWeight, Verdict
from schemas.topics import ALERTS
from sinks.postgres import alert_queries as q
from sinks.postgres.queries import Views, open_views
from sinks.settings import Settings
from tests.agents.risk.alerts_told import Desk, alert_of, at, budget, judged, scored
from tests.sinks.log import Log
from tests.sinks.postgres_harness import follow, rows, snapshot

PAYMENT = AbuseKind.PAYMENT
STORY = (
    scored("p", 0, order="o1"),
    scored("q", 1, Verdict.HOLD, 900, order="o2"),
    scored("late", 2, member="n"),
    judged("p", 3),
    judged("p", 4, Judgement.CLEARED, analyst="bob"),
    scored("r", 5, Verdict.BLOCK, 990),
    scored("silent", 6, member="k"),
)


def told() -> list[Outcome]:
    """What the agent says to the story; the budget is used up when it comes to `k`, who is let expire."""
    desk = Desk(budget(3))
    said = [*desk.hear(*STORY), *desk.wait(100, "k")]
    return [identified(one, f"{n}") for n, one in enumerate(said)]


def identified(outcome: Outcome, name: str) -> Outcome:
    """As the shell fills it in."""
    return structs.replace(outcome, event_id=name, caused_by=f"cause of {name}")  # type: ignore[call-arg]


@pytest.fixture
def views(log: Log, settings: Settings) -> Iterable[Views]:
    """The story's tables, of which half came twice."""
    said = told()
    log.write(ALERTS, said[:4])
    log.write(ALERTS, [*said[:4], *said[4:]])
    follow(settings)
    with open_views(settings) as found:
        yield found


def test_alerts_as_they_are_now(views: Views) -> None:
    """The strictest first; what was said again and judged again stands once, as it was said last."""
    found = [(a.alert_id, a.state, a.count, a.verdict, a.score, a.analyst) for a in q.alerts(views)]
    assert found == [
        (alert_of("r"), "OPEN", 1, "BLOCK", 990, None),
        (alert_of("p"), "CLEARED", 2, "HOLD", 900, "bob"),
        (alert_of("silent", member="k"), "EXPIRED", 1, "REVIEW", 700, None),
        (alert_of("late", member="n"), "OPEN", 1, "REVIEW", 700, None),
    ]


def test_a_queue_is_picked(views: Views) -> None:
    """By state, kind, member, and no more than asked for."""
    assert [a.state for a in q.alerts(views, states=q.UNDECIDED)] == ["OPEN", "OPEN"]
    assert [a.member_id for a in q.alerts(views, member_id="n")] == ["n"]
    assert q.alerts(views, kind="REFUND") == []
    assert len(q.alerts(views, 1)) == 1
    assert q.states(views) == {"CLEARED": 1, "EXPIRED": 1, "OPEN": 2}


def test_one_alert_with_all_it_rests_on(views: Views) -> None:
    """Evidence, the newest first, from which the score follows; every judgement."""
    evidence = q.evidence(views, alert_of("p"))
    assert {one.subject_id for one in evidence} == {"p", "q"}
    assert all(rescore(one) == one.score for one in evidence)
    assert [(j.judgement, j.analyst) for j in q.judgements(views, alert_of("p"))] == [
        ("CONFIRMED", "ada"),
        ("CLEARED", "bob"),
    ]
    found = q.alert(views, alert_of("p"))
    assert found is not None
    assert found.expires_at is not None
    assert found.ended_at is not None
    assert found.ended_at.timestamp() * 1000 == at(4)
    assert q.alert(views, "al-0") is None


def test_floats_come_back_as_they_were(log: Log, settings: Settings) -> None:
    """A weight of any digits: the score is computed again from what Postgres holds."""
    weights = [UsedWeight(name=f"f{n}", value=None, weight=0.1 * 3**n) for n in range(-20, 5)]
    event = structs.replace(scored("p"), base=-1.0 / 3, weights=weights)
    (opened,) = Desk().hear(event)
    log.write(ALERTS, [identified(opened, "e")])
    follow(settings)
    with open_views(settings) as views:
        assert q.evidence(views, alert_of("p")) == [opened.evidence]  # type: ignore[attr-defined]


def test_only_more_than_allow_is_a_verdict(log: Log, settings: Settings) -> None:
    """Of all scores those that somebody may ask about."""
    verdicts = [Verdict.ALLOW, Verdict.CHALLENGE, Verdict.BLOCK]
    said = [scored(f"p{n}", n, verdict) for n, verdict in enumerate(verdicts)]
    log.write("outcomes.members", said)
    follow(settings)
    found = rows(settings, "SELECT subject_id, verdict FROM verdicts ORDER BY 1")
    assert found == [("p1", "CHALLENGE"), ("p2", "BLOCK")]


def test_a_suppressed_alert_is_seen_as_such(log: Log, settings: Settings) -> None:
    """It is in no queue of open ones, and it is counted; opened later it is open."""
    desk = Desk(budget(0))
    said = desk.hear(
        scored("p"), scored("q", 1), scored("z", 2, member="n"), scored("r", 3, Verdict.HOLD)
    )
    log.write(ALERTS, [identified(one, f"{n}") for n, one in enumerate(said)])
    follow(settings)
    with open_views(settings) as views:
        assert q.states(views) == {"OPEN": 1, "SUPPRESSED": 1}
        evidence = rows(settings, "SELECT subject_id, suppressed FROM alert_evidence ORDER BY 1")
    assert evidence == [("p", True), ("q", True), ("r", False), ("z", True)]
    assert snapshot(settings)["judgements"] == []
