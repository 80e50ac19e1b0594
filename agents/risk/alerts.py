"""Alerts: what a fraud team is to look at, one open alert a member and kind of abuse.

Scores with a verdict from REVIEW up are evidence. The first opens an alert, others update it, and it
ends by a judgement, or by time: 72 hours after its last evidence, 14 days after its first at most. What
its evidence holds is held until then, also when the day's budget is used up and the alert is only
counted; it opens later with the first evidence that finds room or is stricter than all before. A
judgement may come late or change: the alert is closed again, with the other end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, assert_never

from agents import Agent, Tables, Woken
from agents.calendar import DAY, HOUR
from agents.risk import alert_budget
from agents.risk.alert_book import KEPT, Alerts, Open, identity, stricter
from agents.risk.alert_summary import summary
from schemas.record import Event, Outcome
from schemas.risk import (
    AlertClosed,
    AlertEnd,
    AlertJudged,
    AlertOpened,
    AlertSuppressed,
    AlertUpdated,
    Evidence,
    FraudScored,
    Judgement,
    JudgementRefused,
    Verdict,
)

ALERTING = frozenset({Verdict.REVIEW, Verdict.HOLD, Verdict.BLOCK})
QUIET = 72 * HOUR
OPEN_MOST = 14 * DAY
NEWEST_IDS = 20
PAGES_A_RECORD = 5  # ids of any length of so many pages fit a record
ENDS = {Judgement.CONFIRMED: AlertEnd.CONFIRMED, Judgement.CLEARED: AlertEnd.CLEARED}


def react(
    state: Alerts, event: FraudScored | AlertJudged | Woken, tables: Tables
) -> Iterator[Outcome]:
    """Evidence, a judgement, or a deadline."""
    match event:
        case FraudScored():
            if event.verdict in ALERTING:
                yield from _take(state, event, tables)
        case AlertJudged():
            yield from _judge(state, event)
        case Woken():
            yield from _wake(state, event)
        case _:
            assert_never(event)


# ---- evidence --------------------------------------------------------------------------------------


def _take(state: Alerts, scored: FraudScored, tables: Tables) -> Iterator[Outcome]:
    """Open, update or suppress; what was said of this subject already says nothing."""
    opened = state.open.get(scored.kind)
    if opened is None:
        if identity(scored) in state.alerts:
            return  # it has ended: this is a repeat
        alert_id, shown = state.begin(scored), False
        shows = alert_budget.room(tables, scored.kind, scored.occurred_at)
    else:
        alert_id = opened.alert_id
        if state.says_nothing_new(alert_id, scored):
            return
        before = state.alerts[alert_id]
        shown = before.shown
        shows = (
            shown
            or stricter(scored.verdict, before.verdict)
            or alert_budget.room(tables, scored.kind, scored.occurred_at)
        )
        state.add(alert_id, scored)
    state.show(alert_id, shows)
    state.open[scored.kind] = Open(alert_id, _expires_at(state, alert_id))
    yield _told(state, alert_id, scored, shown, shows, tables)


def _told(
    state: Alerts, alert_id: str, scored: FraudScored, shown: bool, shows: bool, tables: Tables
) -> AlertOpened | AlertUpdated | AlertSuppressed:
    fields = _fields(state, alert_id, scored.member_id, scored.occurred_at)
    evidence = evidence_of(scored)
    expires_at = state.open[scored.kind].expires_at
    if not shows:
        today = alert_budget.suppressed(tables, scored.kind, scored.occurred_at) + 1
        return AlertSuppressed(**fields, evidence=evidence, suppressed_today=today)
    if not shown:
        return AlertOpened(**fields, evidence=evidence, expires_at=expires_at)
    before, last = state.newest_pages(alert_id)
    newest = [*before.subjects, *last.subjects][-NEWEST_IDS:]
    return AlertUpdated(**fields, evidence=evidence, evidence_ids=newest, expires_at=expires_at)


def _expires_at(state: Alerts, alert_id: str) -> int:
    alert = state.alerts[alert_id]
    return min(alert.last_seen_at + QUIET, alert.opened_at + OPEN_MOST)


def evidence_of(scored: FraudScored) -> Evidence:
    """What an alert keeps of a score."""
    return Evidence(
        subject_id=scored.subject_id,
        scored_at=scored.occurred_at,
        order_id=scored.order_id,
        redemption_id=scored.redemption_id,
        amount_minor=scored.amount_minor,
        currency=scored.currency,
        score=scored.score,
        verdict=scored.verdict,
        base=scored.base,
        weights=scored.weights,
        reasons=scored.reasons,
        rules=scored.rules,
        model=scored.model,
        variant=scored.variant,
        model_version=scored.model_version,
        stale=scored.stale,
    )


def _fields(state: Alerts, alert_id: str, member_id: str, at: int) -> dict[str, Any]:
    """What every word about an alert begins with."""
    alert = state.alerts[alert_id]
    return {
        "member_id": member_id,
        "occurred_at": at,
        "alert_id": alert_id,
        "kind": alert.kind,
        "score": alert.score,
        "verdict": alert.verdict,
        "count": alert.count,
        "first_seen_at": alert.first_seen_at,
        "last_seen_at": alert.last_seen_at,
        "summary": summary(alert),
    }


# ---- ends ------------------------------------------------------------------------------------------


def _judge(state: Alerts, judged: AlertJudged) -> Iterator[AlertClosed | JudgementRefused]:
    """Close with the judgement's end; the end that it has already is no news."""
    alert, end = state.alerts.get(judged.alert_id), ENDS.get(judged.judgement)
    reasons = []
    if alert is None:
        reasons.append(
            f"This member has no alert {judged.alert_id}, or it ended more than {KEPT // DAY} days "
            "ago: look up its member_id."
        )
    if end is None:
        reasons.append("The judgement is a word that this version does not know.")
    if alert is None or end is None:
        yield JudgementRefused(
            member_id=judged.member_id,
            occurred_at=judged.occurred_at,
            alert_id=judged.alert_id,
            analyst=judged.analyst,
            reasons=reasons,
        )
    elif alert.end is not end:
        yield from _close(
            state,
            judged.alert_id,
            judged.member_id,
            judged.occurred_at,
            end,
            judged.analyst,
            judged.reason,
        )


