"""What the learner is compared to, each fitted anew on what was known at the cut, as an analyst would.

Recency alone; logistic regression on recency, frequency, money and age, fitted at one earlier cut whose
labels are known by now; and BG/NBD (Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, 2005)
by maximum likelihood. The kept libraries for the last are either archived, and fail to converge on one of
the data sets here, or bring a whole Bayesian tool chain; its likelihood is ten lines. They share no code
with the agents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, gammaln

from evaluation.loyalty_data import Purchase
from evaluation.probabilities import Figures, auc, figures

DAY = 86_400_000
WEEK_DAYS = 7.0
MEMBERS_LEAST = 100  # to fit a regression on
RIDGE = 1e-3
LOG_PARAMETER_MOST = 10.0

Vector = NDArray[np.float64]


class Histories(NamedTuple):
    """Members by column: purchase days, days since the last and the first, mean amount (minor units)."""

    member_ids: list[str]
    purchase_days: Vector
    silent_days: Vector
    member_days: Vector
    amount_minor: Vector


def histories(orders: Iterable[Purchase], cut: int) -> Histories:
    """How all members with a purchase before the cut (milliseconds) stand."""
    days: dict[str, set[int]] = {}
    last: dict[str, int] = {}
    first: dict[str, int] = {}
    amounts: dict[str, list[int]] = {}
    for order in orders:
        if order.at >= cut:
            continue
        days.setdefault(order.member_id, set()).add(order.at // DAY)
        first.setdefault(order.member_id, order.at)
        last[order.member_id] = order.at
        amounts.setdefault(order.member_id, []).append(order.amount_minor)
    members = sorted(days)
    return Histories(
        members,
        np.array([len(days[one]) for one in members], dtype=float),
        np.array([(cut - last[one]) / DAY for one in members]),
        np.array([(cut - first[one]) / DAY for one in members]),
        np.array([sum(amounts[one]) / len(amounts[one]) for one in members]),
    )


def buyers(orders: Iterable[Purchase], since: int, until: int) -> set[str]:
    """Who bought at or after `since` and before `until`."""
    return {order.member_id for order in orders if since <= order.at < until}


def references(
    orders: Sequence[Purchase], cut: int, horizon_days: int, came: set[str]
) -> dict[str, Figures]:
    """Figures of each reference at the cut, by name; one that cannot be fitted yet is left out."""
    now = histories(orders, cut)
    truth = [member_id in came for member_id in now.member_ids]
    found = {"recency": Figures(auc=auc(list(-now.silent_days), truth))}
    said = rfm_regression(orders, now, cut, horizon_days)
    if said is not None:
        found["rfm_logistic_regression"] = figures(said, truth)
    fitted = fit_bg_nbd(now)
    if fitted is not None:
        found["bg_nbd"] = figures(fitted.chances(now, horizon_days).tolist(), truth)
    return found


# ---- recency, frequency, money --------------------------------------------------------------------


def rfm_regression(
    orders: Sequence[Purchase], now: Histories, cut: int, horizon_days: int
) -> list[float] | None:
    """Logistic regression fitted at `cut - horizon`, whose labels are known at the cut; None: too few."""
    before = cut - horizon_days * DAY
    then = histories(orders, before)
    came = buyers(orders, before, cut)
    truth = np.array([member_id in came for member_id in then.member_ids], dtype=float)
    if len(truth) < MEMBERS_LEAST or not 0 < truth.sum() < len(truth):
        return None
    columns = _rfm(then)
    mean, spread = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-9)
    weights = _newton((columns - mean) / spread, truth)
    said: list[float] = expit(weights[0] + ((_rfm(now) - mean) / spread) @ weights[1:]).tolist()
    return said


def _rfm(members: Histories) -> NDArray[np.float64]:
    return np.column_stack(
        [
            np.log(members.purchase_days),
            np.log1p(members.silent_days),
            np.log1p(members.amount_minor / 100),
            np.log1p(members.member_days),
        ]
    )


def _newton(columns: NDArray[np.float64], truth: Vector) -> Vector:
    """Weights of a logistic regression, the intercept first, by Newton's method with a little ridge."""
    inputs = np.column_stack([np.ones(len(columns)), columns])
    weights = np.zeros(inputs.shape[1])
    for _ in range(25):
        said = expit(inputs @ weights)
        slope = inputs.T @ (truth - said) - RIDGE * weights
        curvature = (inputs * (said * (1 - said))[:, None]).T @ inputs
        curvature[np.diag_indices_from(curvature)] += RIDGE
        step = np.linalg.solve(curvature, slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


# ---- BG/NBD ----------------------------------------------------------------------------------------


class BgNbd(NamedTuple):
    """Purchases come at a gamma-distributed rate (r, alpha in weeks); each ends it with a beta chance."""

    r: float
    alpha: float
    a: float
    b: float

    def chances(self, members: Histories, horizon_days: float) -> Vector:
        """The chance of at least one purchase within the horizon: alive, and then not none."""
        repeats, last, age = _weeks(members)
        rate = self.r + repeats
        dead = np.where(
            repeats > 0,
            self.a
            / (self.b + np.maximum(repeats, 1) - 1)
            * ((self.alpha + age) / (self.alpha + last)) ** rate,
            0.0,
        )
        none = ((self.alpha + age) / (self.alpha + age + horizon_days / WEEK_DAYS)) ** rate
        chances: Vector = (1 - none) / (1 + dead)
        return chances


def fit_bg_nbd(members: Histories) -> BgNbd | None:
    """The parameters of greatest likelihood; None when there is no repeat purchase to fit to."""
    repeats, last, age = _weeks(members)
    if not repeats.any():
        return None

    alike, members_alike = np.unique(
        np.column_stack([repeats, last, age]), axis=0, return_counts=True
    )

    def cost(logs: Vector) -> float:
        said = _log_likelihood(BgNbd(*np.exp(logs)), *alike.T)
        return -float(said @ members_alike) / len(repeats)

    found: Any = minimize(
        cost,
        np.zeros(4),
        method="L-BFGS-B",
        bounds=[(-LOG_PARAMETER_MOST, LOG_PARAMETER_MOST)] * 4,
    )
    return BgNbd(*np.exp(found.x).tolist())


def _log_likelihood(model: BgNbd, repeats: Vector, last: Vector, age: Vector) -> Vector:
    """Equation (6) of the paper, in logarithms; times in weeks since the first purchase."""
    r, alpha, a, b = model
    start = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
    start += gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
    alive = -(r + repeats) * np.log(alpha + age)
    gone = np.where(
        repeats > 0,
        np.log(a) - np.log(b + np.maximum(repeats, 1) - 1) - (r + repeats) * np.log(alpha + last),
        -np.inf,
    )
    return np.asarray(start + np.logaddexp(alive, gone))


def _weeks(members: Histories) -> tuple[Vector, Vector, Vector]:
    """Repeat purchase days, and weeks from the first purchase to the last and to now."""
    repeats = members.purchase_days - 1
    age = members.member_days / WEEK_DAYS
    last = np.where(repeats > 0, age - members.silent_days / WEEK_DAYS, 0.0)
    return repeats, last, age
