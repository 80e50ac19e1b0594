"""A member's side: what they usually do, kept small, and the features of a payment against it.

The step that tells most is the amount against the member's own mean and spread. These are kept robust:
an amount beyond three spreads counts as one of three spreads, so that a thief's first payments do not
become the habit they are measured against. Features are asked for first, then the payment is kept.
"""

from __future__ import annotations

from functools import cache
from math import sqrt
from typing import NamedTuple

from msgspec import Struct, field

from agents.risk.windows import DAY, HOUR, WINDOWS, Window, distinct, keep, see, tallies
from schemas.risk import PaymentCaptured

PAYMENTS_MOST = 512
DOINGS_MOST = 64
OUTLIERS_MOST = 32
FRAUDS_MOST = 16
OUTLIER = 3.0  # spreads above the mean
LEAST_PAYMENTS = 3  # before that nobody has a habit to stray from
LEAST_SPREAD = 0.1  # of the mean: whoever always pays the same is not precise to the penny
WEEKDAY_OF_1970 = 3
SEEN_ROLES = ("device", "card", "address", "network", "country")


class Habits(Struct):
    """What is kept of a member. Amounts are minor units, times milliseconds.

    `mean` and `squares` (the sum of squared differences) are Welford's, over clipped amounts; `median`
    is followed by steps that shrink. `doings` are windows by name of what else they do, `seen` by role
    the tokens they used and when last, `frauds` when payments of theirs were made that turned out fraud.
    """

    payments: Window = field(default_factory=Window)
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    median: float = 0.0
    first_at: int | None = None
    last_at: int | None = None
    outliers: list[int] = field(default_factory=list)
    frauds: list[int] = field(default_factory=list)
    doings: dict[str, Window] = field(default_factory=dict)
    seen: dict[str, dict[str, int]] = field(default_factory=dict)


