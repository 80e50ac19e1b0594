"""Chargebacks that come by the hundred: honest payments are learned again beside them, and stay honest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from statistics import median

import pytest

from agents.calendar import DAY, HOUR
from agents.risk import models, rehearsal
from agents.risk.features import FEATURES
from agents.risk.model import predict
from agents.risk.models import MODELS
from agents.risk.rehearsal import EVERY, KEPT
from agents.risk.training import TRAINING
from schemas.risk import ExampleLabelled, LabelSource, ModelPublished, Number
from tests.agents.rows import Life, table_of

START = 1_523_000_000_000 // DAY * DAY
SILENT = 1_500  # payments that nobody said anything of
BURST = 83
ALIKE = dict.fromkeys(sorted(FEATURES)[:40], 0.0)
SAID = {  # the label, and the one that it corrects
    LabelSource.HORIZON: (False, None),
    LabelSource.CHARGEBACK: (True, False),
    LabelSource.ANALYST: (False, True),
}


def paid(seed: int, stolen: int, honest: int) -> tuple[list[dict[str, float]], ...]:
    """Features of payments with stolen cards and of others: most are alike, some differ without a reason."""
    draw = Random(seed)

    def one(least: float, most: float) -> dict[str, float]:
        return ALIKE | {
            "amount_to_mean": draw.uniform(least, most),
            "hour_of_day": float(draw.randrange(24)),
            "payments_7d": float(draw.randrange(9)),
            "terminal_payments_7d": float(draw.randrange(99)),
        }

    return [one(4.0, 9.0) for _ in range(stolen)], [one(0.3, 2.0) for _ in range(honest)]


def heard(
    payments: Iterable[tuple[str, dict[str, float]]], source: LabelSource, at: int
) -> Iterable[ExampleLabelled]:
    fraud, corrects = SAID[source]
    for payment_id, features in payments:
        yield ExampleLabelled(
            event_id=f"{payment_id}-{source}",
            model="payment",
            occurred_at=at,
            member_id=f"of-{payment_id}",
            payment_id=payment_id,
            paid_at=at - 7 * DAY,
            features=[Number(name=name, value=value) for name, value in features.items()],
            fraud=fraud,
            source=source,
            weight=1.0,
            variant="binned",
            corrects=corrects,
        )


class Shop:
    """What a shop's model learns: all payments were silent, then a bank's file names the stolen ones."""

    def __init__(self) -> None:
        self.life = Life(TRAINING)
        stolen, honest = paid(1, BURST, SILENT)
        self.stolen = [(f"s{number}", features) for number, features in enumerate(stolen)]
        payments = [*self.stolen, *((f"h{n}", features) for n, features in enumerate(honest))]
        Random(2).shuffle(payments)
        for number, payment in enumerate(payments):
            self.life.hear(*heard([payment], LabelSource.HORIZON, START + number))

    def told(self, source: LabelSource, at: int) -> None:
        self.life.hear(*heard(self.stolen, source, at))
        self.life.wait("payment", (at // HOUR + 1) * HOUR)

    def said(self, payments: Iterable[Mapping[str, float]]) -> list[float]:
        """Sorted, by the model that is published."""
        published = [one for one in self.life.said if isinstance(one, ModelPublished)]
        found = models.champion({MODELS.name: table_of(MODELS, published)}, "payment")
        assert found is not None
        return sorted(predict(found, features) for features in payments)


def test_after_a_burst_honest_payments_stay_honest() -> None:
    """And those with stolen cards are told apart, though all had counted as honest."""
    shop = Shop()
    shop.told(LabelSource.CHARGEBACK, START + HOUR)
    stolen, honest = paid(3, 100, 100)
    said = shop.said(honest)
    assert median(said) < BURST / SILENT
    assert sum(one > 0.3 for one in said) <= 3
    assert median(shop.said(stolen)) > 5 * median(said)


def test_without_rehearsal_everybody_is_suspected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(rehearsal, "OWED_MOST", 0.0)
    shop = Shop()
    shop.told(LabelSource.CHARGEBACK, START + HOUR)
    _, honest = paid(3, 100, 100)
    assert median(shop.said(honest)) > 0.3


def test_a_burst_is_taken_back() -> None:
    """The bank was wrong: an analyst clears all, and nobody is suspected for it."""
    shop = Shop()
    shop.told(LabelSource.CHARGEBACK, START + HOUR)
    shop.told(LabelSource.ANALYST, START + 2 * DAY)
    stolen, honest = paid(3, 100, 100)
    assert median(shop.said(honest)) < 0.02
    assert median(shop.said(stolen)) < 0.02


def test_frauds_among_honest_payments_rehearse_nothing() -> None:
    """What comes by itself need not be learned again."""
    life = Life(TRAINING)
    stolen, honest = paid(1, 20, 1_000)
    for number, features in enumerate(honest):
        life.hear(*heard([(f"h{number}", features)], LabelSource.HORIZON, START + number))
        if number % 50 == 49:
            case = (f"s{number}", stolen.pop())
            life.hear(*heard([case], LabelSource.CHARGEBACK, START + number))
    life.wait("payment", START + HOUR)
    assert life.state.variants["binned"].model.frauds == 20
    assert life.state.rehearsal.turn == 0


def test_what_turns_out_stolen_is_forgotten() -> None:
    """It is not learned again as honest."""
    shop = Shop()
    assert any(one.payment_id.startswith("s") for one in shop.life.state.remembered.values())
    shop.told(LabelSource.CHARGEBACK, START + HOUR)
    assert all(one.payment_id.startswith("h") for one in shop.life.state.remembered.values())


def test_what_is_remembered_reaches_back_and_is_bounded() -> None:
    """So many examples, of eight times as many payments."""
    life = Life(TRAINING)
    _, honest = paid(1, 0, 1)
    count = (EVERY + 1) * KEPT
    payments = ((f"h{number:05d}", honest[0]) for number in range(count))
    for number, payment in enumerate(payments):
        life.hear(*heard([payment], LabelSource.HORIZON, START + number))
    life.wait("payment", START + HOUR)
    kept = sorted(one.payment_id for one in life.state.remembered.values())
    assert len(kept) == KEPT
    assert kept[0] < f"h{count - (EVERY - 1) * KEPT:05d}"
