"""The programme of tiers by version: a broadcast table that every members partition holds whole.

A period is lived under the version that held when it began, as it was promised then; the first version
holds from its own moment on. So which version a purchase meets depends on nothing but its moment, and a
tier can be computed again for ever. Period and zone cannot change: points are counted by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec import Struct, field

from agents import Place, Table, Tables
from agents.rules import known_zone
from agents.tiers.periods import begins_at, period_of
from agents.versions import late, not_next
from schemas.tiers import (
    PROGRAMME,
    Downgrade,
    Period,
    Tier,
    TierRule,
    TierRuleAccepted,
    TierRuleChanged,
    TierRuleRefused,
)

NAME = "tier-rules"
VERSIONS_MOST = 200
USUAL_PERCENT = 100


class Version(Struct, frozen=True, array_like=True):
    """A version of the programme."""

    version: int
    effective_at: int
    rule: TierRule


class TierRules(Struct):
    """All versions, in order; each holds from no earlier than the one before."""

    versions: list[Version] = field(default_factory=list)


class Earning(NamedTuple):
    """What a member's tier makes of a purchase: its name, none where there are none, and percent."""

    tier: str | None
    percent: int


# ---- what holds ------------------------------------------------------------------------------------


def began_by(tables: Tables, moment: int) -> Version | None:
    """The first version, if the programme had begun by then: period and zone are those of any."""
    rules: TierRules = tables[NAME]
    first = rules.versions[0] if rules.versions else None
    return first if first is not None and first.effective_at <= moment else None


def of_period(tables: Tables, number: int) -> Version:
    """The version under which a period is lived. There must be a programme."""
    rules: TierRules = tables[NAME]
    found = rules.versions[0]
    begin = begins_at(found.rule, number)
    for version in rules.versions[1:]:
        if version.effective_at <= begin:
            found = version
    return found


def earning(tables: Tables, tier: str, moment: int) -> Earning:
    """What a purchase of that moment earns in a tier; one that is not known is the lowest."""
    began = began_by(tables, moment)
    if began is None:
        return Earning(None, USUAL_PERCENT)
    rule = of_period(tables, period_of(began.rule, moment)).rule
    found = next((one for one in rule.tiers if one.tier == tier), rule.tiers[0])
    return Earning(found.tier, found.earn_percent)


def reached(rule: TierRule, points: int) -> int:
    """The place of the highest tier that so many qualifying points reach."""
    return max(place for place, tier in enumerate(rule.tiers) if tier.threshold_points <= points)


def place_of(rule: TierRule, before: Tier | None) -> int:
    """Where a tier of another version stands in this one: by its name, else by what it took."""
    if before is None:
        return 0
    for place, tier in enumerate(rule.tiers):
        if tier.tier == before.tier:
            return place
    return reached(rule, before.threshold_points)


# ---- changes ---------------------------------------------------------------------------------------


def react(
    state: TierRules, event: TierRuleChanged, place: Place
) -> Iterator[TierRuleAccepted | TierRuleRefused]:
    """Keep the version, or refuse it with every reason; partition 0 says so."""
    reasons = [*_misplaced(state, event), *_wrong(event.rule)]
    if not reasons:
        state.versions.append(Version(event.version, event.effective_at, event.rule))
    if place.partition == 0:
        yield _answer(event, reasons)


def _answer(event: TierRuleChanged, reasons: list[str]) -> TierRuleAccepted | TierRuleRefused:
    if reasons:
        return TierRuleRefused(
            programme=event.programme,
            occurred_at=event.occurred_at,
            version=event.version,
            changed_by=event.changed_by,
            reasons=reasons,
        )
    return TierRuleAccepted(
        programme=event.programme,
        occurred_at=event.occurred_at,
        version=event.version,
        changed_by=event.changed_by,
        effective_at=event.effective_at,
        rule=event.rule,
    )


def _misplaced(state: TierRules, event: TierRuleChanged) -> Iterator[str]:
    if event.programme != PROGRAMME:
        yield f"There is one programme, {PROGRAMME}: it is not {event.programme}."
    yield from late(event, state.versions)
    following = len(state.versions) + 1
    yield from not_next("the programme", event.version, following)
    if following > VERSIONS_MOST:
        yield f"A programme has at most {VERSIONS_MOST} versions."
    if state.versions:
        last = state.versions[-1].rule
        if (event.rule.period, event.rule.zone) != (last.period, last.zone):
            yield f"Points are counted by {last.period.value} in {last.zone}: a version keeps both."


def _wrong(rule: TierRule) -> Iterator[str]:
    """What is wrong with a programme in itself, for people to read."""
    names = [tier.tier for tier in rule.tiers]
    if len(set(names)) != len(names):
        yield "Two tiers have one name."
    if rule.tiers[0].threshold_points:
        yield f"The first tier is everybody's: its threshold is 0, not {rule.tiers[0].threshold_points}."
    if any(a.threshold_points >= b.threshold_points for a, b in pairwise(rule.tiers)):
        yield "Each tier takes more qualifying points than the one before it: put them in rising order."
    if rule.period is Period.UNKNOWN:
        yield "period is a word that this version does not know."
    if rule.downgrade is Downgrade.UNKNOWN:
        yield "downgrade is a word that this version does not know."
    if not known_zone(rule.zone):
        yield f"There is no time zone {rule.zone!r}: give an IANA name such as Europe/London."


TIER_RULES: Table[Any] = Table(NAME, TierRules, frozenset({TierRuleChanged}), react)
