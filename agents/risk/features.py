"""What each feature means, in which unit, and how it is cut into bins: one declaration for all who use it.

A feature is a number with a name. One that is not known is absent, which is not zero: a missing value has
a bin of its own. A bin is the stretch between two neighbouring edges of the feature's grid, the upper edge
belongs to the next one. Numbers that a platform sends along are features too, `number_` and their name,
on the general grid: four bins a doubling, from a millionth to a billion, on either side of zero.

Edges are fixed, so a bin means the same in every version of a model. To change a grid is a new `FORM`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from agents.expressions import NUMBER
from agents.risk.windows import WINDOWS
from schemas.risk import Number

FORM = "binned-1"
MISSING = -1  # the bin of a value that is not known

Grid = tuple[float, ...]


def doublings(lowest: float, highest: float, a_doubling: int) -> Grid:
    """Edges from `lowest` to `highest`, so many a doubling, rounded to six digits.

    >>> doublings(1, 4, 2)
    (1.0, 1.41421, 2.0, 2.82843, 4.0)
    """
    edges, step = [], 0
    while (edge := float(f"{lowest * 2 ** (step / a_doubling):.6g}")) <= highest:
        edges.append(edge)
        step += 1
    return tuple(edges)


def steps(lowest: float, highest: float, width: float = 1.0) -> Grid:
    """Edges at even distances.

    >>> steps(0, 1, 0.25)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    count = round((highest - lowest) / width)
    return tuple(round(lowest + number * width, 6) for number in range(count + 1))


_POSITIVE = doublings(1e-6, 1e9, 4)
GENERAL: Grid = (*(-edge for edge in reversed(_POSITIVE)), 0.0, *_POSITIVE)
MONEY = doublings(16, 1e9, 8)  # minor units
RATIOS = doublings(1 / 64, 256, 8)
COUNTS: Grid = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512)
SECONDS = doublings(1, 30 * 86_400, 1)
DAYS = steps(0, 40, 2)
RUN_DAYS = steps(0, 37.5, 2.5)
LAPSED_DAYS = steps(0, 40, 4)
HOURS: Grid = (0.0, *doublings(0.125, 1024, 2))
LONG_DAYS: Grid = (0.0, *doublings(0.125, 2048, 1))
EVIDENCE: Grid = (*steps(0, 2, 0.25), *steps(3, 16), 24.0, 32.0)
SHARES = steps(0, 1, 0.1)


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature's name, unit, meaning and grid."""

    name: str
    unit: str
    meaning: str
    grid: Grid


def _windows(
    name: str, unit: str, meaning: str, grid: Grid, windows: Iterable[str]
) -> list[Feature]:
    return [Feature(f"{name}_{w}", unit, f"{meaning}, in the last {w}", grid) for w in windows]


MEMBER: tuple[Feature, ...] = (
    Feature("amount_minor", "minor units", "The amount of this payment", MONEY),
    Feature("hour_of_day", "hours, UTC", "Hour in which it is made", steps(0, 24, 3)),
    Feature("day_of_week", "days", "Day, UTC, Monday is 0", steps(0, 7)),
    Feature("payments", "payments", "The member's payments before this one", COUNTS),
    *_windows("payments", "payments", "The member's payments before this one", COUNTS, WINDOWS),
    Feature(
        "spent_24h_to_mean",
        "ratio",
        "What the member spent in the last 24h, this one included, to their mean amount",
        RATIOS,
    ),
    Feature("amount_to_mean", "ratio", "The amount to the member's mean amount", RATIOS),
    Feature("amount_to_median", "ratio", "The amount to the member's median amount", RATIOS),
    Feature("amount_to_mean_7d", "ratio", "The amount to the member's mean of the last 7d", RATIOS),
    Feature(
        "amount_deviations",
        "standard deviations",
        "How far the amount is above the member's mean; amounts beyond three count as three in "
        "mean and deviation, and the deviation is at least a tenth of the mean",
        steps(-4, 20, 0.5),
    ),
    *_windows(
        "outliers",
        "payments",
        "The member's payments more than three deviations above their mean",
        COUNTS,
        ("7d", "14d"),
    ),
    Feature("seconds_since_payment", "seconds", "Since the member's last payment", SECONDS),
    Feature("days_since_first", "days", "Since the member's first payment", LONG_DAYS),
    Feature(
        "frauds_known_30d",
        "payments",
        "The member's payments of the last 30d that are known as fraud by now",
        COUNTS,
    ),
    Feature("days_since_fraud", "days", "Since the last of these was made", DAYS),
    Feature("days_since_first_fraud", "days", "Since the first of these was made", DAYS),
)

SEEN: dict[str, str] = {
    "device": "devices",
    "card": "cards",
    "address": "addresses",
    "network": "networks",
    "country": "countries",
}
OF_SEEN: tuple[Feature, ...] = tuple(
    feature
    for role, many in SEEN.items()
    for feature in (
        Feature(f"{role}_new", "0 or 1", f"1: the member never used this {role} before", COUNTS),
        *_windows(
            f"{role}_tokens", many, f"Different {many} that the member used", COUNTS, ("24h", "30d")
        ),
    )
)

DOINGS: dict[str, str] = {
    "log_ins": "log-ins",
    "log_ins_failed": "failed log-ins",
    "payments_failed": "failed payments",
    "coupons": "coupons applied",
    "invitations": "friends invited",
    "invitations_accepted": "invitations accepted",
    "purchases": "purchases",
    "returns": "returns",
    "redemptions": "redemptions asked for",
    "adjustments": "adjustments of points by hand",
}
AMOUNTS: dict[str, tuple[str, Grid]] = {
    "payments_failed": ("minor units", MONEY),
    "coupons": ("minor units", MONEY),
    "adjustments": ("points", GENERAL),
    "purchases": ("minor units", MONEY),
    "returns": ("minor units", MONEY),
}
OF_DOINGS: tuple[Feature, ...] = tuple(
    feature
    for doing, many in DOINGS.items()
    for feature in (
        *_windows(doing, "times", f"The member's {many} (absent: none)", COUNTS, WINDOWS),
        *(
            _windows(
                f"{doing}_amount", AMOUNTS[doing][0], f"Sum of {many}", AMOUNTS[doing][1], WINDOWS
            )
            if doing in AMOUNTS
            else ()
        ),
    )
)

