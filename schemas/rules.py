"""What a points rule says: earning, caps, activation, expiry and returns, as data.

A rule is written by operators and kept by version in a broadcast table; every posting names the
version it followed. All ratios are pairs of integers, so that nothing is rounded but the order.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct, field

from schemas.record import Currency, Word, doc


class Activation(Word):
    """When pending points become active."""

    UNKNOWN = "UNKNOWN"
    AFTER_RETURN_WINDOW = "AFTER_RETURN_WINDOW"
    AT_ONCE = "AT_ONCE"


class Expiry(Word):
    """When active points expire, always at the end of a day in the programme's zone."""

    UNKNOWN = "UNKNOWN"
    NEVER = "NEVER"
    FIXED = "FIXED"
    CALENDAR = "CALENDAR"
    INACTIVITY = "INACTIVITY"


class ReturnPolicy(Word):
    """Where returned points come from when the purchase's own lots no longer hold them."""

    UNKNOWN = "UNKNOWN"
    PENDING_ONLY = "PENDING_ONLY"
    WITHIN_BALANCE = "WITHIN_BALANCE"
    DEBT = "DEBT"


class EarnRate(Struct, frozen=True, kw_only=True):
    """`points` points for each `per_minor` minor units paid in `currency`."""

    currency: Currency
    points: Annotated[int, doc("Points earned …", ge=0, le=10**6)]
    per_minor: Annotated[int, doc("… for so many minor units paid.", ge=1, le=10**9)]


class CategoryRate(Struct, frozen=True, kw_only=True):
    """A category that earns another share of the base."""

    category: Annotated[str, doc("Category of the product.", min_length=1, max_length=100)]
    percent: Annotated[
        int, doc("Share of the base earned: 100 is the base, 200 double.", ge=0, le=10_000)
    ]


class ReferralReward(Struct, frozen=True, kw_only=True):
    """What an invitation earns once the first purchase of who accepted it is kept."""

    inviter_points: Annotated[int, doc("For who invited.", ge=0, le=10**9)]
    invited_points: Annotated[int, doc("For who was invited.", ge=0, le=10**9)]
    minimum_minor: Annotated[
        int, doc("The purchase counts from so many minor units on that are kept.", ge=0)
    ] = 0


class PointsRule(Struct, frozen=True, kw_only=True):
    """One version of a points rule."""

    earn_rates: Annotated[
        list[EarnRate], doc("One a currency; another currency is bad input.", min_length=1)
    ]
    category_rates: Annotated[list[CategoryRate], doc("Categories with another share.")] = field(
        default_factory=list
    )
    minimum_minor: Annotated[int, doc("Orders below earn nothing, minor units.", ge=0)] = 0
    cap_per_order: Annotated[int | None, doc("Most points an order earns; none: no cap.")] = None
    cap_per_day: Annotated[int | None, doc("Most points a member earns a day; none: no cap.")] = (
        None
    )
    cap_per_member: Annotated[int | None, doc("Most points a member ever earns; none: no cap.")] = (
        None
    )
    activation: Annotated[Activation, doc("When pending points become active.")] = (
        Activation.AFTER_RETURN_WINDOW
    )
    return_window_days: Annotated[int, doc("Days after delivery.", ge=0, le=1_000)] = 30
    delivery_days: Annotated[
        int,
        doc("Days after the purchase that count as delivery when none is told.", ge=0, le=1_000),
    ] = 14
    expiry: Annotated[Expiry, doc("When active points expire.")] = Expiry.NEVER
    expiry_days: Annotated[
        int,
        doc(
            "Days after earning (FIXED) or after the last activity (INACTIVITY); CALENDAR: end of the "
            "year they fall in.",
            ge=1,
        ),
    ] = 365
    return_policy: Annotated[ReturnPolicy, doc("Where returned points come from in the end.")] = (
        ReturnPolicy.DEBT
    )
    restore_days: Annotated[
        int, doc("Least days that restored points live when the shop was at fault.", ge=0)
    ] = 30
    hold_minutes: Annotated[int, doc("A redemption's hold times out after so long.", ge=1)] = 30
    zone: Annotated[str, doc("IANA time zone of the programme: days and windows.")] = "UTC"
    worth_points: Annotated[int, doc("So many points …", ge=1)] = 100
    worth_minor: Annotated[
        int, doc("… are worth so many minor units of the first currency.", ge=0)
    ] = 100
    referral: Annotated[
        ReferralReward | None, doc("What invitations earn by this rule; none: nothing.")
    ] = None
