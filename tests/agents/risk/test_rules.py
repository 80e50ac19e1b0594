"""The table of risk rules, row by row: versions and refusals, what holds when, and the kill switch."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from agents import Place
from agents.risk.rules import (
    PAYMENTS_LEAST,
    RISK_RULES,
    RULES_MOST,
    VERSIONS_MOST,
    RiskRules,
    fired,
    version_of,
)
from schemas.risk import (
    AbuseKind,
    FraudScored,
    RiskRule,
    RiskRuleAccepted,
    RiskRuleChanged,
    RiskRuleRefused,
    RiskRuleSwitchedOff,
    RuleFired,
    Verdict,
)
from tests.agents.points_told import at
from tests.agents.rows import ids

PLACE = Place(0, 4)


def rule(expression: str = "score >= 900", **fields: Any) -> RiskRule:
    usual: dict[str, Any] = {
        "kind": AbuseKind.PAYMENT,
        "weight": 100,
        "reason": "The score is high",
        "verdict": Verdict.REVIEW,
    }
    return RiskRule(expression=expression, **(usual | fields))


def changed(
    content: RiskRule, version: int = 1, day: float = 1, rule_id: str = "r", **fields: Any
) -> RiskRuleChanged:
    usual: dict[str, Any] = {"occurred_at": at(day), "effective_at": at(day)}
    return RiskRuleChanged(
        event_id=f"{rule_id}-{version}-{day}",
        rule_id=rule_id,
        version=version,
        changed_by="operator-1",
        rule=content,
        **(usual | fields),
    )


def short(outcome: Any) -> str:
    match outcome:
        case RiskRuleAccepted():
            return f"{outcome.rule_id} {outcome.version}{' ends' if outcome.rule.retired else ''}"
        case RiskRuleRefused():
            said = outcome.reasons[0].partition(":")[0]
            return f"{outcome.rule_id} refused {len(outcome.reasons)}: {said}"
        case _:
            return f"{outcome.rule_id} {outcome.version} off {outcome.stopped}/{outcome.payments}"


def told(state: RiskRules, events: list[Any], place: Place = PLACE) -> list[str]:
    return [short(outcome) for event in events for outcome in RISK_RULES.react(state, event, place)]


def one(expression: str = "score >= 900", **fields: Any) -> list[RiskRuleChanged]:
    return [changed(rule(expression, **fields))]


ENDED = rule(retired=True)
LATER = "It would hold from before it was made, and what is past does not change"

ROWS: list[tuple[str, list[Any], list[str]]] = [
    ("a first version", one(), ["r 1"]),
    ("a second", [*one(), changed(rule("score > 5"), 2, 5)], ["r 1", "r 2"]),
    ("two rules", [*one(), changed(rule(), rule_id="s")], ["r 1", "s 1"]),
    ("a version too far", [changed(rule(), 3)], ["r refused 1: The next version of r is 1, not 3."]),
    ("the same version again", [*one(), changed(rule(), 1, 5)],
     ["r 1", "r refused 1: The next version of r is 2, not 1."]),
    ("before it was made", [changed(rule(), effective_at=at(0))], [f"r refused 1: {LATER}"]),
    ("before the version before", [changed(rule(), 1, 9), changed(rule(), 2, 8)],
     ["r 1", "r refused 1: Version 1 holds from later on"]),
    ("an unknown feature", one("amount_minr > 5"),
     ["r refused 1: There is no feature or function 'amount_minr'"]),
    ("a feature of tokens, one that is sent along, one that others count",
     one("terminal_evidence_7d > 1 && numbers.distance > 2 && device_others_30d > 3"), ["r 1"]),
    ("no truth", one("amount_minor"), ["r refused 1: It says neither true nor false"]),
    ("no sense", one("amount_minor >>"), ["r refused 2: At column 15 it cannot be read"]),
    ("nothing follows", one(weight=0, verdict=Verdict.ALLOW),
     ["r refused 1: Nothing would follow from it"]),
    ("a weight alone", one(weight=1, verdict=Verdict.ALLOW), ["r 1"]),
    ("words of a later version", one(kind=AbuseKind.UNKNOWN, verdict=Verdict.UNKNOWN),
     ["r refused 2: kind is a word that this version does not know."]),
    ("snoozed by nobody", one(snoozed_until=at(3)),
     ["r refused 1: It is snoozed by nobody"]),
    ("snoozed until what is past", one(snoozed_until=at(-1), snoozed_by="operator-1"),
     ["r refused 1: It is snoozed until a moment that is past"]),
    ("a rule of returns asks for a payment's score", one("score > 5", kind=AbuseKind.REFUND),
     ["r refused 1: score is the model's of a payment"]),
    ("… or whether there is one", one("given.score || returns_30d > 2", kind=AbuseKind.REFUND),
     ["r refused 1: score is the model's of a payment"]),
    ("snoozed for ever", one(snoozed_until=at(100), snoozed_by="operator-1"),
     ["r refused 1: It is snoozed for too long"]),
    ("snoozed", one(snoozed_until=at(91), snoozed_by="operator-1"), ["r 1"]),
    ("all reasons at once", one("scor > 5 && nothing", verdict=Verdict.UNKNOWN, snoozed_until=at(3)),
     ["r refused 4: There is no feature or function 'scor'"]),
    ("retired", [*one(), changed(ENDED, 2, 5)], ["r 1", "r 2 ends"]),
    ("retired, then made again", [*one(), changed(ENDED, 2, 5), changed(rule(), 3, 9)],
     ["r 1", "r 2 ends", "r 3"]),
    ("retired twice", [*one(), changed(ENDED, 2, 5), changed(ENDED, 3, 6)],
     ["r 1", "r 2 ends", "r refused 1: It is retired already."]),
    ("retired, and never made", [changed(ENDED)], ["r refused 1: There is no such rule."]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "said"), ROWS, ids=ids(ROWS))
def test_changes(name: str, events: list[Any], said: list[str]) -> None:
    """What operators can do."""
    assert told(RiskRules(), events) == said


@pytest.mark.parametrize(("name", "events", "said"), ROWS, ids=ids(ROWS))
def test_partitions_conclude_alike(name: str, events: list[Any], said: list[str]) -> None:
    """Every partition keeps the same; only the first says it."""
    first, third = RiskRules(), RiskRules()
    told(first, events)
    assert told(third, events, Place(3, 4)) == []
    assert third.names == first.names
    assert dict(third.versions) == dict(first.versions)


def test_there_is_an_end_to_rules_and_versions() -> None:
    """The table is bounded: one rule more, or one version more, is refused."""
    state = RiskRules()
    told(state, [changed(rule(), rule_id=f"r{n}") for n in range(RULES_MOST)])
    assert told(state, [changed(rule(), rule_id="more")]) == [
        f"more refused 1: There are {RULES_MOST} rules already; no more are kept."
    ]
    versions = [changed(rule(), n, rule_id="r0") for n in range(2, VERSIONS_MOST + 2)]
    assert told(state, versions)[-1].startswith(
        f"r0 refused 1: A rule has at most {VERSIONS_MOST} versions"
    )


# ---- what holds ------------------------------------------------------------------------------------


def held(
    state: RiskRules, day: float, kind: AbuseKind = AbuseKind.PAYMENT, **features: float
) -> str:
    found = fired({"risk_rules": state}, kind, at(day), features)
    return " ".join(f"{f.rule_id}{f.version}{'~' if f.shadow else ''}" for f in found)


def test_the_version_of_a_moment() -> None:
    """From its effective_at on, until the next; retired: none."""
    state = RiskRules()
    told(state, [changed(rule("score > 5"), 1, 2), changed(rule("score > 7"), 2, 4)])
    told(state, [changed(ENDED, 3, 6)])
    assert [held(state, day, score=6) for day in range(1, 8)] == ["", "r1", "r1", "", "", "", ""]
    assert [held(state, day, score=8) for day in range(1, 8)] == [
        "",
        "r1",
        "r1",
        "r2",
        "r2",
        "",
        "",
    ]
    assert version_of({"risk_rules": state}, "r", 2) == rule("score > 7")
    assert version_of({"risk_rules": state}, "r", 4) is None
    assert version_of({"risk_rules": state}, "s", 1) is None


def test_rules_of_the_kind_in_their_order() -> None:
    """All that hold, with what follows from each; those of another kind are not asked."""
    state = RiskRules()
    told(state, [changed(rule("score > 5", weight=7, verdict=Verdict.HOLD), rule_id="b")])
    told(state, [changed(rule("returns_30d > 5", kind=AbuseKind.REFUND), rule_id="c")])
    told(state, [changed(rule("given.amount_minor"), rule_id="a")])
    assert held(state, 1, score=6, amount_minor=1) == "b1 a1"
    assert held(state, 1, score=6) == "b1"
    assert held(state, 1, AbuseKind.REFUND, returns_30d=6) == "c1"
    assert held(state, 1, AbuseKind.REFERRAL, returns_30d=6) == ""
    (found,) = fired({"risk_rules": state}, AbuseKind.PAYMENT, at(1), {"score": 6.0})
    assert found == ("b", 1, False, 7, Verdict.HOLD, "The score is high", ("score",))


def test_a_shadow_and_a_snoozed_rule_are_said_without_effect() -> None:
    """A snoozed one has its effect again at the moment that was named."""
    state = RiskRules()
    told(state, [changed(rule("score > 5", shadow=True), rule_id="shadow")])
    snoozed = rule("score > 5", snoozed_until=at(3), snoozed_by="operator-1")
    told(state, [changed(snoozed, rule_id="snoozed")])
    assert held(state, 2.9, score=6) == "shadow1~ snoozed1~"
    assert held(state, 3, score=6) == "shadow1~ snoozed1"


# ---- the kill switch -------------------------------------------------------------------------------


def scored(
    day: float, *rules: str, version: int = 1, kind: AbuseKind = AbuseKind.PAYMENT
) -> FraudScored:
    """What the risk agent says of a payment on which these rules fired; `~`: without effect."""
    return FraudScored(
        member_id="m",
        occurred_at=at(day),
        kind=kind,
        subject_id="p",
        score=0,
        verdict=Verdict.HOLD if rules else Verdict.ALLOW,
        reasons=[],
        rules=[
            RuleFired(rule_id=name.rstrip("~"), version=version, shadow=name.endswith("~"))
            for name in rules
        ],
    )


def stopping(most: float | None = 0.1, **fields: Any) -> RiskRules:
    state = RiskRules()
    content = rule("score > 5", blocked_share_most=most, **({"verdict": Verdict.HOLD} | fields))
    told(state, [changed(content)])
    return state


CALM, HIT, SHADE = scored(2), scored(2, "r"), scored(2, "r~")
SWITCH: list[tuple[str, dict[str, Any], list[FraudScored], list[str]]] = [
    ("not before so many payments", {}, [HIT] * (PAYMENTS_LEAST - 1), []),
    ("then at once", {}, [HIT] * PAYMENTS_LEAST, ["r 1 off 50/50"]),
    ("a tenth is what it may", {}, [*[CALM] * 45, *[HIT] * 5], []),
    ("and one more is not", {}, [*[CALM] * 45, *[HIT] * 6], ["r 1 off 6/51"]),
    ("said once, for it is a shadow then", {}, [*[HIT] * 50, *[SHADE] * 9], ["r 1 off 50/50"]),
    ("a shadow stops nothing", {}, [SHADE] * 90, []),
    ("nor does a review", {"verdict": Verdict.REVIEW}, [HIT] * 90, []),
    ("a block does", {"verdict": Verdict.BLOCK}, [HIT] * 50, ["r 1 off 50/50"]),
    ("no switch", {"most": None}, [HIT] * 90, []),
    ("each day for itself", {}, [*[scored(2, "r")] * 49, *[scored(3, "r")] * 49], []),
    ("what is late counts to the running day", {}, [scored(3), *[scored(2, "r")] * 49],
     ["r 1 off 49/50"]),
    ("other kinds against the payments", {},
     [*[CALM] * 50, *[scored(2, "r", kind=AbuseKind.REFUND)] * 6], ["r 1 off 6/50"]),
    ("a rule that is not known", {}, [scored(2, "s")] * 90, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fields", "scores", "said"), SWITCH, ids=[row[0] for row in SWITCH]
)
def test_the_switch(
    name: str, fields: dict[str, Any], scores: list[FraudScored], said: list[str]
) -> None:
    """It falls when the rule has stopped more than its share of the day's payments."""
    assert told(stopping(**fields), list(scores)) == said


