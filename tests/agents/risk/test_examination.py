"""How payments are examined, row by row: once each, at once or after their tokens' answers."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from agents.risk.examination import RISK, risk
from agents.risk.features import told as features_told
from agents.risk.payment_book import PAYMENTS_MOST
from schemas.record import Outcome
from schemas.risk import (
    FraudScored,
    Number,
    PaymentFailed,
    TokenRole,
    Verdict,
)
from tests.agents.risk.payments_told import (
    HOUR,
    MEMBER,
    answer,
    at,
    charged_back,
    life,
    paid,
    published,
    rule,
    short,
    told,
)
from tests.agents.rows import ids, stored

DEVICE, CARD, TERMINAL = TokenRole.DEVICE, TokenRole.CARD, TokenRole.TERMINAL
DEAR = {"dear": rule("amount_minor > 5000", Verdict.HOLD, 600)}

ROWS: list[tuple[str, list[Any], list[str]]] = [
    ("no tokens: at once", [paid()], ["p ALLOW 0"]),
    ("a rule fires", [paid(amount=9_000)], ["p HOLD 600"]),
    ("told again: once", [paid(), paid(day=1)], ["p ALLOW 0", "p disregarded ALREADY_POSTED"]),
    ("other content under its id", [paid(), paid(amount=2)], ["p ALLOW 0", "p disregarded CONFLICTS"]),
    ("other numbers are other content",
     [paid(), paid(numbers=[Number(name="x", value=1.0)])],
     ["p ALLOW 0", "p disregarded CONFLICTS"]),
    ("a terminal is asked first", [paid(terminal_id="t")], ["ask TERMINAL:t about p"]),
    ("and its answer brings the verdict",
     [paid(terminal_id="t", amount=9_000), answer(TERMINAL)],
     ["ask TERMINAL:t about p", "p HOLD 600"]),
    ("every token is asked once",
     [paid(terminal_id="t", product_id="x", device="d", card="c", address="a", network="n")],
     ["ask TERMINAL:t about p", "ask PRODUCT:x about p", "ask DEVICE:d about p",
      "ask CARD:c about p", "ask ADDRESS:a about p", "ask NETWORK:n about p"]),
    ("the same text in two roles: two tokens",
     [paid(device="x", card="x"), answer(DEVICE), answer(CARD)],
     ["ask DEVICE:x about p", "ask CARD:x about p", "p ALLOW 0"]),
    ("told again while it waits: not asked again",
     [paid(device="d"), paid(device="d", day=1), answer(DEVICE)],
     ["ask DEVICE:d about p", "p disregarded ALREADY_POSTED", "p ALLOW 0"]),
    ("an answer twice", [paid(device="d", card="c"), answer(DEVICE), answer(DEVICE)],
     ["ask DEVICE:d about p", "ask CARD:c about p"]),
    ("an answer for nobody", [answer(DEVICE)], []),
    ("a label that comes before the answers: scored with what is known",
     [paid(device="d"), charged_back(day=0.1), answer(DEVICE)],
     ["ask DEVICE:d about p", "p ALLOW 0", "p fraud says CHARGEBACK", "tell DEVICE:d 1"]),
    ("a second payment need not wait for the first's answers",
     [paid(device="d"), paid("q", day=0.1), answer(DEVICE)],
     ["ask DEVICE:d about p", "q ALLOW 0", "p ALLOW 0"]),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_rows(row: tuple[str, list[Any], list[str]]) -> None:
    """What is said to these events, in this order."""
    _, events, expected = row
    assert [short(one) for one in life(DEAR).hear(*events)] == expected


def scored_with(*answers: Any) -> FraudScored:
    rules = {"shared": rule("device_others_30d > 3 && card_others_30d > 1", Verdict.BLOCK, 400)}
    model = published(-2.0, {"card_evidence_7d": {8: 1.5}, "amount_minor": {40: 0.5}})
    lived = life(rules, model)
    said = lived.hear(paid(device="d", card="c", terminal_id="t"), *answers)
    return next(one for one in said if isinstance(one, FraudScored))


def test_the_order_of_answers_changes_nothing() -> None:
    """Whichever token answers last, the score is the same, with all that they said."""
    answers = [
        answer(DEVICE, device_others_30d=5.0),
        answer(CARD, card_others_30d=2.0, card_evidence_7d=2.0),
        answer(TERMINAL),
    ]
    found = {repr(scored_with(*order)) for order in permutations(answers)}
    assert len(found) == 1
    assert scored_with(*answers).verdict is Verdict.BLOCK


def test_every_payment_gets_its_verdict_however_many_there_are() -> None:
    """Beyond the cap the oldest gives way: it is scored with what is known, and nothing is learned of it."""
    lived = life()
    lived.hear(*(paid(f"p{n}", day=n / 1_000, device="d") for n in range(PAYMENTS_MOST + 3)))
    words = [short(one) for one in lived.said if not short(one).startswith("ask")]
    assert words == [
        word for n in range(3) for word in (f"p{n} ALLOW 0", f"p{n} disregarded TOO_MANY")
    ]
    assert len(lived.state.payments) == len(lived.state.queue) == PAYMENTS_MOST


def test_what_is_kept_is_small() -> None:
    """A busy member with every token: the record and each entry stay within a few KiB."""
    lived = life()
    for n in range(400):
        tokens = {"device": f"device-{n % 50}", "card": f"card-{n}", "terminal_id": f"shop-{n}"}
        lived.hear(paid(f"p{n}", day=n / 10, address=f"address-{n}", network=f"net-{n}", **tokens))
    record, entry = stored(RISK, lived.state)
    assert record < 24 * 1024
    assert entry < 4 * 1024


def test_payments_that_failed_are_counted() -> None:
    """Cards that are tried and fail within an hour are a rule's matter."""
    lived = life({"testing": rule("payments_failed_1h >= 5.0 && card_tokens_24h >= 5.0")})
    for n in range(5):
        lived.hear(
            PaymentFailed(
                **told(n / 1_000, f"failed-{n}"),
                payment_id=f"f{n}",
                amount_minor=100,
                currency="GBP",
                card=f"card-{n}",
            )
        )
    said = lived.hear(paid(day=0.01, card="card-9"), answer(CARD, day=0.01))
    assert short(said[-1]) == "p REVIEW 100"
    later = lived.hear(paid("q", day=0.5, card="card-9"), answer(CARD, "q", day=0.5))
    assert short(later[-1]) == "q ALLOW 0"


