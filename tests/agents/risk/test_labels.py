"""What becomes of payments, row by row: who is believed, what is learned, what the tokens are told."""

from __future__ import annotations

from math import isclose
from typing import Any

import pytest

from agents.risk.features import bin_of
from agents.risk.labels import FULL_A_DAY
from agents.risk.model import probability
from agents.risk.payment_book import PAYMENTS_MOST, let_go_at
from schemas.risk import (
    AbuseKind,
    AlertEnd,
    DisputeKind,
    ExampleLabelled,
    LabelSource,
    Number,
    TokenLabelled,
    TokenRole,
    Verdict,
)
from tests.agents.risk.payments_told import (
    DAY,
    HORIZON_DAYS,
    MEMBER,
    answer,
    at,
    charged_back,
    disputed,
    judged,
    life,
    paid,
    published,
    resolved,
    rule,
    short,
)
from tests.agents.rows import ids

CONFIRMED, CLEARED, EXPIRED = AlertEnd.CONFIRMED, AlertEnd.CLEARED, AlertEnd.EXPIRED
HONEST = "p honest says HORIZON"
SCORED = "p ALLOW 0"

# name, what is told, the day until which nothing more happens, what is said
ROWS: list[tuple[str, list[Any], float, list[str]]] = [
    ("silence is no label before its time", [paid()], 30, [SCORED]),
    ("and one after it", [paid()], 31, [SCORED, HONEST]),
    ("a chargeback", [paid(), charged_back()], 60, [SCORED, "p fraud says CHARGEBACK"]),
    ("at the end of the horizon, to the millisecond", [paid(), charged_back(day=30)], 60,
     [SCORED, "p fraud says CHARGEBACK"]),
    ("after it: corrected", [paid(), charged_back(day=40)], 60,
     [SCORED, HONEST, "p fraud after all says CHARGEBACK"]),
    ("a chargeback for another reason than fraud", [paid(), charged_back(fraud=False)], 60,
     [SCORED, HONEST]),
    ("the same chargeback again", [paid(), charged_back(), charged_back(day=6)], 60,
     [SCORED, "p fraud says CHARGEBACK"]),
    ("an opened dispute alone is no label", [paid(), disputed()], 20, [SCORED]),
    ("while it is open silence says nothing", [paid(), disputed()], 60, [SCORED]),
    ("upheld: a label", [paid(), disputed(), resolved()], 60, [SCORED, "p fraud says DISPUTE"]),
    ("not upheld: silence goes on", [paid(), disputed(), resolved(upheld=False)], 60,
     [SCORED, HONEST]),
    ("not upheld after the horizon: honest at once",
     [paid(), disputed(), resolved(day=50, upheld=False)], 50, [SCORED, HONEST]),
    ("upheld after the horizon", [paid(), disputed(), resolved(day=50)], 60,
     [SCORED, "p fraud says DISPUTE"]),
    ("goods that did not come are no fraud",
     [paid(), disputed(kind=DisputeKind.NOT_RECEIVED), resolved(kind=DisputeKind.NOT_RECEIVED)],
     60, [SCORED, HONEST]),
    ("a dispute about the order is about its payments",
     [paid(order_id="o"), paid("q", order_id="o"), paid("r", order_id="other"),
      resolved(order_id="o")], 4,
     [SCORED, "q ALLOW 0", "r ALLOW 0", "p fraud says DISPUTE", "q fraud says DISPUTE"]),
    ("of a payment whose order is known that is said, and when it is over",
     [paid(order_id="o"), disputed(kind=DisputeKind.NOT_RECEIVED),
      resolved(kind=DisputeKind.NOT_RECEIVED)], 4,
     [SCORED, "p of o DISPUTED by d", "p of o SETTLED by d"]),
    ("a chargeback too, whatever its reason", [paid(order_id="o"), charged_back(fraud=False)], 6,
     [SCORED, "p of o TAKEN_BACK"]),
    ("not where the order was named", [paid(order_id="o"), disputed(order_id="o", payment_id="p")], 4,
     [SCORED]),
    ("an order that nobody paid", [resolved(order_id="o")], 4,
     ["None disregarded UNKNOWN_PAYMENT DISPUTE"]),
    ("a label for an unknown payment", [charged_back("x")], 6,
     ["x disregarded UNKNOWN_PAYMENT CHARGEBACK"]),
    ("the analyst confirms", [paid(), judged(CONFIRMED)], 60, [SCORED, "p fraud says ANALYST"]),
    ("the analyst clears: known early", [paid(), judged(CLEARED)], 60,
     [SCORED, "p honest says ANALYST"]),
    ("time closed the alert: no label", [paid(), judged(EXPIRED)], 20, [SCORED]),
    ("an alert of another kind says nothing of the payment",
     [paid(), judged(CONFIRMED, kind=AbuseKind.PROMOTION)], 20, [SCORED]),
    ("the analyst outranks the bank", [paid(), judged(CLEARED), charged_back()], 60,
     [SCORED, "p honest says ANALYST"]),
    ("and corrects it", [paid(), charged_back(day=1), judged(CLEARED)], 60,
     [SCORED, "p fraud says CHARGEBACK", "p honest after all says ANALYST"]),
    ("the bank outranks a dispute, and says the same: nothing new",
     [paid(), resolved(day=1), charged_back()], 60, [SCORED, "p fraud says DISPUTE"]),
    ("a judgement is judged again", [paid(), judged(CONFIRMED), judged(CLEARED, day=3)], 60,
     [SCORED, "p fraud says ANALYST", "p honest after all says ANALYST"]),
    ("the same judgement of higher rank still holds against the bank",
     [paid(), charged_back(day=1), judged(CONFIRMED), charged_back(day=3)], 60,
     [SCORED, "p fraud says CHARGEBACK"]),
    ("an alert about several payments",
     [paid(), paid("q"), judged(CONFIRMED, "p", "x", "q")], 4,
     [SCORED, "q ALLOW 0", "p fraud says ANALYST", "x disregarded UNKNOWN_PAYMENT ANALYST",
      "q fraud says ANALYST"]),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_rows(row: tuple[str, list[Any], float, list[str]]) -> None:
    """What is said to these events, and by the end of that day."""
    _, events, day, expected = row
    lived = life()
    lived.hear(*events)
    lived.wait(MEMBER, at(day))
    assert [short(one) for one in lived.said] == expected


def examples(*events: Any, until: float = 60, **more: Any) -> list[ExampleLabelled]:
    lived = life(**more)
    lived.hear(*events)
    lived.wait(MEMBER, at(until))
    return [one for one in lived.said if isinstance(one, ExampleLabelled)]


def test_a_shorter_horizon() -> None:
    """Days of silence are given when the agent is made."""
    (example,) = examples(paid(), until=8, horizon_days=7)
    assert example.occurred_at == at(7) + 1


def test_an_example_has_the_features_of_decision_time() -> None:
    """They are those of the payment, its tokens' answers among them, whatever happened since."""
    device = answer(TokenRole.DEVICE, device_evidence_7d=1.5)
    (example,) = examples(
        paid(device="d", numbers=[Number(name="distance", value=9.0)]),
        device,
        paid("q", amount=90_000, day=1),
        charged_back(day=2),
        until=3,
    )
    found = {one.name: one.value for one in example.features}
    assert found["device_evidence_7d"] == 1.5
    assert found["number_distance"] == 9.0
    assert found["payments"] == 0.0
    assert example.paid_at == at(0)


def test_what_the_models_said_then_is_told() -> None:
    """Champion and challengers as of the payment, not as of the label."""
    known = {"amount_minor": {bin_of("amount_minor", 1_000): 2.0}}
    models = published(-2.0, known), published(1.0, {}, variant="quick", champion=False)
    lived = life(None, *models)
    lived.hear(paid(), charged_back())
    (example,) = [one for one in lived.said if isinstance(one, ExampleLabelled)]
    assert example.probability == 0.5
    assert [(one.name, one.value) for one in example.challengers] == [("quick", probability(1.0))]


def test_alerted_and_known() -> None:
    """An example says whether an alert rests on it, and whether the member was known before."""
    lived = life({"dear": rule("amount_minor > 5000", Verdict.REVIEW)})
    lived.hear(
        paid(),
        paid("q", 9_000, day=2),
        charged_back(day=5),
        paid("r", day=6),
        judged(CLEARED, day=7),
    )
    lived.hear(paid("s", day=8))
    lived.wait(MEMBER, at(60))
    found = {
        one.payment_id: (one.alerted, one.known)
        for one in lived.said
        if isinstance(one, ExampleLabelled)
    }
    assert found == {
        "p": (False, False),
        "q": (True, False),
        "r": (False, True),
        "s": (False, False),
    }


def test_nobody_teaches_at_will() -> None:
    """Of a day's labels the first twenty count whole, then less and less; the next day begins anew."""
    many = 5 * FULL_A_DAY
    found = examples(*(paid(f"p{n}", day=n / 1_000) for n in range(many)), until=32)
    weights = [one.weight for one in found]
    assert weights[:FULL_A_DAY] == [1.0] * FULL_A_DAY
    assert weights[-1] == FULL_A_DAY / many
    assert sum(weights) < FULL_A_DAY * 2.7
    assert examples(paid(), paid("q", day=1), until=40)[-1].weight == 1.0


def test_a_correction_weighs_what_it_corrects() -> None:
    """What was learned with a weight is taken back with the same."""
    many = 2 * FULL_A_DAY
    payments = [paid(f"p{n}", day=n / 1_000) for n in range(many)]
    found = examples(*payments, charged_back(f"p{many - 1}", day=45))
    assert (found[-1].corrects, found[-1].fraud) == (False, True)
    assert found[-1].weight == found[-2].weight == 0.5


def test_a_fraud_becomes_part_of_the_members_history_and_leaves_it() -> None:
    """Later payments know of it from the label on, and no more once it is corrected."""
    lived = life()
    lived.hear(paid(), charged_back(), paid("q", day=6), judged(CLEARED, day=7), paid("r", day=8))
    kept = lived.state.payments
    assert kept["q"].features["frauds_known_30d"] == 1.0
    assert "frauds_known_30d" not in kept["r"].features


# ---- what tokens are told --------------------------------------------------------------------------


def told_tokens(*events: Any, until: float = 60, **more: Any) -> list[str]:
    lived = life(None, *more.values())
    lived.hear(*events)
    lived.wait(MEMBER, at(until))
    return [short(one) for one in lived.said if isinstance(one, TokenLabelled)]


WITH_TOKENS = [
    paid(terminal_id="t", device="d"),
    answer(TokenRole.TERMINAL),
    answer(TokenRole.DEVICE),
]


def test_silence_is_told_to_places_alone() -> None:
    """A shop's share of fraud needs the honest payments too; a member's device only the frauds."""
    assert told_tokens(*WITH_TOKENS) == ["tell TERMINAL:t 0"]
    assert told_tokens(*WITH_TOKENS, charged_back()) == ["tell TERMINAL:t 1", "tell DEVICE:d 1"]


def test_corrections_say_what_they_correct() -> None:
    """Each token takes back what it was told, and only that."""
    late, cleared = charged_back(day=40), judged(CLEARED, day=41)
    assert told_tokens(*WITH_TOKENS, late, cleared) == [
        "tell TERMINAL:t 0",
        "tell TERMINAL:t 1, was 0",
        "tell DEVICE:d 1",
        "tell TERMINAL:t 0, was 1",
        "tell DEVICE:d 0, was 1",
    ]


def test_tokens_are_told_what_the_member_leaves_unexplained() -> None:
    """A payment that is unlike the member speaks less against the shop; by the weights of that time."""
    odd = published(
        0.0,
        {
            "hour_of_day": {bin_of("hour_of_day", 12): 2.0},
            "terminal_evidence_7d": {-1: 1.0, 1: 5.0},
        },
    )
    told = told_tokens(*WITH_TOKENS, charged_back(), model=odd)
    unexplained = 1 - probability(2.0 + 1.0)
    assert isclose(float(told[0].split()[-1]), unexplained, rel_tol=1e-4)


# ---- bounds ----------------------------------------------------------------------------------------


def test_payments_are_let_go() -> None:
    """After half a year and some weeks a payment is gone, and a label for it comes too late."""
    assert 180 * DAY <= let_go_at(at(0)) - at(0) <= 208 * DAY
    lived = life()
    lived.hear(paid(), paid("q", day=100))
    lived.wait(MEMBER, let_go_at(at(0)))
    assert list(lived.state.payments) == ["q"]
    said = lived.hear(charged_back(day=210))
    assert [short(one) for one in said] == ["p disregarded UNKNOWN_PAYMENT CHARGEBACK"]
    lived.wait(MEMBER, at(400))
    assert not lived.state.payments
    assert not lived.state.queue
    assert lived.due() is None


def test_labels_come_in_time_while_payments_come_and_go() -> None:
    """More payments than are kept, week after week: each is labelled at its own time, or let go and said."""
    lived = life()
    count = 3 * PAYMENTS_MOST
    for n in range(count):
        lived.hear(paid(f"p{n}", day=n / 4))
    lived.wait(MEMBER, at(count))
    labelled = [one for one in lived.said if isinstance(one, ExampleLabelled)]
    assert [one.payment_id for one in labelled] == [f"p{n}" for n in range(count)]
    assert all(
        one.occurred_at == one.paid_at + HORIZON_DAYS * DAY + 1
        and one.source == LabelSource.HORIZON
        for one in labelled
    )


def test_a_late_payment_is_labelled_too() -> None:
    """Payments that are heard out of order are labelled, none twice, none never."""
    found = examples(paid("late", day=5), paid("early", day=1), paid("last", day=6))
    assert sorted(one.payment_id for one in found) == ["early", "last", "late"]
