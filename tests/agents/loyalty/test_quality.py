"""How good chances were by week: against the same measures by their definition, and as weeks go by."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from agents.calendar import DAY
from agents.loyalty.quality import LOYALTY_QUALITY, SAID_EVERY
from schemas.loyalty import LoyaltyMeasured, LoyaltyObserved
from schemas.samples import sample
from tests.agents.rows import Life

MONDAY = 15_005  # a day since 1970: 2011-01-31
FIGURES = sample(LoyaltyObserved).figures


def judged(said_on: float, probability: float | None, bought: bool) -> LoyaltyObserved:
    return LoyaltyObserved(
        model="loyalty",
        occurred_at=round((said_on + 91) * DAY),
        member_id="m",
        horizon_days=91,
        figures=FIGURES,
        bought=bought,
        probability=probability,
    )


def measured(*told: LoyaltyObserved) -> list[LoyaltyMeasured]:
    said = Life(LOYALTY_QUALITY).hear(*told)
    assert all(isinstance(one, LoyaltyMeasured) for one in said)
    return said  # type: ignore[return-value]  # asserted above


def test_the_measures_are_what_their_names_say() -> None:
    """The area under the curve to within a bin, the squared error exactly."""
    random = Random(3)
    chances = [random.random() ** 2 for _ in range(SAID_EVERY)]
    truth = [random.random() < chance**1.3 for chance in chances]
    (week,) = measured(*(judged(MONDAY, p, came) for p, came in zip(chances, truth, strict=True)))
    said, came = np.array(chances), np.array(truth)
    above = said[came][:, None] > said[~came][None, :]
    share = float(came.mean())
    assert week.auc == pytest.approx(above.mean(), abs=0.005)
    assert week.brier == pytest.approx(((said - came) ** 2).mean())
    assert week.base_brier == pytest.approx(share * (1 - share))


def test_a_tenth_says_what_was_foretold_and_what_came() -> None:
    """The last tenth holds 1; who is foretold at 0.05 and 0.15 and never came is off by a tenth."""
    told = [
        judged(MONDAY, p, b) for p, b in ((0.05, False), (0.15, False), (1.0, True), (0.95, True))
    ]
    (week,) = measured(*told, judged(MONDAY + 7, 0.5, True))
    assert [one.chances for one in week.tenths] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert [one.bought for one in week.tenths] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert week.tenths[9].probability == pytest.approx(0.975)
    assert week.tenths[5].probability is None
    assert week.ece == pytest.approx((0.05 + 0.15 + 0.05) / 4)
    assert (week.chances, week.bought, week.auc) == (4, 2, 1.0)


def test_a_week_is_of_when_it_was_said_and_is_told_when_the_next_begins() -> None:
    """Mondays begin it; what is late counts to the week that is open, what was not kept not at all."""
    monday = MONDAY
    said = measured(
        judged(monday - 0.01, 0.5, True),
        judged(monday, 0.5, True),
        judged(monday + 6.99, 0.5, False),
        judged(monday - 3, 0.5, True),
        judged(monday + 5, None, True),
        judged(monday + 7, 0.5, True),
    )
    assert [(one.week, one.chances, one.bought) for one in said] == [
        ("2011-01-24", 1, 1),
        ("2011-01-31", 3, 2),
    ]
    assert said[0].auc is None
