"""Risk rules: data that every members partition holds whole, with versions as points rules have them.

A rule is an expression over the features of what is scored, and what follows where it holds: a weight in
the score, a verdict, a reason. A version holds from its `effective_at` on. It has no effect, and is said
all the same, while it is a shadow, while somebody has snoozed it, and after its kill switch fell.

The kill switch is for a rule that begins to stop honest people: the table hears the scores that its own
partition says and counts, by day of the score, payments and what each rule stopped of them. A rule
that stops more than its share has no effect in this partition for the rest of the day, or until it has a
new version. There is no delay: the next payment of the partition finds it switched off.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, assert_never

from msgspec import Struct, field

from agents import Place, StateMap, Table, Tables
from agents.calendar import DAY
from agents.expressions import Features, Language, Unfit, features_in
from agents.risk.features import FEATURES
from agents.versions import late, not_next
from schemas.risk import (
    AbuseKind,
    FraudScored,
    RiskRule,
    RiskRuleAccepted,
    RiskRuleChanged,
    RiskRuleRefused,
    RiskRuleSwitchedOff,
    Verdict,
)

NAME = "risk_rules"
RULES_MOST = 100
VERSIONS_MOST = 200
SNOOZE_DAYS_MOST = 90
PAYMENTS_LEAST = 50  # a partition's day is not judged by fewer
SCORE = "score"
STOPPING = (Verdict.HOLD, Verdict.BLOCK)
TODAY = "today"


class Version(Struct, frozen=True, array_like=True):
    """A version of a risk rule."""

    version: int
    effective_at: int
    rule: RiskRule


class Versions(Struct, frozen=True, array_like=True):
    """All versions of a rule, in order; each holds from no earlier than the one before."""

    versions: tuple[Version, ...]


class Stopped(Struct, frozen=True, array_like=True):
    """What a version of a rule stopped on a day, and whether it stopped too much."""

    version: int
    count: int = 0
    off: bool = False


class Today(Struct, frozen=True, array_like=True):
    """A partition's day (since 1970, UTC): payments scored, and what each rule stopped."""

    day: int
    payments: int = 0
    stopped: dict[str, Stopped] = field(default_factory=dict)


class RiskRules(Struct):
    """The rules' names in the order in which they were made, their versions, and the day's counts."""

    names: list[str] = field(default_factory=list)
    versions: StateMap[Versions] = field(default_factory=StateMap)
    days: StateMap[Today] = field(default_factory=StateMap)


class Fired(NamedTuple):
    """A rule that holds, with the features it asks about; without effect (`shadow`) it is only said."""

    rule_id: str
    version: int
    shadow: bool
    weight: int
    verdict: Verdict
    reason: str
    features: tuple[str, ...] = ()


Change = RiskRuleChanged | FraudScored
Said = RiskRuleAccepted | RiskRuleRefused | RiskRuleSwitchedOff


@cache
def language() -> Language:
    """The expressions' language, over the features that there are and the score so far."""
    return Language([SCORE, *FEATURES])


def fired(tables: Tables, kind: AbuseKind, at: int, features: Features) -> list[Fired]:
    """The rules of a kind that hold for these features at a moment (milliseconds), in their order.

    `features` are those that have a value, and `score`, 0 to 1000, where there is a model's.
    """
    state: RiskRules = tables[NAME]
    candidates = _in_force(state, kind, at)
    if not candidates:
        return []
    texts = tuple(found.rule.expression for _, found in candidates)
    today = state.days.get(TODAY)
    return [
        _fired(name, found, at, today)
        for (name, found), holds in zip(
            candidates, language().holding(texts, features), strict=True
        )
        if holds
    ]


def _in_force(state: RiskRules, kind: AbuseKind, at: int) -> list[tuple[str, Version]]:
    """The versions of this kind that hold at a moment; mostly each is the last one of its rule."""
    found = []
    for name in state.names:
        versions = state.versions[name].versions
        version = versions[-1]
        if version.effective_at > at:
            before = bisect_right(versions, at, key=_effective_at)
            if not before:
                continue
            version = versions[before - 1]
        if version.rule.kind is kind and not version.rule.retired:
            found.append((name, version))
    return found


def _fired(name: str, found: Version, at: int, today: Today | None) -> Fired:
    rule = found.rule
    snoozed = rule.snoozed_until is not None and at < rule.snoozed_until
    return Fired(
        rule_id=name,
        version=found.version,
        shadow=rule.shadow or snoozed or _switched_off(today, name, found.version, at),
        weight=rule.weight,
        verdict=rule.verdict,
        reason=rule.reason,
        features=features_in(rule.expression),
    )


def _switched_off(today: Today | None, name: str, version: int, at: int) -> bool:
    """What is late counts to the day that is running, so only a later day begins without switches."""
    if today is None or at // DAY > today.day:
        return False
    stopped = today.stopped.get(name)
    return stopped is not None and stopped.version == version and stopped.off


def version_of(tables: Tables, rule_id: str, version: int) -> RiskRule | None:
    """What a version said; None for one that is not known."""
    return _version(tables[NAME], rule_id, version)


def _version(state: RiskRules, rule_id: str, version: int) -> RiskRule | None:
    known = state.versions.get(rule_id)
    if known is None or not 1 <= version <= len(known.versions):
        return None
    return known.versions[version - 1].rule