def test_numbers_of_the_platform_are_features() -> None:
    """What the platform sends along is weighed by rules; what is no number at all is missing."""
    lived = life({"far": rule("numbers.distance > 100")})
    far = [Number(name="distance", value=250.0), Number(name="odd", value=float("nan"))]
    assert short(lived.hear(paid(numbers=far))[0]) == "p REVIEW 100"
    kept = {one.name for one in features_told(lived.state.payments["p"].features)}
    assert "number_distance" in kept
    assert "number_odd" not in kept


def test_features_are_those_of_decision_time() -> None:
    """What happens after a payment, also its own part in the history, changes nothing of what is kept."""
    lived = life()
    lived.hear(paid(), paid("q", amount=3_000, day=1))
    first = dict(lived.state.payments["p"].features)
    lived.hear(*(paid(f"r{n}", amount=90_000, day=2 + n) for n in range(5)))
    assert lived.state.payments["p"].features == first
    assert "amount_to_mean" not in first
    assert lived.state.payments["q"].features["amount_to_mean"] == 3.0
    assert lived.state.payments["q"].features["payments"] == 1


def test_a_late_payment_is_measured_against_what_was_before_it() -> None:
    """Windows are of event time: what was heard earlier but happened later does not count."""
    lived = life()
    lived.hear(paid("later", day=2), paid("early", day=1))
    assert lived.state.payments["early"].features["payments_24h"] == 0


def test_the_horizon_has_limits() -> None:
    """It is named in days, and shorter than payments are kept."""
    for days in (0, 180):
        with pytest.raises(ValueError, match="between 1 and 179 days"):
            risk(days)


def test_a_score_says_of_whom_and_what() -> None:
    """Order, money and moment are the payment's."""
    (outcome,) = life(DEAR).hear(paid(amount=9_000, order_id="o", day=3))
    assert isinstance(outcome, FraudScored)
    assert (outcome.member_id, outcome.order_id) == (MEMBER, "o")
    assert (outcome.amount_minor, outcome.currency, outcome.occurred_at) == (9_000, "GBP", at(3))
    assert outcome.probability is None


def said_by(*events: Any) -> list[Outcome]:
    return life(DEAR).hear(*events)


def test_a_new_card_after_a_new_device() -> None:
    """Hours since a token was last new are told of every role, also by a log-in."""
    lived = life()
    lived.hear(paid("a", card="old", device="phone"), paid("b", day=10, card="new", device="phone"))
    lived.hear(paid("c", day=10.5, card="old", device="phone"))
    found = [lived.state.payments[name].features for name in "abc"]
    assert [one.get("hours_since_new_card") for one in found] == [None, 0.0, 12.0]
    assert [one.get("hours_since_new_device") for one in found] == [None, None, None]
    assert found[1]["days_known"] == 10.0
    assert HOUR == 3_600_000
