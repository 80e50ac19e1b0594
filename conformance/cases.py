"""The golden records of the topic `alerts`: said by the agent itself to small stories, kept in `golden.json`.

`python -m conformance.cases` writes the file. Each case is a history of one or two alerts with the state
that a reader must come to; records that must not count (repeats, aborted ones, what nobody can read) are
put in where a case says so.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field, structs

from agents import Place, Woken
from agents.marks import digest
from agents.risk.alert_book import Alerts, identity
from agents.risk.alert_budget import ALERT_BUDGET
from agents.risk.alerts import react, wake_at
from schemas import codec
from schemas.record import Outcome
from schemas.risk import (
    AbuseKind,
    AlertBudgetChanged,
    AlertClosed,
    AlertJudged,
    AlertOutcome,
    AlertSuppressed,
    FraudScored,
    Judgement,
    RiskReason,
    RuleFired,
    UsedWeight,
    Verdict,
)

GOLDEN = Path(__file__).parent / "golden.json"
START = 1_323_432_000_000  # 2011-12-09T12:00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
UNKNOWN_SCHEMA = b"\xc3\x01" + bytes(range(8)) + b"\x02a"
REVIEW, HOLD, BLOCK = Verdict.REVIEW, Verdict.HOLD, Verdict.BLOCK
CONFIRMED, CLEARED = Judgement.CONFIRMED, Judgement.CLEARED
Heard = FraudScored | AlertJudged


class Golden(Struct, frozen=True, omit_defaults=True):
    """A record as it lies in the topic: hex of its bytes (none: no value) and what they mean."""

    key: str
    value: str | None
    type: str | None = None
    reads: dict[str, Any] | None = None
    aborted: bool = False


class State(Struct, frozen=True):
    """What a reader of a case must come to for an alert."""

    alert_id: str
    member_id: str
    kind: str
    state: str
    score: int
    verdict: str
    count: int


class Case(Struct, frozen=True):
    """A history, and where it ends."""

    name: str
    rule: str
    records: list[Golden]
    expected: list[State] = field(default_factory=list)


class Story:
    """A member's events, by hours from START, and how the agent answers them."""

    def __init__(self, name: str, *, budget: int = 1_000) -> None:
        self.member = f"member-{name}"
        self._name = name
        self._heard: list[Heard] = []
        self._budget = budget

    def scored(
        self,
        hour: float,
        verdict: Verdict = REVIEW,
        rule: int = 50,
        kind: AbuseKind = AbuseKind.PAYMENT,
    ) -> Story:
        """Something was scored: a payment by model and rule, anything else by a rule alone."""
        payment = kind is AbuseKind.PAYMENT
        number = len(self._heard)
        reasons = [RiskReason(reason="as the rule says", source="rule:tried", contribution=rule)]
        reasons += MODEL_REASONS if payment else []
        self._heard.append(
            FraudScored(
                event_id=named(self._name, number),
                member_id=self.member,
                occurred_at=START + round(hour * HOUR),
                kind=kind,
                subject_id=f"{'payment' if payment else 'action'}-{self._name}-{number}",
                order_id=f"order-{self._name}-{number}" if payment else None,
                amount_minor=12_990 if payment else None,
                currency="GBP" if payment else None,
                score=rule + (MODEL_SCORE if payment else 0),
                verdict=verdict,
                reasons=sorted(reasons, key=lambda one: -abs(one.contribution)),
                rules=[RuleFired(rule_id="tried", version=2)],
                **(MODEL if payment else {}),
            )
        )
        return self

    def judged(self, hour: float, judgement: Judgement, of: int = 0) -> Story:
        """The alert that the `of`-th event opened was judged."""
        opened = self._heard[of]
        assert isinstance(opened, FraudScored)
        self._heard.append(
            AlertJudged(
                event_id=named(self._name, len(self._heard)),
                member_id=self.member,
                occurred_at=START + round(hour * HOUR),
                alert_id=identity(opened),
                judgement=judgement,
                analyst="analyst-1",
                reason="The member was called.",
            )
        )
        return self

    def said(self, until: float = 0) -> list[AlertOutcome]:
        """What the agent says of it, deadlines up to that hour included."""
        state, budget = Alerts(), ALERT_BUDGET.initial()
        changed = AlertBudgetChanged(
            event_id="b",
            kind=AbuseKind.PAYMENT,
            occurred_at=START,
            alerts_a_day=self._budget,
            changed_by="operator-1",
        )
        tuple(ALERT_BUDGET.react(budget, changed, Place(0, 1)))
        found: list[AlertOutcome] = []
        for event in [*self._heard, None]:
            moment = START + round(until * HOUR) if event is None else event.occurred_at
            while (due := wake_at(state)) is not None and due <= moment:
                woken = Woken(event_id=named(self._name, due), key=self.member, occurred_at=due)
                found += self._named(react(state, woken, {}), woken.event_id, len(found))
            if event is not None:
                tables = {ALERT_BUDGET.name: budget}
                found += self._named(react(state, event, tables), event.event_id, len(found))
        return found

    def _named(self, said: Iterable[Outcome], cause: str, start: int) -> Iterator[AlertOutcome]:
        for number, one in enumerate(said, start):
            assert isinstance(one, AlertOutcome)
            yield structs.replace(one, event_id=named(self._name, "said", number), caused_by=cause)