def react(state: RiskRules, event: Change, place: Place) -> Iterator[Said]:
    """Keep the version, or refuse it with every reason (partition 0 says so); or count what was scored."""
    match event:
        case RiskRuleChanged():
            yield from _change(state, event, place)
        case FraudScored():
            yield from _count(state, event, place)
        case _:
            assert_never(event)


# ---- changes ---------------------------------------------------------------------------------------


def _change(
    state: RiskRules, event: RiskRuleChanged, place: Place
) -> Iterator[RiskRuleAccepted | RiskRuleRefused]:
    known = state.versions.get(event.rule_id)
    versions = () if known is None else known.versions
    reasons = [*late(event, versions), *_numbered(state, event, versions), *wrong(event)]
    if not reasons:
        if not versions:
            state.names.append(event.rule_id)
        made = Version(event.version, event.effective_at, event.rule)
        state.versions[event.rule_id] = Versions((*versions, made))
    if place.partition == 0:
        yield _answer(event, reasons)


def _answer(event: RiskRuleChanged, reasons: list[str]) -> RiskRuleAccepted | RiskRuleRefused:
    if reasons:
        return RiskRuleRefused(
            rule_id=event.rule_id,
            occurred_at=event.occurred_at,
            version=event.version,
            changed_by=event.changed_by,
            reasons=reasons,
        )
    return RiskRuleAccepted(
        rule_id=event.rule_id,
        occurred_at=event.occurred_at,
        version=event.version,
        effective_at=event.effective_at,
        changed_by=event.changed_by,
        rule=event.rule,
    )


def _numbered(
    state: RiskRules, event: RiskRuleChanged, versions: tuple[Version, ...]
) -> Iterator[str]:
    following = len(versions) + 1
    yield from not_next(event.rule_id, event.version, following)
    if following > VERSIONS_MOST:
        yield f"A rule has at most {VERSIONS_MOST} versions: make another rule."
    if not versions and len(state.names) >= RULES_MOST:
        yield f"There are {RULES_MOST} rules already; no more are kept."
    if event.rule.retired and (not versions or versions[-1].rule.retired):
        yield "There is no such rule." if not versions else "It is retired already."


def wrong(event: RiskRuleChanged) -> Iterator[str]:
    """What is wrong with a rule in itself, for people to read."""
    rule = event.rule
    if rule.retired:
        return
    try:
        language().check(rule.expression)
    except Unfit as unfit:
        yield from unfit.reasons
    scored = rule.kind in (AbuseKind.PAYMENT, AbuseKind.UNKNOWN)
    if not scored and SCORE in features_in(rule.expression):
        yield f"{SCORE} is the model's of a payment: a rule of {rule.kind} never has it."
    for name, word in (("kind", rule.kind), ("verdict", rule.verdict)):
        if word == "UNKNOWN":
            yield f"{name} is a word that this version does not know."
    if not rule.weight and rule.verdict is Verdict.ALLOW:
        yield "Nothing would follow from it: give it a weight, or a verdict above ALLOW."
    if rule.snoozed_until is not None:
        yield from _snoozed_wrong(event, rule.snoozed_until)


def _snoozed_wrong(event: RiskRuleChanged, until: int) -> Iterator[str]:
    if not event.rule.snoozed_by:
        yield "It is snoozed by nobody: set snoozed_by to who answers for it."
    if until <= event.effective_at:
        yield "It is snoozed until a moment that is past: leave snoozed_until out to wake it."
    if until > event.effective_at + SNOOZE_DAYS_MOST * DAY:
        yield f"It is snoozed for too long: at most {SNOOZE_DAYS_MOST} days; or retire it."


# ---- the kill switch -------------------------------------------------------------------------------


def _count(state: RiskRules, event: FraudScored, place: Place) -> Iterator[RiskRuleSwitchedOff]:
    """Count a score to the running day, and switch off what stops too much of it."""
    today = state.days.get(TODAY)
    day = event.occurred_at // DAY
    if today is None or day > today.day:
        today = Today(day)
    payments = today.payments + (event.kind is AbuseKind.PAYMENT)
    stopped = dict(today.stopped)
    for held in event.rules:
        rule = None if held.shadow else _version(state, held.rule_id, held.version)
        if rule is None or rule.verdict not in STOPPING:
            continue
        before = stopped.get(held.rule_id)
        count = before.count if before is not None and before.version == held.version else 0
        most = rule.blocked_share_most
        off = most is not None and payments >= PAYMENTS_LEAST and count + 1 > most * payments
        stopped[held.rule_id] = Stopped(held.version, count + 1, off)
        if off and most is not None:
            yield RiskRuleSwitchedOff(
                rule_id=held.rule_id,
                occurred_at=event.occurred_at,
                version=held.version,
                partition=place.partition,
                day=f"{datetime.fromtimestamp(today.day * DAY / 1000, UTC):%Y-%m-%d}",
                payments=payments,
                stopped=count + 1,
                stopped_share_most=most,
            )
    state.days[TODAY] = Today(today.day, payments, stopped)


def _effective_at(version: Version) -> int:
    return version.effective_at


RISK_RULES: Table[Any] = Table(NAME, RiskRules, frozenset({RiskRuleChanged, FraudScored}), react)
