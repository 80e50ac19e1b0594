"""The training stage: when it learns and publishes, who decides, and how a day is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agents.calendar import DAY, HOUR
from agents.risk import models
from agents.risk.model import predict
from agents.risk.models import MODELS
from agents.risk.publication import FIRST, PUBLISH_AFTER, VERSIONS_KEPT, First
from agents.risk.training import LEARN_EXAMPLES, RATES, TRAINING, training
from schemas.record import Outcome
from schemas.risk import (
    ExampleLabelled,
    LabelSource,
    ModelChoiceRefused,
    ModelChosen,
    ModelPublished,
    Number,
    QualityMeasured,
    QualityReported,
    VersionPublished,
)
from tests.agents.rows import Life, table_of

START = 1_523_000_000_000 // DAY * DAY
LATE = 7 * DAY
CHAMPION, CHALLENGER = RATES
AT_ONCE = training(First(1, 1))  # the first version of one fraud and one honest payment


def example(number: int, at: int, *, fraud: bool | None = None, **more: Any) -> ExampleLabelled:
    """Every third is fraud and has a high number, unless told otherwise."""
    bad = number % 3 == 0 if fraud is None else fraud
    return ExampleLabelled(
        event_id=f"e{number}",
        model="payment",
        occurred_at=at,
        member_id=more.pop("member_id", f"m{number}"),
        payment_id=f"p{number}",
        paid_at=more.pop("paid_at", at - LATE),
        features=[Number(name="amount_deviations", value=8.0 if number % 3 == 0 else 0.1)],
        fraud=bad,
        source=LabelSource.HORIZON,
        weight=1.0,
        variant=CHAMPION,
        **more,
    )


def chosen(variant: str, at: int, version: int | None = None) -> ModelChosen:
    return ModelChosen(
        event_id="c", model="payment", occurred_at=at, variant=variant, version=version,
        chosen_by="operator-1",
    )  # fmt: skip


def of(kind: type[Any], said: Sequence[Outcome]) -> list[Any]:
    return [one for one in said if isinstance(one, kind)]


def taught(count: int, at: int = START) -> Life:
    life = Life(AT_ONCE)
    taught_more(life, count, at)
    return life


def taught_more(life: Life, count: int, at: int) -> list[Outcome]:
    """So many examples of a moment, to the end of its hour."""
    said = life.hear(*(example(number, at) for number in range(count)))
    return said + life.wait("payment", hour_end(at))


def hour_end(at: int) -> int:
    return (at // HOUR + 1) * HOUR


def test_it_learns_when_enough_wait_and_publishes_at_the_hours_end() -> None:
    """The first version is out with the first hour's end, of every variant, and one is the champion."""
    life = Life(AT_ONCE)
    assert not life.hear(*(example(n, START) for n in range(LEARN_EXAMPLES + 1)))
    assert [one.model.examples for one in life.state.variants.values()] == [LEARN_EXAMPLES] * 2
    published = of(ModelPublished, life.wait("payment", START + HOUR))
    assert [(one.variant, one.version, one.champion) for one in published] == [
        (CHAMPION, 1, True),
        (CHALLENGER, 1, False),
    ]
    assert {one.examples for one in published} == {LEARN_EXAMPLES + 1}
    versions = of(VersionPublished, life.said)
    assert [(one.variant, one.version, one.newest, one.champion) for one in versions] == [
        (CHAMPION, 1, 1, True),
        (CHALLENGER, 1, 1, False),
    ]


@pytest.mark.parametrize(
    ("frauds", "honest", "out"),
    [
        (FIRST.frauds, FIRST.honest, True),
        (FIRST.frauds - 1, FIRST.honest + 1, False),
        (FIRST.frauds + 1, FIRST.honest - 1, False),
        (FIRST.frauds + FIRST.honest, 0, False),
    ],
)
def test_the_first_version_waits_for_frauds_and_honest(frauds: int, honest: int, out: bool) -> None:
    """Frauds are known sooner than silence: of frauds alone a model would suspect everybody."""
    life = Life(TRAINING)
    labels = [True] * frauds + [False] * honest
    life.hear(*(example(n, START, fraud=fraud) for n, fraud in enumerate(labels)))
    life.wait("payment", START + HOUR)
    assert bool(of(ModelPublished, life.said)) is out


