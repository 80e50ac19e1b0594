"""The model: it predicts, then learns; what is missing says nothing of itself; its parts add up."""

from __future__ import annotations

from math import isfinite
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.risk.features import FEATURES, GENERAL, MISSING, bin_of
from agents.risk.model import (
    FEATURES_MOST,
    PRIOR,
    WEIGHTS_MOST,
    Column,
    Correction,
    Model,
    Snapshot,
    contributions,
    evidence,
    learn,
    predict,
    predict_own,
    probability,
    score,
    snapshot,
    told,
    used,
)
from schemas import codec
from schemas.risk import ModelPublished

Examples = list[tuple[dict[str, float], bool]]
BYTES_MOST = 60 * 1024
log_odds = st.floats(-12, 12)


def learned(examples: Examples) -> tuple[Model, dict[str, Column], list[float]]:
    """A model after these examples, and what it said of each just before."""
    model, columns = Model(), dict[str, Column]()
    said = [learn(model, columns, features, fraud) for features, fraud in examples]
    return model, columns, said


def made(count: int, seed: int = 1) -> Examples:
    """Large amounts at night are fraud four times of five, all else once in a hundred."""
    random, examples = Random(seed), []
    for _ in range(count):
        features = {
            "amount_to_mean": random.choice((0.5, 1.0, 6.0)),
            "hour_of_day": float(random.choice((2, 12))),
            "number_noise": random.uniform(-5, 5),
        }
        risky = features["amount_to_mean"] > 5 and features["hour_of_day"] < 6
        examples.append((features, random.random() < (0.8 if risky else 0.01)))
    return examples


# ---- scoring ---------------------------------------------------------------------------------------


def test_before_any_example_the_prior_speaks() -> None:
    """One in a hundred, whatever the features are."""
    untaught = snapshot(Model(), {})
    assert predict(untaught, {"amount_minor": 1e9}) == pytest.approx(probability(PRIOR), abs=1e-6)


def test_a_missing_feature_is_not_zero() -> None:
    """Both have weights of their own."""
    model = Snapshot(0.0, {"outliers_7d": {bin_of("outliers_7d", 0): -2.0, MISSING: 1.0}})
    assert predict(model, {"outliers_7d": 0}) == pytest.approx(probability(-2.0))
    assert predict(model, {}) == pytest.approx(probability(1.0))


def test_a_feature_that_nobody_declared_counts() -> None:
    """It lies on the general grid."""
    model = Snapshot(0.0, {"number_distance": {bin_of("number_distance", 17.0): 3.0}})
    assert predict(model, {"number_distance": 17.1}) == pytest.approx(probability(3.0))


def test_the_members_own_view_knows_no_token() -> None:
    """A terminal's bad record explains nothing of the member's own; the large amount does."""
    weights = {
        "terminal_frauds_in_a_row": {bin_of("terminal_frauds_in_a_row", 3): 6.0, MISSING: 0.0},
        "amount_deviations": {bin_of("amount_deviations", 15.0): 6.0},
    }
    model = Snapshot(-4.0, weights)
    by_terminal = {"terminal_frauds_in_a_row": 3.0, "amount_deviations": 0.0}
    by_amount = {"amount_deviations": 15.0}
    assert predict_own(model, by_terminal) == pytest.approx(probability(-4.0))
    assert evidence(model, by_terminal, fraud=True) > 0.98
    assert evidence(model, by_amount, fraud=True) < 0.13
    assert evidence(model, by_amount, fraud=False) == 0.0


@given(log_odds, st.dictionaries(st.text("abcdef", min_size=1), log_odds, max_size=12))
def test_contributions_add_up(base: float, weights: dict[str, float]) -> None:
    """The base's points and the features' are the score, to the point; each has its weight's sign."""
    points = contributions(base, weights)
    assert sum(points.values()) == score(base, weights.values())
    for name, weight in weights.items():
        assert points[name] * weight >= 0 or abs(points[name]) <= 1