def test_a_switched_off_rule_has_no_effect_for_the_rest_of_the_day() -> None:
    """On the next day it has, and so has its next version at once."""
    state = stopping()
    assert held(state, 2, score=6) == "r1"
    (said,) = [s for event in [HIT] * 50 for s in RISK_RULES.react(state, event, Place(7, 12))]
    assert isinstance(said, RiskRuleSwitchedOff)
    assert (said.partition, said.stopped_share_most, said.occurred_at) == (7, 0.1, at(2))
    assert held(state, 1.9, score=6) == held(state, 2.9, score=6) == "r1~"
    assert held(state, 3.1, score=6) == "r1"
    told(state, [changed(rule("score > 4", verdict=Verdict.HOLD), 2, 2)])
    assert held(state, 2.9, score=6) == "r2"
    assert told(state, [scored(2, "r", version=2)] * 5) == []
    assert held(state, 2.9, score=6) == "r2"


def test_switches_are_kept_with_the_state() -> None:
    """A partition that is opened again finds what it had counted."""
    state = stopping()
    told(state, [HIT] * 50)
    today = state.days["today"]
    again = RiskRules(list(state.names))
    again.versions["r"] = state.versions["r"]
    again.days["today"] = structs.replace(today)
    assert held(again, 2.5, score=6) == "r1~"