def _wake(state: Alerts, woken: Woken) -> Iterator[AlertClosed]:
    """Close what nobody judged in time; forget what ended long ago."""
    now = woken.occurred_at
    for opened in list(state.open.values()):
        if opened.expires_at <= now:
            why = "Nobody judged it in time."
            yield from _close(state, opened.alert_id, woken.key, now, AlertEnd.EXPIRED, None, why)
    for alert_id, at in list(state.ended.items()):
        if at + KEPT <= now:
            state.forget(alert_id)


def _close(
    state: Alerts,
    alert_id: str,
    member_id: str,
    at: int,
    end: AlertEnd,
    analyst: str | None,
    reason: str,
) -> Iterator[AlertClosed]:
    """As many records as the ids of all its evidence need; mostly one."""
    pages = list(state.pages_of(alert_id))
    for first in range(0, len(pages), PAGES_A_RECORD):
        about = pages[first : first + PAGES_A_RECORD]
        yield AlertClosed(
            **_fields(state, alert_id, member_id, at),
            end=end,
            analyst=analyst,
            reason=reason,
            subject_ids=_once(page.subjects for page in about),
            order_ids=_once(page.orders for page in about),
            redemption_ids=_once(page.redemptions for page in about),
        )
    state.close(alert_id, end, at)


def _once(ids: Iterable[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(ids)))


def wake_at(state: Alerts) -> int | None:
    """The next deadline, or when the first ended alert is forgotten."""
    moments = [opened.expires_at for opened in state.open.values()]
    moments += [at + KEPT for at in state.ended.values()]
    return min(moments, default=None)


HEARS: frozenset[type[Event | Outcome]] = frozenset({FraudScored, AlertJudged})
ALERTS: Agent[Any] = Agent("alerts", Alerts, HEARS, react, wake_at)
