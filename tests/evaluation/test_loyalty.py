"""The evaluation of loyalty: nothing is known before its time, and the figures mean what they say."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import pytest

import replay
from agents.loyalty import scoring, snapshots
from agents.loyalty.purchases import Standing
from agents.loyalty.snapshots import Matured, Rhythm, Snapshot
from evaluation.loyalty import CannotEvaluate, Report, evaluate
from evaluation.loyalty_data import MINOR, Purchase, Purchases, read
from evaluation.loyalty_play import Play
from evaluation.loyalty_references import buyers, fit_bg_nbd, histories

DAY = 86_400_000
START = 10_000 * DAY
CUT = date(1998, 3, 15)  # day 300 of the invented shop
RETAIL = Path(replay.__file__).parent / "data" / "online_retail.parquet"
CDNOW = os.environ.get("MEMBERSTREAM_CDNOW", "")


@cache
def shop(members: int = 400, days: int = 420, seed: int = 8) -> Purchases:
    """Members who come over half a year, buy at rates of their own, and drop out unseen (BG/NBD)."""
    random = Random(seed)
    orders = []
    for number in range(members):
        at = random.uniform(0, 180)
        rate = random.gammavariate(0.8, 1 / 30)  # purchases a day
        leaves = random.betavariate(0.6, 3.0)  # chance after each purchase but the first
        first = at
        while at < days:
            amount = random.lognormvariate(3.0, 0.8)
            orders.append(Purchase(START + int(at * DAY), f"m{number}", round(amount * MINOR)))
            if at > first and random.random() < leaves:
                break
            at += random.expovariate(rate) if rate > 0 else math.inf
    return Purchases(sorted(orders))


@cache
def judged() -> Report:
    return evaluate(shop(), 90, CUT)


def test_it_ranks_and_means_what_it_says() -> None:
    """Better than recency and an analyst's regression; near the model that the data was made of."""
    report = judged()
    recency, regression, made_of = (
        report.references[name] for name in ("recency", "rfm_logistic_regression", "bg_nbd")
    )
    assert report.auc is not None
    assert recency.auc is not None
    assert made_of.auc is not None
    assert regression.brier is not None
    assert report.auc > recency.auc + 0.02
    assert report.auc > made_of.auc - 0.02
    assert report.brier < regression.brier - 0.005
    assert report.ece < 0.06
    assert sum(one.members for one in report.calibration) == report.members


def early(kept: list[Snapshot], own: Rhythm, week: int, now: Standing) -> Iterator[Matured]:
    """The wrong way: a purchase is told in the week in which it comes, silence at the horizon's age."""
    yield from (one for one in on_time(kept, own, week, now) if not one.bought)
    for number, horizon in enumerate(snapshots.HORIZON_WEEKS):
        for asked in range(max(week - horizon, kept[0].week if kept else week), week):
            if (asked + own.turn) % len(snapshots.HORIZON_WEEKS) != number:
                continue
            at = snapshots.begin_of(own, asked)
            standing = snapshots._standing_in(kept, asked)
            fresh = now.last_at >= snapshots.begin_of(own, week - 1)
            if standing is not None and fresh and standing.last_at < at:
                then = snapshots.figures(standing, at)
                if then is not None:
                    yield Matured(asked, horizon * 7, then, True)


on_time = snapshots.matured


def test_labels_that_come_when_they_are_known_ruin_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with purchases told early and silence late, what is said is far from what comes."""
    monkeypatch.setattr(scoring, "matured", early)
    wrong = evaluate(shop(), 90, CUT)
    assert wrong.ece > 2 * judged().ece
    assert wrong.brier > judged().brier + 0.01


def test_nothing_is_known_before_its_time() -> None:
    """What comes after the cut changes no chance at it."""
    cut = START + 301 * DAY
    until_then = [order for order in shop().orders if order.at < cut]
    whole, part = Play(shop().orders), Play(until_then)
    whole.live(cut)
    part.live(cut)
    assert list(whole.chances(cut, 90)) == list(part.chances(cut, 90))
    ahead = buyers(shop().orders, cut, cut + 90 * DAY)
    assert ahead
    assert not ahead & buyers(until_then, cut, cut + 90 * DAY)


def test_stopping_on_the_way_changes_nothing() -> None:
    """One pass: to live to a day by weeks is to live to it at once."""
    cut = START + 200 * DAY
    at_once, by_weeks = Play(shop().orders), Play(shop().orders)
    at_once.live(cut)
    for moment in range(START, cut + 1, 5 * DAY):
        by_weeks.live(moment)
    assert list(at_once.chances(cut, 90)) == list(by_weeks.chances(cut, 90))
    assert at_once.learner == by_weeks.learner


def test_every_week_and_their_mean() -> None:
    """Without a cut: each week whose horizon lies in the data; the figures are means over them."""
    report = evaluate(shop(120, 200, 3), 90)
    assert len(report.cuts) == 200 // 7 - -(-90 // 7)
    assert report.brier == pytest.approx(sum(c.brier for c in report.cuts) / len(report.cuts))
    assert [cut.members for cut in report.cuts] == sorted(cut.members for cut in report.cuts)


def test_a_horizon_that_the_data_does_not_reach_is_refused() -> None:
    """With the days that would do."""
    with pytest.raises(CannotEvaluate, match=r"a cut can be from 1997-05-20 to 1998-04-13\."):
        evaluate(shop(), 90, date(1998, 4, 14))
    with pytest.raises(CannotEvaluate, match="there is no cut"):
        evaluate(shop(), 900)


def test_bg_nbd_finds_the_shop_it_was_made_of() -> None:
    """The reference is no straw man: its parameters come back from data that they made."""
    invented = shop(4_000, 420, 11)
    fitted = fit_bg_nbd(histories(invented.orders, START + 420 * DAY))
    assert fitted is not None
    assert fitted.r == pytest.approx(0.8, rel=0.2)
    assert fitted.r / fitted.alpha == pytest.approx(7 * 0.8 / 30, rel=0.2)  # a week
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(0.6 / 3.6, rel=0.2)


def test_a_real_shop() -> None:
    """Online Retail at day 279, 90 days: at least the figures that are promised."""
    report = evaluate(read(RETAIL), 90, date(2011, 9, 6))
    assert report.members == 3_352
    assert report.auc is not None
    assert report.auc >= 0.737
    assert report.brier <= 0.207


@pytest.mark.skipif(not CDNOW, reason="MEMBERSTREAM_CDNOW names no file: CDNOW's data is not free")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("cut", "auc", "brier", "ece"),
    [(date(1997, 4, 15), 0.69, 0.19, 0.05), (date(1997, 12, 30), 0.805, 0.130, 0.03)],
)
def test_cdnow(cut: date, auc: float, brier: float, ece: float) -> None:
    """A cohort of customers of whom half never come back, 26 weeks ahead."""
    report = evaluate(read(Path(CDNOW)), 182, cut)
    assert report.auc is not None
    assert report.auc >= auc
    assert report.brier <= brier
    assert report.ece <= ece