@given(log_odds, st.lists(log_odds, max_size=12), st.floats(0, 5))
def test_a_heavier_weight_never_scores_lower(
    base: float, weights: list[float], more: float
) -> None:
    """The score is 0 to 1000 and rises with the log-odds."""
    assert 0 <= score(base, weights) <= score(base, [*weights, more]) <= 1_000


def test_used_tells_the_heaviest_first() -> None:
    """With value and weight; what has no weight is not told."""
    model = Snapshot(
        -4.0,
        {
            "payments": {bin_of("payments", 2): 0.5},
            "amount_minor": {bin_of("amount_minor", 9_000): -1.5},
            "hour_of_day": {bin_of("hour_of_day", 2): 9.0},
            "outliers_7d": {MISSING: 1.0},
        },
    )
    found = used(model, {"payments": 2, "amount_minor": 9_000, "hour_of_day": 12})
    assert [(one.name, one.value, one.weight) for one in found] == [
        ("amount_minor", 9_000, -1.5),
        ("outliers_7d", None, 1.0),
        ("payments", 2, 0.5),
    ]


# ---- learning --------------------------------------------------------------------------------------


def test_it_predicts_then_learns() -> None:
    """What is returned is what was said before the label was looked at."""
    model, columns = Model(), dict[str, Column]()
    features = {"amount_to_mean": 6.0}
    for fraud in (True, False, True, True):
        before = snapshot(model, columns)
        assert learn(model, columns, features, fraud) == pytest.approx(
            predict(before, features), abs=1e-3
        )
    assert (model.examples, model.frauds) == (4, 3)


def test_it_finds_what_is_there() -> None:
    """Prequential: after two thousand examples frauds are told apart, and probabilities are near."""
    examples = made(6_000)
    _, _, said = learned(examples)
    late = list(zip(said, examples, strict=True))[2_000:]
    risky = [p for p, (f, _) in late if f["amount_to_mean"] > 5 and f["hour_of_day"] < 6]
    others = [p for p, (f, _) in late if not (f["amount_to_mean"] > 5 and f["hour_of_day"] < 6)]
    frauds = sum(fraud for _, (_, fraud) in late)
    assert sum(risky) / len(risky) > 4 * sum(others) / len(others)
    assert sum(said[2_000:]) == pytest.approx(frauds, rel=0.1)


def test_it_does_not_find_what_is_not_there() -> None:
    """With the labels dealt out at random nothing is told apart: the check above can fail."""
    examples, random = made(6_000), Random(7)
    labels = [fraud for _, fraud in examples]
    random.shuffle(labels)
    _, _, said = learned([(f, y) for (f, _), y in zip(examples, labels, strict=True)])
    late = list(zip(said, examples, strict=True))[2_000:]
    risky = [p for p, (f, _) in late if f["amount_to_mean"] > 5 and f["hour_of_day"] < 6]
    others = [p for p, (f, _) in late if not (f["amount_to_mean"] > 5 and f["hour_of_day"] < 6)]
    assert sum(risky) / len(risky) < 1.5 * sum(others) / len(others)


def test_the_same_examples_teach_the_same() -> None:
    """Byte by byte, and across being stored at any point."""
    examples = made(300)
    model, columns, _ = learned(examples[:150])
    model = msgspec.msgpack.decode(msgspec.msgpack.encode(model), type=Model)
    columns = msgspec.msgpack.decode(msgspec.msgpack.encode(columns), type=dict[str, Column])
    for features, fraud in examples[150:]:
        learn(model, columns, features, fraud)
    whole, of_whole, _ = learned(examples)
    assert snapshot(model, columns) == snapshot(whole, of_whole)


def test_a_feature_that_comes_late_gets_its_column() -> None:
    """What was learned without it stands; of examples without it the missing bin learns."""
    model, columns, _ = learned([({"payments": 1.0}, False)] * 5)
    learn(model, columns, {"payments": 1.0, "number_new": 3.0}, True)
    learn(model, columns, {"payments": 1.0}, False)
    assert set(columns["number_new"].weights) == {bin_of("number_new", 3.0), MISSING}
    assert columns["number_new"].weights[bin_of("number_new", 3.0)] > 0


