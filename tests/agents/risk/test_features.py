"""Features: declared once, missing when not known, of before the payment; and their bins."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.risk import habits, reputation
from agents.risk.features import (
    AMOUNTS,
    DOINGS,
    FEATURES,
    GENERAL,
    MISSING,
    OF_TOKEN_SIDE,
    ROLES,
    bin_of,
    grid,
    heard,
    of_numbers,
    stretch,
    told,
)
from agents.risk.habits import Habits
from agents.risk.reputation import Reputation
from agents.risk.windows import DAY, HOUR
from schemas.risk import Number, PaymentCaptured

START = 1_522_540_800_000  # a Sunday, midnight
DAY_6 = 6


def payment(at: int, amount: int, **tokens: Any) -> PaymentCaptured:
    return PaymentCaptured(
        event_id=f"e{at}",
        member_id="m",
        occurred_at=START + at,
        payment_id=f"p{at}",
        amount_minor=amount,
        currency="EUR",
        **tokens,
    )


def lived(*payments: PaymentCaptured) -> Habits:
    state = Habits()
    for one in payments:
        habits.keep_payment(state, one)
    return state


def usual(count: int = 10, amount: int = 1_000) -> Habits:
    """Somebody who pays about the same once a day."""
    return lived(*(payment(day * DAY, amount + day % 3) for day in range(count)))


# ---- declarations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", FEATURES.values(), ids=list(FEATURES))
def test_declared(feature: Any) -> None:
    """A unit, a meaning, and edges that rise."""
    assert feature.unit
    assert feature.meaning
    assert list(feature.grid) == sorted(set(feature.grid))


def every_feature() -> set[str]:
    """All that members and tokens can be told to have."""
    state = usual()
    tokens = {role: role for role in habits.SEEN_ROLES}
    habits.keep_payment(state, payment(10 * DAY, 1_000, **tokens))
    habits.keep_label(state, START + 9 * DAY, True)
    for doing in DOINGS:
        habits.keep_doing(state, doing, START + 10 * DAY, 5 if doing in AMOUNTS else 0)
    names = set(habits.features(state, payment(10 * DAY + 1, 900, **tokens)))
    for role in ROLES:
        for honest in range(4):
            token = Reputation()
            reputation.keep_payment(token, "m", START, 1)
            for number in range(4 - honest):
                reputation.keep_label(token, START + number, START + DAY, 1.0)
            for number in range(honest):
                reputation.keep_label(token, START + 10 + number, START + DAY, 0.0)
            names |= set(reputation.features(token, role, "m", START + DAY))
        for frauds in (1, 2):
            token = Reputation()
            for number in range(frauds):
                reputation.keep_label(token, START + number, START + DAY, 1.0)
            names |= set(reputation.features(token, role, "m", START + DAY))
    return names


def test_what_is_told_is_declared() -> None:
    """No feature comes that has no unit and no grid of its own."""
    assert every_feature() <= set(FEATURES)


def test_the_tokens_side_is_told_apart() -> None:
    """Whatever a token says begins with its role; the member's own view leaves it out."""
    assert {name for name in every_feature() if name in OF_TOKEN_SIDE} == {
        name
        for name in every_feature()
        if name.startswith(ROLES) and not name.endswith(("_new", "_tokens_24h", "_tokens_30d"))
    }


# ---- the member's side -----------------------------------------------------------------------------


def test_a_first_payment_has_no_habit() -> None:
    """What cannot be known is absent, not zero."""
    found = habits.features(Habits(), payment(3 * HOUR, 1_000, device="d"))
    assert found == {
        "amount_minor": 1_000,
        "hour_of_day": 3,
        "day_of_week": DAY_6,
        "payments": 0,
        "payments_1h": 0,
        "payments_24h": 0,
        "payments_7d": 0,
        "payments_30d": 0,
        "outliers_7d": 0,
        "outliers_14d": 0,
    }


