"""Alerts, row by row: what opens one, what it grows by, how it ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agents.risk.alert_book import ENDED_MOST, PAGE, PAGES_MOST
from agents.risk.alerts import ALERTS
from schemas.codec import encode_valid
from schemas.record import Event, Outcome
from schemas.risk import (
    AbuseKind,
    AlertClosed,
    AlertEnd,
    AlertOpened,
    AlertSuppressed,
    AlertUpdated,
    FraudScored,
    Judgement,
    JudgementRefused,
    RiskReason,
    Verdict,
)
from tests.agents.risk.alerts_told import (
    DAY,
    HOUR,
    START,
    Desk,
    alert_of,
    at,
    budget,
    judged,
    scored,
    short,
)
from tests.agents.rows import ids, stored

REVIEW, HOLD, BLOCK = Verdict.REVIEW, Verdict.HOLD, Verdict.BLOCK
CLEARED = Judgement.CLEARED
REFUND = AbuseKind.REFUND

ROWS: list[tuple[str, list[Any], list[str]]] = [
    ("allowed: nothing", [scored("p", verdict=Verdict.ALLOW)], []),
    ("challenged: nothing", [scored("p", verdict=Verdict.CHALLENGE)], []),
    ("a word of a later version: nothing", [scored("p", verdict=Verdict.UNKNOWN)], []),
    ("opened", [scored("p")], ["opened p 1 REVIEW 700 until 72"]),
    ("updated: the highest score, the strictest verdict", [scored("p", 0, HOLD), scored("q", 1, REVIEW, 900)],
     ["opened p 1 HOLD 700 until 72", "updated q 2 HOLD 900 until 73"]),
    ("the same subject again: nothing", [scored("p"), scored("p", 1)], ["opened p 1 REVIEW 700 until 72"]),
    ("the same subject, stricter: counted once", [scored("p"), scored("p", 1, BLOCK)],
     ["opened p 1 REVIEW 700 until 72", "updated p 1 BLOCK 700 until 73"]),
    ("another kind: another alert", [scored("p"), scored("r", 1, kind=REFUND)],
     ["opened p 1 REVIEW 700 until 72", "opened r 1 REVIEW 700 until 73"]),
    ("late evidence puts nothing off", [scored("p", 10), scored("q", 2)],
     ["opened p 1 REVIEW 700 until 82", "updated q 2 REVIEW 700 until 82"]),
    ("expires 72 hours after the last", [scored("p"), scored("q", 71), scored("s", 200)],
     ["opened p 1 REVIEW 700 until 72", "updated q 2 REVIEW 700 until 143",
      "EXPIRED by time: p q", "opened s 1 REVIEW 700 until 272"]),
    ("evidence at the deadline opens the next", [scored("p"), scored("q", 72)],
     ["opened p 1 REVIEW 700 until 72", "EXPIRED by time: p", "opened q 1 REVIEW 700 until 144"]),
    ("confirmed", [scored("p"), judged("p", 1)],
     ["opened p 1 REVIEW 700 until 72", "CONFIRMED by ada: p"]),
    ("cleared", [scored("p"), judged("p", 1, CLEARED)],
     ["opened p 1 REVIEW 700 until 72", "CLEARED by ada: p"]),
    ("judged twice alike: once", [scored("p"), judged("p", 1), judged("p", 2, analyst="bob")],
     ["opened p 1 REVIEW 700 until 72", "CONFIRMED by ada: p"]),
    ("judged otherwise later: closed again",
     [scored("p"), judged("p", 1), judged("p", 2, CLEARED), judged("p", 3)],
     ["opened p 1 REVIEW 700 until 72", "CONFIRMED by ada: p", "CLEARED by ada: p",
      "CONFIRMED by ada: p"]),
    ("judged after it expired", [scored("p"), judged("p", 2_000)],
     ["opened p 1 REVIEW 700 until 72", "EXPIRED by time: p", "CONFIRMED by ada: p"]),
    ("a repeat after the end opens nothing", [scored("p"), judged("p", 1), scored("p", 2)],
     ["opened p 1 REVIEW 700 until 72", "CONFIRMED by ada: p"]),
    ("new evidence after the end opens another", [scored("p"), judged("p", 1), scored("q", 2)],
     ["opened p 1 REVIEW 700 until 72", "CONFIRMED by ada: p", "opened q 1 REVIEW 700 until 74"]),
    ("a late judgement leaves the open one alone",
     [scored("p"), scored("q", 80), judged("p", 81), scored("s", 82)],
     ["opened p 1 REVIEW 700 until 72", "EXPIRED by time: p", "opened q 1 REVIEW 700 until 152",
      "CONFIRMED by ada: p", "updated s 2 REVIEW 700 until 154"]),
    ("an unknown alert", [judged("p", 1)], ["refused ada"]),
    ("another member's alert", [scored("p"), judged("p", 1, member="n")],
     ["opened p 1 REVIEW 700 until 72", "refused ada"]),
    ("a judgement of a later version", [scored("p"), judged("p", 1, Judgement.UNKNOWN)],
     ["opened p 1 REVIEW 700 until 72", "refused ada"]),
]  # fmt: skip

BUDGETS: list[tuple[str, int, list[Any], list[str]]] = [
    ("beyond it: suppressed and counted", 1,
     [scored("p"), scored("q", 1, member="n"), scored("s", 2, member="o")],
     ["opened p 1 REVIEW 700 until 72", "suppressed q 1 REVIEW 700, 1 today",
      "suppressed s 1 REVIEW 700, 2 today"]),
    ("updates need none", 1, [scored("p"), scored("q", 1)],
     ["opened p 1 REVIEW 700 until 72", "updated q 2 REVIEW 700 until 73"]),
    ("more of a suppressed one: suppressed", 0, [scored("p"), scored("q", 1)],
     ["suppressed p 1 REVIEW 700, 1 today", "suppressed q 2 REVIEW 700, 2 today"]),
    ("a stricter one opens it", 0, [scored("p"), scored("q", 1, HOLD), scored("s", 2)],
     ["suppressed p 1 REVIEW 700, 1 today", "opened q 2 HOLD 700 until 73",
      "updated s 3 HOLD 700 until 74"]),
    ("the next day has room", 1, [scored("p"), scored("q", 1, member="n"), scored("s", 25, member="n")],
     ["opened p 1 REVIEW 700 until 72", "suppressed q 1 REVIEW 700, 1 today",
      "opened s 2 REVIEW 700 until 97"]),
    ("another kind has its own", 1, [scored("p"), scored("r", 1, kind=REFUND)],
     ["opened p 1 REVIEW 700 until 72", "opened r 1 REVIEW 700 until 73"]),
    ("a suppressed one expires: what it holds is let go", 0, [scored("p"), scored("q", 80)],
     ["suppressed p 1 REVIEW 700, 1 today", "EXPIRED by time: p",
      "suppressed q 1 REVIEW 700, 1 today"]),
    ("a suppressed one can be judged", 0, [scored("p"), judged("p", 1)],
     ["suppressed p 1 REVIEW 700, 1 today", "CONFIRMED by ada: p"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "said"), ROWS, ids=ids(ROWS))
def test_alerts(name: str, events: list[Any], said: list[str]) -> None:
    """What is said to each history, deadlines on the way included."""
    assert list(map(short, Desk().hear(*events))) == said


@pytest.mark.parametrize(("name", "a_day", "events", "said"), BUDGETS, ids=ids(BUDGETS))
def test_the_budget_of_a_day(name: str, a_day: int, events: list[Any], said: list[str]) -> None:
    """What is shown of a kind on a day, and what is only counted."""
    assert list(map(short, Desk(budget(a_day)).hear(*events))) == said


def test_a_budget_is_shared_by_the_partitions() -> None:
    """Each has an equal share, rounded up; before anybody set one there is room."""
    desk = Desk(budget(5), partitions=4)
    said = desk.hear(*(scored(f"p{n}", member=f"m{n}") for n in range(4)))
    assert [type(one) for one in said] == 2 * [AlertOpened] + 2 * [AlertSuppressed]
    unset = Desk(partitions=4).hear(*(scored(f"p{n}", member=f"m{n}") for n in range(301)))
    assert [type(one) for one in unset] == 300 * [AlertOpened] + [AlertSuppressed]


def test_the_budgets_days_are_bounded() -> None:
    """The newest are kept; evidence of an older day counts to the oldest of them."""
    desk = Desk(budget(1))
    for day in range(40):
        desk.hear(scored(f"p{day}", 24 * day, member=f"m{day}"))
    assert len(desk.budget.days) == 3
    late = desk.hear(scored("late", 24 * 20, member="late"))
    assert short(late[0]) == "suppressed late 1 REVIEW 700, 1 today"
    assert len(desk.budget.days) == 3


def test_an_alert_lives_two_weeks_at_most() -> None:
    """However much comes, the deadline is no later than 14 days after the first evidence."""
    desk = Desk()
    said = desk.hear(*(scored(f"p{day}", 24 * day) for day in range(14)))
    deadlines = [one.expires_at for one in said if isinstance(one, AlertOpened | AlertUpdated)]
    assert deadlines[-1] == START + 14 * DAY
    assert max(deadlines) == START + 14 * DAY
    closed = desk.wait(24 * 14)
    assert [short(one).split(":")[0] for one in closed] == ["EXPIRED by time"]
    assert closed[0].occurred_at == START + 14 * DAY  # type: ignore[attr-defined]


def test_what_it_is_about_is_told_at_the_end() -> None:
    """Payments, orders and redemptions of all evidence, each once."""
    desk = Desk()
    desk.hear(
        scored("p", order="o1"),
        scored("q", 1, order="o1", redemption="x1"),
        scored("s", 2, order="o2", redemption="x2"),
    )
    (closed,) = desk.hear(judged("p", 3))
    assert isinstance(closed, AlertClosed)
    assert (closed.subject_ids, closed.order_ids) == (["p", "q", "s"], ["o1", "o2"])
    assert closed.redemption_ids == ["x1", "x2"]
    assert (closed.end, closed.analyst, closed.reason) == (AlertEnd.CONFIRMED, "ada", "seen")


def test_a_large_alert_is_closed_in_several_records() -> None:
    """No evidence is left out, and no record or stored entry is too large, with ids of any length."""
    desk, count = Desk(), 3 * 5 * PAGE + 1
    wide = "\U0001f6d2" * 120
    desk.hear(
        *(
            scored(f"{wide}{n}", n / 100, order=f"{wide}o{n}", redemption=f"{wide}x{n}")
            for n in range(count)
        )
    )
    record, entry = stored(ALERTS, desk.life().state)
    assert entry <= 64 * 1024
    assert record <= 1024
    closed = desk.hear(judged(f"{wide}0", 10))
    assert all(isinstance(one, AlertClosed) for one in closed)
    assert len(closed) == 4
    assert all(len(encode_valid(one)) < 512 * 1024 for one in closed)
    subjects = [one for part in closed for one in part.subject_ids]  # type: ignore[attr-defined]
    orders = [one for part in closed for one in part.order_ids]  # type: ignore[attr-defined]
    assert subjects == [f"{wide}{n}" for n in range(count)]
    assert orders == [f"{wide}o{n}" for n in range(count)]


def test_evidence_beyond_all_bounds_is_counted() -> None:
    """It is told and counted, and no longer listed at the end."""
    desk, most = Desk(), PAGE * PAGES_MOST
    said = desk.hear(*(scored(f"p{n}", n / 1_000) for n in range(most + 5)))
    last = said[-1]
    assert isinstance(last, AlertUpdated)
    assert last.count == most + 5
    closed = desk.hear(judged("p0", 10))
    assert sum(len(one.subject_ids) for one in closed if isinstance(one, AlertClosed)) == most


def test_an_update_names_the_newest() -> None:
    """Twenty at most, this one last."""
    said = Desk().hear(*(scored(f"p{n}", n / 10) for n in range(PAGE + 3)))
    last = said[-1]
    assert isinstance(last, AlertUpdated)
    assert last.evidence_ids == [f"p{n}" for n in range(PAGE + 3 - 20, PAGE + 3)]


def test_ended_alerts_are_forgotten_at_last() -> None:
    """180 days after the end; a judgement then is refused, with what to do."""
    desk = Desk()
    desk.hear(scored("p"), judged("p", 1))
    desk.wait(1 + 24 * 179)
    assert desk.life().state.alerts
    desk.wait(1 + 24 * 180)
    assert not desk.life().state.alerts
    assert not desk.life().state.pages
    assert desk.life().due() is None
    (refused,) = desk.hear(judged("p", 24 * 181, CLEARED))
    assert isinstance(refused, JudgementRefused)
    assert "180 days" in refused.reasons[0]


def test_of_many_ended_alerts_the_first_is_forgotten() -> None:
    """The state of a member that is suspected every week stays small."""
    desk = Desk()
    for n in range(ENDED_MOST + 1):
        desk.hear(scored(f"p{n}", n), judged(f"p{n}", n + 0.5))
    assert len(desk.life().state.ended) == ENDED_MOST
    assert [short(one) for one in desk.hear(judged("p0", 100, CLEARED))] == ["refused ada"]
    said = desk.hear(judged("p1", 100, CLEARED))
    assert [short(one) for one in said] == ["CLEARED by ada: p1"]


def test_the_summary_says_which_rule_it_was() -> None:
    """Whatever more the model sees in it: that is many small parts, which mean little in one line."""
    parts = [
        RiskReason(reason="all other features", source="feature:", contribution=690),
        RiskReason(reason="too much", source="rule:r", contribution=10),
    ]
    (opened,) = Desk().hear(structs.replace(scored("p"), reasons=parts))
    assert isinstance(opened, AlertOpened)
    assert opened.summary.endswith("too much.")


def test_the_id_is_of_member_kind_and_first_subject() -> None:
    """The same in every run, and another for any other of the three."""
    same = {alert_of("p") for _ in range(2)}
    others = {alert_of("q"), alert_of("p", REFUND), alert_of("p", member="n")}
    assert len(same | others) == 4
    (opened,) = Desk().hear(scored("p"))
    assert isinstance(opened, AlertOpened)
    assert {opened.alert_id} == same


SUMMARIES: list[tuple[list[Any], str]] = [
    ([scored("p", order="o-17")], "1 payment, 12.50 GBP: REVIEW, score 700. too much."),
    ([scored("p", amount=None)], "1 payment: REVIEW, score 700. too much."),
    ([scored("p"), scored("q", 1, HOLD, 800, amount=500, currency="JPY")],
     "2 payments, 12.50 GBP, 500 JPY: HOLD, score 800. too much."),
    ([scored("x", kind=AbuseKind.ACCOUNT_TAKEOVER, amount=None)],
     "1 action: REVIEW, score 700. too much."),
]  # fmt: skip


@pytest.mark.parametrize(("events", "summary"), SUMMARIES)
def test_the_summary_is_one_line_that_names_nobody(events: list[Any], summary: str) -> None:
    """What, how much, how sure, why."""
    last = Desk().hear(*events)[-1]
    assert last.summary == summary  # type: ignore[attr-defined]
    for event in events:
        assert event.member_id not in summary.split()
        assert event.subject_id not in summary.split()


def test_evidence_is_the_score_as_it_was_said() -> None:
    """Nothing is left out that the score follows from."""
    event = scored("p", 3, BLOCK, 960, order="o", redemption="x")
    (opened,) = Desk().hear(event)
    assert isinstance(opened, AlertOpened)
    for name in type(opened.evidence).__struct_fields__:
        source = "occurred_at" if name == "scored_at" else name
        assert getattr(opened.evidence, name) == getattr(event, source), name


# ---- properties ------------------------------------------------------------------------------------

SUBJECTS = st.sampled_from([f"p{n}" for n in range(6)])
EVENTS = st.one_of(
    st.builds(
        scored,
        subject=SUBJECTS,
        hour=st.just(0.0),
        verdict=st.sampled_from(list(Verdict)),
        score=st.integers(0, 1_000),
        kind=st.sampled_from([AbuseKind.PAYMENT, REFUND]),
        order=st.none() | SUBJECTS,
    ),
    st.builds(
        judged,
        subject=SUBJECTS,
        hour=st.just(0.0),
        judgement=st.sampled_from(list(Judgement)),
        kind=st.sampled_from([AbuseKind.PAYMENT, REFUND]),
    ),
)
HISTORIES = st.lists(st.tuples(st.integers(0, 60), EVENTS), max_size=30)


def timed(history: list[tuple[int, Any]]) -> list[Any]:
    """The events one after another, as many hours apart."""
    hour, found = 0.0, []
    for gap, event in history:
        hour += gap
        if isinstance(event, FraudScored):
            found.append(
                scored(event.subject_id, hour, event.verdict, event.score, kind=event.kind,
                       order=event.order_id)
            )  # fmt: skip
        else:
            found.append(
                type(event)(
                    **{n: getattr(event, n) for n in event.__struct_fields__}
                    | {"occurred_at": at(hour)}
                )
            )
    return found


@given(HISTORIES, st.integers(0, 2))
def test_one_open_alert_a_kind_and_every_hold_ends(
    history: list[tuple[int, Any]], a_day: int
) -> None:
    """At most one alert of a kind is open; each is closed by its deadline; all its evidence is in it."""
    desk = Desk(budget(a_day), budget(a_day, REFUND))
    events: list[Event | Outcome] = timed(history)
    said = desk.hear(*events)
    said += desk.wait(10_000)
    open_now: dict[str, str] = {}
    evidence: dict[str, list[str]] = {}
    deadline: dict[str, int] = {}
    for one in said:
        match one:
            case AlertOpened() | AlertUpdated() | AlertSuppressed():
                assert open_now.setdefault(one.kind, one.alert_id) == one.alert_id
                evidence.setdefault(one.alert_id, []).append(one.evidence.subject_id)
                assert one.count == len(set(evidence[one.alert_id]))
                deadline[one.alert_id] = one.last_seen_at + 72 * HOUR
            case AlertClosed():
                assert list(dict.fromkeys(evidence[one.alert_id])) == one.subject_ids
                if open_now.get(one.kind) == one.alert_id:
                    del open_now[one.kind]
                    assert one.occurred_at <= deadline[one.alert_id]
                assert (one.end is AlertEnd.EXPIRED) is (one.analyst is None)
            case _:
                assert isinstance(one, JudgementRefused)
    assert not open_now


@given(HISTORIES)
def test_twice_is_once(history: list[tuple[int, Any]]) -> None:
    """Each score or judgement said twice at once changes nothing."""
    events: list[Any] = timed(history)
    once, twice = Desk(), Desk()
    doubled = [event for event in events for _ in range(2)]
    first = [one for one in once.hear(*events) if not isinstance(one, JudgementRefused)]
    second = [one for one in twice.hear(*doubled) if not isinstance(one, JudgementRefused)]
    assert first == second