def features(habits: Habits, payment: PaymentCaptured) -> dict[str, float]:
    """All features of the member's side; one that cannot be known is absent. `features.py` says what
    each means. The numbers that the platform sent along are not among them."""
    at, amount = payment.occurred_at, payment.amount_minor
    found: dict[str, float] = {
        "amount_minor": amount,
        "hour_of_day": at // HOUR % 24,
        "day_of_week": (at // DAY + WEEKDAY_OF_1970) % 7,
        "payments": habits.count,
        "outliers_7d": _since(habits.outliers, at - 7 * DAY),
        "outliers_14d": _since(habits.outliers, at - 14 * DAY),
    }
    _of_windows(habits, at, amount, found)
    if habits.count:
        _against_habit(habits, at, amount, found)
    if habits.frauds:
        _of_frauds(habits, at, found)
    if habits.doings:
        _of_doings(habits, at, found)
    _of_tokens(habits, payment, found)
    return found


def _of_windows(habits: Habits, at: int, amount: int, found: dict[str, float]) -> None:
    hour, day, week, month = tallies(habits.payments, at)
    found["payments_1h"] = hour.times
    found["payments_24h"] = day.times
    found["payments_7d"] = week.times
    found["payments_30d"] = month.times
    if habits.count:
        found["spent_24h_to_mean"] = (day.amount + amount) / max(habits.mean, 1.0)
    if week.times:
        found["amount_to_mean_7d"] = amount / max(week.amount / week.times, 1.0)


def _against_habit(habits: Habits, at: int, amount: int, found: dict[str, float]) -> None:
    found["amount_to_mean"] = amount / max(habits.mean, 1.0)
    found["amount_to_median"] = amount / max(habits.median, 1.0)
    if habits.count > 1:
        found["amount_deviations"] = (amount - habits.mean) / _spread(habits)
    if habits.last_at is not None:
        found["seconds_since_payment"] = max(0, at - habits.last_at) / 1000
    if habits.first_at is not None:
        found["days_since_first"] = max(0, at - habits.first_at) / DAY


def _of_frauds(habits: Habits, at: int, found: dict[str, float]) -> None:
    recent = [paid_at for paid_at in habits.frauds if paid_at > at - 30 * DAY]
    if recent:
        found["frauds_known_30d"] = len(recent)
        found["days_since_fraud"] = max(0, at - recent[-1]) / DAY
        found["days_since_first_fraud"] = max(0, at - recent[0]) / DAY


def _of_doings(habits: Habits, at: int, found: dict[str, float]) -> None:
    for doing, window in habits.doings.items():
        for names, (count, total) in zip(_names(doing), tallies(window, at), strict=True):
            if count:
                found[names.times] = count
            if total:
                found[names.amount] = total


def _of_tokens(habits: Habits, payment: PaymentCaptured, found: dict[str, float]) -> None:
    at = payment.occurred_at
    for role in SEEN_ROLES:
        token: str | None = getattr(payment, role)
        if token is None:
            continue
        seen = habits.seen.get(role)
        if seen:
            new, day, month = _SEEN_NAMES[role]
            found[new] = token not in seen
            found[day] = distinct(seen, at, DAY)
            found[month] = distinct(seen, at, 30 * DAY)


def keep_payment(habits: Habits, payment: PaymentCaptured) -> None:
    """The payment becomes part of the member's history."""
    at, amount = payment.occurred_at, payment.amount_minor
    keep(habits.payments, at, amount, PAYMENTS_MOST)
    _learn_amount(habits, at, float(amount))
    if habits.first_at is None or at < habits.first_at:
        habits.first_at = at
    if habits.last_at is None or at > habits.last_at:
        habits.last_at = at
    for role in SEEN_ROLES:
        token: str | None = getattr(payment, role)
        if token is not None:
            keep_token(habits, role, token, at)


def keep_token(habits: Habits, role: str, token: str, at: int) -> None:
    """The member used a token of one of the `SEEN_ROLES`, in a payment or a log-in."""
    see(habits.seen.setdefault(role, {}), token, at)


def keep_doing(habits: Habits, doing: str, at: int, amount: int = 0) -> None:
    """The member did something else that is counted: `features.DOINGS` names what."""
    keep(habits.doings.setdefault(doing, Window()), at, amount, DOINGS_MOST)


def keep_label(habits: Habits, paid_at: int, fraud: bool, corrects: bool | None = None) -> None:
    """It became known what a payment of theirs was; `corrects` is the label that this one replaces."""
    if corrects and paid_at in habits.frauds:
        habits.frauds.remove(paid_at)
    if fraud:
        habits.frauds = sorted([*habits.frauds, paid_at])[-FRAUDS_MOST:]


def _learn_amount(habits: Habits, at: int, amount: float) -> None:
    if habits.count >= LEAST_PAYMENTS:
        highest = habits.mean + OUTLIER * _spread(habits)
        if amount > highest:
            habits.outliers = sorted([*habits.outliers, at])[-OUTLIERS_MOST:]
            amount = highest
    habits.count += 1
    apart = amount - habits.mean
    habits.mean += apart / habits.count
    habits.squares += apart * (amount - habits.mean)
    step = 1.0 / (habits.count + 2)
    habits.median *= 1.0 + (step if amount > habits.median else -step)
    if habits.count == 1:
        habits.median = amount


def _spread(habits: Habits) -> float:
    """The standard deviation of the clipped amounts, minor units, never less than a tenth of the mean."""
    return max(sqrt(habits.squares / (habits.count - 1)), LEAST_SPREAD * habits.mean, 1.0)


def _since(times: list[int], since: int) -> int:
    return len([at for at in times if at > since])


class _Names(NamedTuple):
    times: str
    amount: str


@cache
def _names(doing: str) -> tuple[_Names, ...]:
    """The names of a doing's features, made once."""
    return tuple(_Names(f"{doing}_{window}", f"{doing}_amount_{window}") for window in WINDOWS)


_SEEN_NAMES = {
    role: (f"{role}_new", f"{role}_tokens_24h", f"{role}_tokens_30d") for role in SEEN_ROLES
}