BESIDE: tuple[Feature, ...] = (
    Feature("days_known", "days", "Since the member was first heard of", LONG_DAYS),
    *(
        Feature(
            f"hours_since_new_{role}",
            "hours",
            f"Since the member last used a new {role} beside others",
            HOURS,
        )
        for role in SEEN
    ),
    *(
        Feature(f"hours_since_{doing}", "hours", f"Since the member's last {words}", HOURS)
        for doing, words in (
            ("log_in", "log-in"),
            ("purchase", "purchase"),
            ("redemption", "request for a gift"),
        )
    ),
    Feature(
        "returned_share_30d",
        "ratio",
        "Money of the member's returns to that of their purchases, in the last 30d",
        SHARES,
    ),
    Feature("coupon_repeated", "0 or 1", "1: the member used this coupon before", COUNTS),
)

ROLES = ("terminal", "product", "device", "card", "address", "network")
OF_TOKENS: tuple[tuple[str, str, str, Grid], ...] = (
    ("payments_1h", "payments", "Payments with it in the last 1h, at most 256", COUNTS),
    ("payments_24h", "payments", "The same in the last 24h", COUNTS),
    ("payments_7d", "payments", "The same in the last 7d", COUNTS),
    ("members_24h", "members", "Different members who used it in the last 24h, at most 64", COUNTS),
    ("members_30d", "members", "The same in the last 30d", COUNTS),
    ("others_30d", "members", "Members beside this one who used it in the last 30d", COUNTS),
    ("of_inviter", "0 or 1", "1: who invited the member used it too", COUNTS),
    ("known_to_member", "0 or 1", "1: this member used it before", COUNTS),
    ("labels", "payments", "Payments with it that are labelled by now, at most 128", COUNTS),
    ("last_evidence", "0 to 1", "Evidence of the newest payment with a label", SHARES),
    ("evidence_7d", "payments", "Sum of evidence of labels that came in the last 7d", EVIDENCE),
    ("evidence_30d", "payments", "The same in the last 30d", EVIDENCE),
    ("frauds_in_a_row", "payments", "Frauds since the newest honest payment with a label", COUNTS),
    ("honest_since_fraud", "payments", "Honest payments labelled since the newest fraud", COUNTS),
    ("days_since_fraud", "days", "Since its newest fraud of the last 37 days was paid", DAYS),
    ("days_since_first_fraud", "days", "Since its first fraud of the last 37 days was paid", DAYS),
    *(
        (
            f"days_of_{many}_in_a_row",
            "days",
            f"Since the first of its frauds in a row was paid, where there is {words}",
            RUN_DAYS,
        )
        for many, words in enumerate(("", "one", "a row of two", "a row of three or more"))
        if many
    ),
    *(
        (
            f"days_with_{many}_honest",
            "days",
            f"Since its first fraud of the last 37 days was paid, where {words} since the newest",
            LAPSED_DAYS,
        )
        for many, words in enumerate(
            ("none was honest", "one was honest", "two were honest", "three or more were honest")
        )
    ),
)
TOKEN: tuple[Feature, ...] = tuple(
    Feature(f"{role}_{name}", unit, f"The {role}: {meaning}", grid)
    for role in ROLES
    for name, unit, meaning, grid in OF_TOKENS
)

FEATURES: dict[str, Feature] = {
    feature.name: feature for feature in (*MEMBER, *OF_SEEN, *OF_DOINGS, *BESIDE, *TOKEN)
}
OF_TOKEN_SIDE = frozenset(feature.name for feature in TOKEN)
GRIDS: dict[str, Grid] = {name: feature.grid for name, feature in FEATURES.items()}


def grid(name: str) -> Grid:
    """The edges of a feature; one that is not declared has the general grid."""
    return GRIDS.get(name, GENERAL)


def bin_of(name: str, value: float | None) -> int:
    """The bin that a value falls into.

    >>> bin_of("payments_24h", None), bin_of("payments_24h", 0), bin_of("payments_24h", 3)
    (-1, 1, 4)
    """
    return MISSING if value is None else bisect_right(GRIDS.get(name, GENERAL), value)


def stretch(name: str, number: int) -> str:
    """The bin in words, for people.

    >>> stretch("outliers_7d", 4), stretch("outliers_7d", -1), stretch("amount_minor", 0)
    ('3 to 4', 'not known', 'below 16')
    """
    edges = grid(name)
    if number == MISSING:
        return "not known"
    if number == 0:
        return f"below {edges[0]:g}"
    if number == len(edges):
        return f"{edges[-1]:g} or more"
    return f"{edges[number - 1]:g} to {edges[number]:g}"


def of_numbers(numbers: Iterable[Number]) -> dict[str, float]:
    """The numbers that a platform sent along, as features; what is no finite number is missing."""
    return {NUMBER + one.name: one.value for one in numbers if isfinite(one.value)}


def told(features: Mapping[str, float]) -> list[Number]:
    """Features as they travel and are stored, by name."""
    return [Number(name=name, value=float(features[name])) for name in sorted(features)]


def heard(numbers: Iterable[Number]) -> dict[str, float]:
    """Features as they were told."""
    return {one.name: one.value for one in numbers}
