"""What the expressions of segments can name: facts of a member, from persona and loyalty.

A fact without a value is missing, which is not zero: what needs it does not hold. What counts from a moment
(`silent_days` …) is reckoned when it is asked, so that silence alone can lead into a segment and out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import Struct, field

from agents.calendar import DAY
from agents.expressions import GIVEN, Language, Value, names_in
from schemas.loyalty import LoyaltyScored
from schemas.persona import PersonaChanged, Preference
from schemas.segments import Fact
from schemas.tiers import TierChanged

# name: what it is. docs/segments.md has the same, and a test compares them.
NUMBERS: dict[str, str] = {
    "orders": "orders placed",
    "spend_minor": "paid in all, less what was refunded, minor units",
    "refunded_minor": "refunded in all, minor units",
    "spend_rate_minor": "spend in 90 days as of the last order, minor units",
    "price_minor": "what a piece usually costs, minor units",
    "recent_looks": "looks at products, each counted half for every 4 weeks since",
    "inactive_days": "days since the last order, look, search or log-in",
    "purchase_days": "days with a kept order",
    "silent_days": "days since the last kept order",
    "member_days": "days since the first kept order",
    "interval_days": "mean days between purchases; from the second on",
    "late_days": "silent_days - interval_days",
    "repeats_a_year": "purchases after the first, a year",
    "probability": "chance of buying again within 90 days, as last said",
    "probability_then": "the same as said at the last order",
    "probability_fresh": "the chance by the same model, had the last purchase just been",
    "value_at_stake_minor": "spend_rate_minor x (probability_fresh - probability), at least 0",
    "recent_log_ins": "log-ins, each counted half for every 4 weeks since",
}
WORDS: dict[str, str] = {
    "country": "as registered",
    "currency": "of the member's orders",
    "price_band": "LOW, MIDDLE or HIGH: a piece beside what others pay",
    "day_part": "NIGHT, MORNING, AFTERNOON or EVENING, UTC: when most is done",
    "category": "the most preferred one",
    "tier": "as the tiers' rules have it; none without tiers",
}
LISTS: dict[str, str] = {
    "categories": "at most five preferred ones, the best first",
    "interests": "at most five terms searched for, the most frequent first",
}


class Known(Struct):
    """What was last said of a member; moments in milliseconds."""

    values: dict[str, Value] = field(default_factory=dict)
    active_at: int = 0
    first_purchase_at: int | None = None
    last_purchase_at: int | None = None


@cache
def language() -> Language:
    """The expressions' language over these facts."""
    return Language(NUMBERS, WORDS, LISTS, "docs/segments.md")


def learn_persona(known: Known, said: PersonaChanged) -> None:
    """Take in what the member is like."""
    known.active_at = max(known.active_at, said.active_at)
    _put(known, "orders", float(said.orders))
    _put(known, "spend_minor", float(said.spend_minor))
    _put(known, "refunded_minor", float(said.refunded_minor))
    for name in ("spend_rate_minor", "price_minor", "recent_looks", "probability_then"):
        _put(known, name, getattr(said, name))
    for name in ("country", "currency", "price_band", "day_part"):
        word = getattr(said, name)
        _put(known, name, None if word is None else str(word))
    _put(known, "category", said.categories[0].name if said.categories else None)
    _put(known, "categories", _listed(said.categories))
    _put(known, "interests", _listed(said.interests))


def learn_score(known: Known, said: LoyaltyScored) -> None:
    """Take in how the member's purchases stand."""
    figures = said.figures
    known.first_purchase_at = said.first_purchase_at
    known.last_purchase_at = None
    if figures is not None:
        known.last_purchase_at = said.occurred_at - round(figures.silent_days * DAY)
        known.active_at = max(known.active_at, known.last_purchase_at)
    _put(known, "purchase_days", None if figures is None else float(figures.purchase_days))
    for name in (
        "probability",
        "probability_fresh",
        "interval_days",
        "repeats_a_year",
        "recent_log_ins",
    ):
        _put(known, name, getattr(said, name))


def learn_tier(known: Known, said: TierChanged) -> None:
    """Take in the member's tier."""
    _put(known, "tier", said.tier)


def facts(known: Known, at: int) -> dict[str, Value]:
    """All that has a value at a moment."""
    found = dict(known.values)
    if known.active_at:
        found["inactive_days"] = max(at - known.active_at, 0) / DAY
    if known.first_purchase_at is not None:
        found["member_days"] = max(at - known.first_purchase_at, 0) / DAY
    if known.last_purchase_at is not None:
        silent = found["silent_days"] = max(at - known.last_purchase_at, 0) / DAY
        if isinstance(usual := found.get("interval_days"), float):
            found["late_days"] = silent - usual
    stake = [found.get(n) for n in ("spend_rate_minor", "probability_fresh", "probability")]
    match stake:
        case [float(rate), float(fresh), float(now)]:
            found["value_at_stake_minor"] = rate * max(fresh - now, 0.0)
    return found


def named(expressions: Iterable[str], known: dict[str, Value]) -> list[Fact]:
    """The facts that expressions name, by name; what has no value is not among them."""
    used = {name.removeprefix(GIVEN) for text in expressions for name in names_in(text)}
    return list(_facts(sorted(used & set(known)), known))


def _facts(ordered: list[str], known: dict[str, Value]) -> Iterator[Fact]:
    for name in ordered:
        value = known[name]
        if isinstance(value, float):
            yield Fact(name=name, number=value)
        else:
            yield Fact(name=name, word=value if isinstance(value, str) else ", ".join(value))


def _put(known: Known, name: str, value: Value | None) -> None:
    if value is None:
        known.values.pop(name, None)
    else:
        known.values[name] = value


def _listed(preferences: list[Preference]) -> list[str] | None:
    return [one.name for one in preferences] or None