def test_a_correction_takes_back() -> None:
    """An honest payment first told as fraud ends below one that was never told so at all."""
    features = {"amount_to_mean": 6.0}
    model, columns, _ = learned([(features, False)] * 20)
    honest = predict(snapshot(model, columns), features)
    learn(model, columns, features, True)
    wrong = predict(snapshot(model, columns), features)
    learn(model, columns, features, False, correction=Correction(True, honest))
    corrected = predict(snapshot(model, columns), features)
    assert corrected < (honest + wrong) / 2
    assert (model.examples, model.frauds) == (21, 0)


def test_a_part_of_an_example_moves_less() -> None:
    """A member whose labels are many teaches with a part of each."""
    moved = []
    for weight in (1.0, 0.1):
        model, columns = Model(), dict[str, Column]()
        learn(model, columns, {"payments": 1.0}, True, weight=weight)
        moved.append(model.base - PRIOR)
    assert 0 < moved[1] < moved[0] / 4


@given(
    st.lists(
        st.tuples(
            st.dictionaries(
                st.sampled_from(["amount_minor", "number_x", "payments"]),
                st.floats(allow_nan=False),
            ),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_it_stays_finite(examples: Examples) -> None:
    """No value, however large, makes a weight that is no number."""
    model, columns, said = learned(examples)
    assert all(0 < one < 1 for one in said)
    assert isfinite(model.base)
    assert all(isfinite(w) for column in columns.values() for w in column.weights.values())


# ---- snapshots -------------------------------------------------------------------------------------


def test_a_snapshot_says_what_the_model_says() -> None:
    """Rounded to four digits it predicts the same within a thousandth."""
    examples = made(2_000)
    model, columns, _ = learned(examples)
    small = snapshot(model, columns)
    exact = Snapshot(model.base, {name: columns[name].weights for name in model.features})
    for features, _ in examples[:100]:
        assert predict(small, features) == pytest.approx(predict(exact, features), abs=1e-3)


def test_the_largest_snapshot_fits() -> None:
    """Every feature with every bin, and as many of the platform's numbers as there may be."""
    names = [*FEATURES, *(f"number_{n}" for n in range(FEATURES_MOST))][:FEATURES_MOST]
    columns, random = dict[str, Column](), Random(3)
    for name in names:
        bins = range(MISSING, len(GENERAL) + 1)
        columns[name] = Column({b: random.uniform(-9, 9) for b in bins}, dict.fromkeys(bins, 1.0))
    cut = snapshot(Model(features=sorted(names)), columns)
    assert sum(len(bins) for bins in cut.weights.values()) == WEIGHTS_MOST
    published = ModelPublished(
        event_id="e",
        model="payment",
        occurred_at=1,
        caused_by="e",
        variant="binned",
        form="binned-1",
        champion=True,
        version=1,
        examples=1,
        frauds=1,
        learned_until=1,
        base=cut.base,
        features=told(cut.weights),
    )
    assert len(codec.encode(published)) < BYTES_MOST


def test_of_too_many_weights_the_heaviest_are_kept() -> None:
    """What is cut away had less to say than what stays."""
    columns = {"number_x": Column({n: n / 100 for n in range(1, 101)}, {})}
    cut = snapshot(Model(features=["number_x"]), columns, most=10)
    assert set(cut.weights["number_x"]) == set(range(91, 101))


def test_columns_are_bounded() -> None:
    """A platform that sends ever new names gets a column for the first of them only."""
    model, columns = Model(), dict[str, Column]()
    for number in range(FEATURES_MOST + 50):
        learn(model, columns, {f"number_{number}": 1.0}, False)
    assert len(columns) == len(model.features) == FEATURES_MOST
