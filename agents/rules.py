"""The points rules by version: a broadcast table that every partition holds whole.

A rule has a name and versions counted from 1; ending it takes a version too. A version holds from its
`effective_at` on, until the next one does, and nothing that is past can change: one that would hold from
before it was made is refused. So a purchase finds the same version whenever it is heard, and a posting
that names its version can be recomputed for ever.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from agents import Place, StateMap, Table, Tables
from agents.versions import late, not_next
from schemas.actions import RuleChanged, RuleRetired
from schemas.outcomes import RuleAccepted, RuleRefused
from schemas.rules import Activation, Expiry, PointsRule, ReturnPolicy

NAME = "rules"
RULES_MOST = 100
VERSIONS_MOST = 200
MOST = {"expiry_days": 36_500, "restore_days": 36_500, "hold_minutes": 525_600}
UTC = "UTC"


class Version(Struct, frozen=True, array_like=True):
    """A version of a rule; no `rule`: the rule is ended from then on."""

    version: int
    effective_at: int
    rule: PointsRule | None


class Versions(Struct, frozen=True, array_like=True):
    """All versions of a rule, in order; each holds from no earlier than the one before."""

    versions: tuple[Version, ...]


class Rules(Struct):
    """The rules' names in the order in which they were made, and their versions."""

    names: list[str] = field(default_factory=list)
    versions: StateMap[Versions] = field(default_factory=StateMap)


class Holding(NamedTuple):
    """A version that holds."""

    rule_id: str
    version: int
    rule: PointsRule


def in_force(tables: Tables, at: int) -> list[Holding]:
    """The versions that hold at a moment (milliseconds), one a rule, in the order of the rules."""
    rules: Rules = tables[NAME]
    found = []
    for name in rules.names:
        versions = rules.versions[name].versions
        before = bisect_right(versions, at, key=_effective_at)
        if before and (rule := versions[before - 1].rule) is not None:
            found.append(Holding(name, versions[before - 1].version, rule))
    return found


def version_of(tables: Tables, rule_id: str | None, version: int | None) -> PointsRule | None:
    """What a version said; None for one that is not known."""
    rules: Rules = tables[NAME]
    known = None if rule_id is None else rules.versions.get(rule_id)
    if known is None or version is None or not 1 <= version <= len(known.versions):
        return None
    return known.versions[version - 1].rule


def zone_of(tables: Tables, rule_id: str | None, version: int | None) -> str:
    """The time zone of a version; UTC for one that is not known."""
    rule = version_of(tables, rule_id, version)
    return UTC if rule is None else rule.zone


def react(
    state: Rules, event: RuleChanged | RuleRetired, place: Place
) -> Iterator[RuleAccepted | RuleRefused]:
    """Keep the version, or refuse it with every reason; partition 0 says so."""
    known = state.versions.get(event.rule_id)
    versions = () if known is None else known.versions
    match event:
        case RuleChanged():
            made = Version(event.version, event.effective_at, event.rule)
            reasons = [*late(event, versions), *_numbered(state, event, versions)]
            reasons += _wrong(event.rule)
        case RuleRetired():
            made = Version(len(versions) + 1, event.effective_at, None)
            reasons = [*late(event, versions), *_ended(versions)]
        case _:
            assert_never(event)
    if not reasons:
        if not versions:
            state.names.append(event.rule_id)
        state.versions[event.rule_id] = Versions((*versions, made))
    if place.partition == 0:
        yield _answer(event, made, reasons)


def _answer(
    event: RuleChanged | RuleRetired, made: Version, reasons: list[str]
) -> RuleAccepted | RuleRefused:
    if reasons:
        return RuleRefused(
            rule_id=event.rule_id,
            occurred_at=event.occurred_at,
            version=made.version,
            changed_by=event.changed_by,
            reasons=reasons,
        )
    return RuleAccepted(
        rule_id=event.rule_id,
        occurred_at=event.occurred_at,
        version=made.version,
        effective_at=made.effective_at,
        changed_by=event.changed_by,
        rule=made.rule,
    )


def _numbered(state: Rules, event: RuleChanged, versions: tuple[Version, ...]) -> Iterator[str]:
    following = len(versions) + 1
    yield from not_next(event.rule_id, event.version, following)
    if following > VERSIONS_MOST:
        yield f"A rule has at most {VERSIONS_MOST} versions: make another rule."
    if not versions and len(state.names) >= RULES_MOST:
        yield f"There are {RULES_MOST} rules already; no more are kept."


def _ended(versions: tuple[Version, ...]) -> Iterator[str]:
    if not versions:
        yield "There is no such rule."
    elif versions[-1].rule is None:
        yield "It is ended already."


def _wrong(rule: PointsRule) -> Iterator[str]:
    """What is wrong with a rule in itself, for people to read."""
    yield from _twice("currency", [rate.currency for rate in rule.earn_rates])
    yield from _twice("category", [rate.category for rate in rule.category_rates])
    for name in ("cap_per_order", "cap_per_day", "cap_per_member"):
        cap = getattr(rule, name)
        if cap is not None and cap < 0:
            yield f"{name} is {cap}: a cap is 0 or more, or none."
    for name, most in MOST.items():
        if getattr(rule, name) > most:
            yield f"{name} is {getattr(rule, name)}: give at most {most}."
    unknown = {
        "activation": rule.activation is Activation.UNKNOWN,
        "expiry": rule.expiry is Expiry.UNKNOWN,
        "return_policy": rule.return_policy is ReturnPolicy.UNKNOWN,
    }
    for name in (name for name, wrong in unknown.items() if wrong):
        yield f"{name} is a word that this version does not know."
    if not known_zone(rule.zone):
        yield f"There is no time zone {rule.zone!r}: give an IANA name such as Europe/London."


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    names = list(names)
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"The {what} {name} has two rates: give one."


@lru_cache(maxsize=1_024)
def known_zone(zone: str) -> bool:
    """True for a time zone that there is."""
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _effective_at(version: Version) -> int:
    return version.effective_at


RULES: Table[Any] = Table(NAME, Rules, frozenset({RuleChanged, RuleRetired}), react)