def test_a_payment_is_not_part_of_its_own_features() -> None:
    """Asked twice, the answer is the same; kept, it is history."""
    state = usual(3)
    now = payment(3 * DAY, 5_000)
    first = habits.features(state, now)
    assert habits.features(state, now) == first
    assert first["payments"] == 3
    habits.keep_payment(state, now)
    assert habits.features(state, payment(3 * DAY + HOUR, 1_000))["payments_1h"] == 0
    assert habits.features(state, payment(3 * DAY + HOUR - 1, 1_000))["payments_1h"] == 1


def test_an_amount_against_the_members_own() -> None:
    """Five times the mean is five times the mean, and many deviations."""
    found = habits.features(usual(), payment(10 * DAY, 5_000))
    assert found["amount_to_mean"] == pytest.approx(5.0, rel=0.01)
    assert found["amount_to_mean_7d"] == pytest.approx(5.0, rel=0.01)
    assert found["amount_deviations"] > 20
    assert found["spent_24h_to_mean"] == pytest.approx(5.0, rel=0.01)
    assert found["seconds_since_payment"] == 86_400


def test_large_amounts_do_not_become_the_habit() -> None:
    """Ten thefts of tenfold amounts leave a mean of which they are still several times."""
    state = usual(30)
    for number in range(10):
        habits.keep_payment(state, payment(30 * DAY + number * HOUR, 10_000))
    found = habits.features(state, payment(31 * DAY, 10_000))
    assert found["amount_to_mean"] > 4
    assert found["outliers_7d"] >= 5


def test_tokens_are_new_or_not() -> None:
    """The first device is no new one: there is none to compare with."""
    state = lived(payment(0, 1_000, device="a", card="c"))
    found = habits.features(state, payment(HOUR, 1_000, device="b", card="c"))
    assert (found["device_new"], found["card_new"]) == (1, 0)
    assert found["device_tokens_24h"] == 1
    assert "address_new" not in found


def test_doings_are_counted_by_window() -> None:
    """A coupon two days ago is one of seven days and none of 24 hours: absent there."""
    state = usual(2)
    habits.keep_doing(state, "coupons", START, 250)
    found = habits.features(state, payment(2 * DAY, 1_000))
    assert (found["coupons_7d"], found["coupons_amount_7d"]) == (1, 250)
    assert "coupons_24h" not in found
    assert "log_ins_failed_24h" not in found


def test_a_corrected_fraud_is_none() -> None:
    """A label that is taken back leaves nothing behind."""
    state = usual()
    habits.keep_label(state, START + 9 * DAY, True)
    assert habits.features(state, payment(10 * DAY, 1_000))["frauds_known_30d"] == 1
    habits.keep_label(state, START + 9 * DAY, False, corrects=True)
    assert "frauds_known_30d" not in habits.features(state, payment(10 * DAY, 1_000))


# ---- the token's side ------------------------------------------------------------------------------


def labelled(*evidence: float) -> Reputation:
    """A payment a day from day 0 on, each labelled after seven days."""
    state = Reputation()
    for day, part in enumerate(evidence):
        paid_at = START + day * DAY
        reputation.keep_payment(state, f"m{day}", paid_at, 1_000)
        reputation.keep_label(state, paid_at, paid_at + 7 * DAY, part)
    return state


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ((), {}),
        ((0.0,), {"labels": 1, "last_evidence": 0, "frauds_in_a_row": 0, "evidence_30d": 0}),
        ((1.0,), {"frauds_in_a_row": 1, "days_of_1_in_a_row": 20, "days_with_0_honest": 20}),
        ((0.0, 1.0, 1.0), {"frauds_in_a_row": 2, "days_of_2_in_a_row": 19}),
        ((1.0, 1.0, 0.0), {"frauds_in_a_row": 0, "honest_since_fraud": 1, "days_with_1_honest": 20}),
        ((1.0, 0.0, 1.0), {"frauds_in_a_row": 1, "days_since_first_fraud": 20, "days_since_fraud": 18}),
        ((0.4,), {"frauds_in_a_row": 0, "evidence_30d": 0.4}),  # the member's side explains most
        ((1.0,) * 5, {"frauds_in_a_row": 5, "days_of_3_in_a_row": 20}),
    ],
)  # fmt: skip
def test_what_labels_tell(evidence: tuple[float, ...], expected: dict[str, float]) -> None:
    """On day 20, of payments from day 0 on."""
    found = reputation.features(labelled(*evidence), "terminal", "m", START + 20 * DAY)
    told_of = {name: found.get(f"terminal_{name}") for name in expected}
    assert told_of == pytest.approx(expected)
    if not evidence:
        assert "terminal_labels" not in found