MODEL_SCORE = 870  # of base and weights below
MODEL_REASONS = [
    RiskReason(
        reason="amount in deviations of the member's own", source="feature:amount_deviations",
        contribution=662,
    ),
    RiskReason(reason="hour of the day", source="feature:hour_of_day", contribution=198),
    RiskReason(reason="any payment", source="base", contribution=10),
]  # fmt: skip
MODEL: dict[str, Any] = {
    "probability": 0.8698915256370021,
    "model": "payment",
    "variant": "binned",
    "model_version": 41,
    "base": -4.6,
    "weights": [
        UsedWeight(name="amount_deviations", value=6.25, weight=5.0),
        UsedWeight(name="hour_of_day", value=None, weight=1.5),
    ],
}


def named(*parts: object) -> str:
    """An id that is the same in every run."""
    return str(uuid.UUID(bytes=digest(*parts), version=5))


def cases() -> list[Case]:
    """All of them, in the order in which they are written into the topic."""
    split = Story("split").scored(0).scored(1).judged(2, CONFIRMED).said()
    return [
        case("opened", "A first piece of evidence opens.", Story("opened").scored(0).said()),
        case(
            "updated",
            "More of it updates: highest score, strictest verdict, count.",
            Story("updated").scored(0, HOLD, 100).scored(1, REVIEW, 40).said(),
        ),
        case("confirmed", "Judged.", Story("confirmed").scored(0).judged(1, CONFIRMED).said()),
        case("cleared", "Judged.", Story("cleared").scored(0).judged(1, CLEARED).said()),
        case("expired", "Nobody judged it.", Story("expired").scored(0).said(until=80)),
        case(
            "judged late",
            "Closed by time, then by a judgement: the last end counts.",
            Story("judged-late").scored(0).judged(100, CONFIRMED).said(),
        ),
        case(
            "judged again",
            "An analyst may change their mind.",
            Story("judged-again").scored(0).judged(1, CONFIRMED).judged(2, CLEARED).said(),
        ),
        case(
            "two kinds",
            "One open alert a kind of abuse; not all of it has money, orders or a model.",
            Story("two-kinds").scored(0).scored(1, BLOCK, 900, AbuseKind.REFUND).said(),
        ),
        case(
            "the next one",
            "A late judgement of the first alert leaves the second open.",
            Story("the-next-one").scored(0).scored(100).judged(101, CONFIRMED).said(),
        ),
        case(
            "suppressed",
            "Beyond the day's budget: counted, and its end is said all the same.",
            Story("suppressed", budget=0).scored(0).said(until=80),
        ),
        case(
            "suppressed, then opened",
            "It opens with stricter evidence; it keeps its id and its count.",
            Story("suppressed-opened", budget=0).scored(0).scored(1, HOLD).said(),
        ),
        case("split", "An end may come in several records of one cause.", in_two(split)),
        repeated(case("repeated", "Each event counts once.", Story("repeated").scored(0).scored(1).said())),
        unreadable(),
        aborted(),
        case("after a restart", "It goes on.", Story("after").scored(0).judged(1, CLEARED).said()),
    ]  # fmt: skip


def case(name: str, rule: str, said: list[AlertOutcome]) -> Case:
    """What was said, and what it comes to."""
    last = {one.alert_id: one for one in said}
    return Case(name, rule, [golden(one) for one in said], [state(one) for one in last.values()])


def golden(said: AlertOutcome) -> Golden:
    """A record as it lies in the topic."""
    data = codec.encode_valid(said)
    return Golden(said.member_id, data.hex(), type(said).__name__, msgspec.to_builtins(said))


def state(last: AlertOutcome) -> State:
    """What an alert's last record comes to."""
    match last:
        case AlertClosed():
            word = last.end.value
        case AlertSuppressed():
            word = "SUPPRESSED"
        case _:
            word = "OPEN"
    what = last.score, last.verdict.value, last.count
    return State(last.alert_id, last.member_id, last.kind.value, word, *what)


def in_two(said: list[AlertOutcome]) -> list[AlertOutcome]:
    """The last record in two, as an alert with very much evidence is closed."""
    *before, closed = said
    assert isinstance(closed, AlertClosed)
    ids = {"subject_ids": closed.subject_ids, "order_ids": closed.order_ids}
    parts = [
        structs.replace(
            closed,
            event_id=named("split", "part", number),
            **{name: values[number : number + 1] for name, values in ids.items()},
        )
        for number in range(2)
    ]
    return [*before, *parts]


def repeated(of: Case) -> Case:
    """Every record three times."""
    return structs.replace(of, records=[one for one in of.records for _ in range(3)])


def unreadable() -> Case:
    """What nobody knows lies before what must be read."""
    found = case(
        "unreadable",
        "What cannot be read (a later schema, no value, a broken record) stops nobody.",
        Story("unreadable").scored(0).said(),
    )
    (one,) = found.records
    assert one.value is not None
    broken = one.value[: len(one.value) // 4 * 2]  # half of its bytes, two digits each
    puzzles = [Golden(one.key, value) for value in (UNKNOWN_SCHEMA.hex(), None, broken)]
    return structs.replace(found, records=[*puzzles, one])


def aborted() -> Case:
    """A closing that was never committed."""
    story = Story("aborted").scored(0)
    found = case("aborted", "What was not committed was not said.", story.said())
    never = [golden(one) for one in story.judged(1, CONFIRMED).said()[1:]]
    return structs.replace(
        found, records=[*found.records, *[structs.replace(one, aborted=True) for one in never]]
    )


def document() -> str:
    """The file."""
    whole = {"contract_version": 1, "cases": msgspec.to_builtins(cases())}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(document(), encoding="utf-8")