def test_corrections_count_for_the_first_version() -> None:
    """A fraud that was silent first is one; a label that is taken back is none."""
    life = Life(TRAINING)
    labels = [True] * (FIRST.frauds - 1) + [False] * (FIRST.honest + 1)
    life.hear(*(example(n, START, fraud=fraud) for n, fraud in enumerate(labels)))
    life.wait("payment", START + HOUR)
    assert not of(ModelPublished, life.said)
    at = START + HOUR + 1
    life.hear(example(len(labels) - 1, at, fraud=True, corrects=False))
    life.wait("payment", hour_end(at))
    assert [one.frauds for one in of(ModelPublished, life.said)] == [FIRST.frauds] * len(RATES)


@pytest.mark.parametrize("at", [START, START + 1, START + HOUR - 1])
def test_it_learns_at_the_hours_end_when_few_wait(at: int) -> None:
    """Silence does not keep an example from being learned."""
    life = Life(AT_ONCE)
    life.hear(example(0, at), example(1, at))
    published = of(ModelPublished, life.wait("payment", START + HOUR))
    assert [(one.examples, one.occurred_at) for one in published] == [(2, START + HOUR)] * 2
    assert life.due() is None


def test_the_order_of_arrival_teaches_nothing() -> None:
    """Partitions are quicker or slower: the same labels of an hour make the same model, to the last bit."""
    examples = [example(n, START + n // 3, fraud=n % 5 == 0) for n in range(LEARN_EXAMPLES)]
    published = []
    for order in (examples, examples[::-1], examples[::2] + examples[1::2]):
        life = Life(AT_ONCE)
        life.hear(*order)
        published.append(of(ModelPublished, life.wait("payment", START + HOUR)))
    assert published[0]
    assert published[1] == published[0]
    assert published[2] == published[0]


def test_it_publishes_again_after_some_time() -> None:
    """Not with every learning: the next version comes twelve hours later."""
    life = taught(LEARN_EXAMPLES)
    later = START + PUBLISH_AFTER
    assert not of(ModelPublished, taught_more(life, LEARN_EXAMPLES, later - HOUR))
    said = taught_more(life, LEARN_EXAMPLES, later)
    assert [one.version for one in of(ModelPublished, said)] == [2, 2]


def test_what_is_published_tells_fraud_from_honest() -> None:
    """The table's snapshot scores as the learner does, without Kafka or pickles between them."""
    life = taught(3 * LEARN_EXAMPLES)
    tables = {MODELS.name: table_of(MODELS, of(ModelPublished, life.said))}
    found = models.champion(tables, "payment")
    assert found is not None
    assert predict(found, {"amount_deviations": 8.0}) > 5 * predict(
        found, {"amount_deviations": 0.1}
    )
    assert [one.variant for one in models.challengers(tables, "payment")] == [CHALLENGER]
    assert not models.stale(found, START + DAY)
    assert models.stale(found, START + 10 * DAY)


def test_another_variant_is_chosen_by_command() -> None:
    """Both are published again, so that every partition sees who decides."""
    life = taught(LEARN_EXAMPLES)
    said = of(ModelPublished, life.hear(chosen(CHALLENGER, START + HOUR + 1)))
    assert [(one.variant, one.champion) for one in said] == [
        (CHAMPION, False),
        (CHALLENGER, True),
    ]


def test_going_back_pins_the_version_while_learning_goes_on() -> None:
    """The pinned version is what is published, until a choice without a version frees it."""
    life = taught(LEARN_EXAMPLES)
    first = of(ModelPublished, life.said)[0]
    later = START + PUBLISH_AFTER
    taught_more(life, LEARN_EXAMPLES, later)
    chosen_at = hour_end(later) + 1
    (back,) = of(ModelPublished, life.hear(chosen(CHAMPION, chosen_at, 1)))
    assert [(one.version, one.newest) for one in of(VersionPublished, life.said)][-1] == (1, 2)
    assert (back.version, back.features, back.champion) == (1, first.features, True)
    after = taught_more(life, LEARN_EXAMPLES, later + PUBLISH_AFTER)
    assert [one.version for one in of(ModelPublished, after)] == [1, 3]
    (free,) = of(ModelPublished, life.hear(chosen(CHAMPION, chosen_at + PUBLISH_AFTER)))
    assert (free.version, free.examples) == (3, 3 * LEARN_EXAMPLES)


def test_a_pinned_version_outlives_the_others() -> None:
    """Old versions are let go of; the one that decides is not."""
    life = taught(LEARN_EXAMPLES)
    life.hear(chosen(CHAMPION, START + 1, 1))
    for round_ in range(1, VERSIONS_KEPT + 3):
        taught_more(life, LEARN_EXAMPLES, START + round_ * PUBLISH_AFTER)
    assert of(ModelPublished, life.said)[-2].version == 1
    kept = {key for key in life.state.kept if key.startswith(f"{CHAMPION}/")}
    assert f"{CHAMPION}/1" in kept
    assert len(kept) <= VERSIONS_KEPT + 1


@pytest.mark.parametrize(
    ("variant", "version", "words"),
    [
        ("unheard-of", None, "There is no variant unheard-of; there are binned, quick."),
        (CHAMPION, 7, "Version 7 of binned is not kept: choose one of 1 to 1."),
    ],
)
def test_a_choice_of_what_is_not_there_is_refused(
    variant: str, version: int | None, words: str
) -> None:
    """With a sentence that says what there is."""
    life = taught(LEARN_EXAMPLES)
    (refused,) = life.hear(chosen(variant, START + 1, version))
    assert isinstance(refused, ModelChoiceRefused)
    assert refused.reasons == [words]


def test_a_day_is_measured_when_its_labels_are_quiet() -> None:
    """By what was said when it was paid; again, absolute, when a later label corrects one."""
    life = Life(AT_ONCE)
    paid = START - LATE
    for number in range(6):
        said = 0.9 if number in (0, 3) else 0.1
        life.hear(
            example(
                number, START + number, paid_at=paid, probability=said, alerted=number == 0,
                challengers=[Number(name=CHALLENGER, value=1 - said)],
            )
        )  # fmt: skip
    measured = of(QualityMeasured, life.wait("payment", START + 5 + DAY))
    first, other = measured
    assert (first.variant, first.champion, first.payments, first.frauds) == (CHAMPION, True, 6, 2)
    assert (first.auc, first.average_precision, first.alerts) == (1.0, 1.0, 1)
    assert (other.variant, other.auc) == (CHALLENGER, 0.0)
    assert first.brier == pytest.approx(0.01)
    at = START + 3 * DAY
    life.hear(
        example(
            1, at, paid_at=paid, probability=0.1, fraud=True, corrects=False,
            challengers=[Number(name=CHALLENGER, value=0.9)],
        )
    )  # fmt: skip
    again = of(QualityMeasured, life.wait("payment", at + DAY))[0]
    assert (again.payments, again.frauds) == (6, 3)
    assert again.day == first.day


def test_a_change_of_the_loss_is_an_alarm_once() -> None:
    """ADWIN over blocks of a hundred: quiet while nothing changes."""
    from agents.risk.drift import BLOCK_EXAMPLES, Losses

    losses = Losses()
    for number in range(60 * BLOCK_EXAMPLES):
        losses.add(0.05 + 0.01 * (number % 7))
    assert not losses.drifted()
    for number in range(60 * BLOCK_EXAMPLES):
        losses.add(0.9 + 0.01 * (number % 7))
    assert losses.drifted()
    assert not losses.drifted()


def test_another_models_day_stands_beside_the_variants() -> None:
    """What is reported is passed on as it is, under its own name."""
    reported = QualityReported(
        event_id="q", model="payment", occurred_at=START, variant="batch", day="2018-04-07",
        payments=100, frauds=3, auc=0.9, average_precision=0.5, precision_100=0.03, brier=0.01,
    )  # fmt: skip
    (said,) = Life(AT_ONCE).hear(reported)
    assert isinstance(said, QualityMeasured)
    assert (said.variant, said.champion, said.day, said.auc) == ("batch", False, "2018-04-07", 0.9)