def test_a_label_that_comes_later_is_not_known_yet() -> None:
    """However early it is told: the payment's moment decides, to the millisecond."""
    state = labelled(0.0, 1.0)
    second = START + 8 * DAY  # when the second label came
    before = reputation.features(state, "terminal", "m", second - 1)
    assert (before["terminal_labels"], before["terminal_frauds_in_a_row"]) == (1, 0)
    assert reputation.features(state, "terminal", "m", second)["terminal_frauds_in_a_row"] == 1
    assert "terminal_labels" not in reputation.features(state, "terminal", "m", START + DAY)


def test_a_corrected_label_is_replaced() -> None:
    """An analyst clears what a chargeback said: one label, without evidence."""
    state = labelled(1.0)
    reputation.keep_label(state, START, START + 9 * DAY, 0.0, corrects=1.0)
    found = reputation.features(state, "card", "m", START + 10 * DAY)
    assert (found["card_labels"], found["card_evidence_30d"]) == (1, 0)


def test_labels_are_bounded() -> None:
    """A busy terminal keeps its newest labels; one that comes late and old is let go at once."""
    state = Reputation()
    for number in range(1_000):
        reputation.keep_label(state, START + number, START + DAY, 0.0)
    reputation.keep_label(state, START - 1, START + DAY, 1.0)
    assert len(state.labels) == reputation.LABELS_MOST
    assert state.labels[0].paid_at == START + 1_000 - reputation.LABELS_MOST


def test_who_uses_a_token() -> None:
    """A family of three shares it: a number, and known to each of them."""
    state = Reputation()
    for number in range(3):
        reputation.keep_payment(state, f"m{number}", START + number * DAY, 1)
    found = reputation.features(state, "address", "m0", START + 3 * DAY)
    assert (found["address_members_30d"], found["address_members_24h"]) == (3, 0)
    assert found["address_known_to_member"] == 1
    assert reputation.features(state, "address", "x", START)["address_known_to_member"] == 0


# ---- bins ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("payments_24h", None, "not known"),
        ("payments_24h", 0, "0 to 1"),
        ("payments_24h", 5, "4 to 6"),
        ("payments_24h", 10_000, "512 or more"),
        ("number_distance", 0.0, "0 to 1e-06"),
        ("number_distance", -1e30, "below -9.46765e+08"),
        ("number_distance", 1e30, "9.46765e+08 or more"),
    ],
)
def test_bins_in_words(name: str, value: float | None, expected: str) -> None:
    """A value lies in the stretch that people are told; an edge belongs to the one above it."""
    assert stretch(name, bin_of(name, value)) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_has_a_bin(value: float) -> None:
    """A number of any size, and of a name that nobody declared, falls between two edges."""
    number = bin_of("number_anything", value)
    assert number != MISSING
    assert number == 0 or GENERAL[number - 1] <= value
    assert number == len(GENERAL) or value < GENERAL[number]


def test_a_general_grid_tells_signs_apart() -> None:
    """Zero is neither small and positive nor small and negative."""
    assert len({bin_of("number_x", value) for value in (-1e-3, 0.0, 1e-3)}) == 3
    assert grid("number_x") is GENERAL


def test_what_is_no_number_is_missing() -> None:
    """NaN and infinity are sent by mistake: they are not known."""
    numbers = [Number(name=str(v), value=v) for v in (nan, inf, -inf, 0.0)]
    assert of_numbers(numbers) == {"number_0.0": 0.0}


@given(st.dictionaries(st.text(min_size=1), st.floats(allow_nan=False)))
def test_told_and_heard(features: dict[str, float]) -> None:
    """On its way a feature does not change."""
    assert heard(told(features)) == features
