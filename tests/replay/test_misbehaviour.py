"""Those who misbehave beside those who do not: a prefix is a prefix, and no topic tells which is which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from replay.misbehaviour import truth
from replay.misbehaviour.tokens import HOUSEHOLDS, belongings
from replay.misbehaviour.truth import Incident, Scheme
from replay.retail import CURRENCY
from replay.year import Year
from schemas import codec
from schemas.actions import MemberRegistered, PurchaseMade, PurchaseReturned, RedemptionRequested
from schemas.record import Event
from schemas.risk import (
    ChargebackReceived,
    CouponApplied,
    DisputeResolved,
    InvitationAccepted,
    LoggedIn,
    LogInFailed,
    PaymentCaptured,
    PaymentFailed,
    RiskRuleChanged,
)

ORDERS = 1_500
DAY = 86_400_000


@pytest.fixture(scope="module")
def year() -> Year:
    """The first orders, with those who misbehave."""
    return Year.read(ORDERS, risk=True)


@pytest.fixture(scope="module")
def actions(year: Year) -> list[Event]:
    return list(year.actions())


@pytest.fixture(scope="module")
def incidents(year: Year) -> list[Incident]:
    return year.incidents()


def of(actions: list[Event], *kinds: type[Event]) -> Iterator[Event]:
    return (action for action in actions if isinstance(action, kinds))


def test_every_action_is_valid_single_and_in_order(actions: list[Event]) -> None:
    """Limits are kept, ids are unique, time goes on."""
    for action in actions[::7]:
        codec.validate(action)
    assert len({action.event_id for action in actions}) == len(actions)
    times = [action.occurred_at for action in actions]  # type: ignore[attr-defined]
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_what_is_real_is_told_as_without_them(year: Year, actions: list[Event]) -> None:
    """Nothing of the plain year is changed or missing; and none of it knows of risk."""
    plain = list(replace(year, risk=False).actions())
    with_risk = {action.event_id: action for action in actions}
    assert all(with_risk[action.event_id] == action for action in plain)
    assert not list(of(plain, PaymentCaptured, LoggedIn, RiskRuleChanged))


def test_a_shorter_year_is_a_prefix(actions: list[Event], incidents: list[Incident]) -> None:
    """The same incidents with the same ids and content; later ones are left out."""
    short = Year.read(900, risk=True)
    whole = {action.event_id: action for action in actions}
    assert all(whole[action.event_id] == action for action in short.actions())
    begun = [i for i in incidents if i.started_at < short.last_order_at]
    assert short.incidents() == begun
    assert begun


def test_another_seed_tells_of_others(year: Year, incidents: list[Incident]) -> None:
    """The seed decides who and when."""
    assert replace(year, seed=year.seed + 1).incidents() != incidents
    assert replace(year).incidents() == incidents


def test_every_scheme_is_told(incidents: list[Incident], actions: list[Event]) -> None:
    """And what is said to be true of it was told: members, payments, and the time."""
    assert {incident.scheme for incident in incidents} == set(Scheme) - {Scheme.UNKNOWN}
    paid = {p.payment_id: p for p in of(actions, PaymentCaptured)}  # type: ignore[attr-defined]
    registered = {action.key for action in of(actions, MemberRegistered)}
    last = max(action.occurred_at for action in actions)  # type: ignore[attr-defined]
    for incident in incidents:
        assert incident.members
        if incident.ended_at < last:
            assert set(incident.members) <= registered
            assert set(incident.payments) <= paid.keys()
        assert all(incident.started_at <= t.at <= incident.ended_at for t in incident.taken)


def test_no_two_incidents_share_a_new_account(incidents: list[Incident]) -> None:
    """Only a victim can be met twice, and be an honest member."""
    counted = Counter(m for i in incidents if i.scheme is not Scheme.TAKEOVER for m in i.members)
    assert set(counted.values()) == {1}


def test_nothing_that_is_told_says_what_it_is(
    actions: list[Event], incidents: list[Incident]
) -> None:
    """The truth is in no topic: no scheme, no name of an incident."""
    words = [scheme.value.lower() for scheme in Scheme] + [i.incident_id for i in incidents]
    theirs = {member for incident in incidents for member in incident.members}
    for action in actions:
        if action.key in theirs:
            text = codec.encode(action).decode("latin-1").lower()
            assert not any(word in text for word in words if word != "unknown"), action


def test_every_real_order_is_paid_once(actions: list[Event], incidents: list[Incident]) -> None:
    """With its amount and postage, a minute later; what costs nothing is not paid."""
    theirs = {m for i in incidents for m in i.members}
    paid: dict[str, list[PaymentCaptured]] = defaultdict(list)
    for payment in of(actions, PaymentCaptured):
        assert isinstance(payment, PaymentCaptured)
        if payment.order_id is not None:
            paid[payment.order_id].append(payment)
    for order in of(actions, PurchaseMade):
        assert isinstance(order, PurchaseMade)
        if order.member_id in theirs:
            continue
        amount = sum(line.amount_minor for line in order.lines) + order.postage_minor
        found = [(p.member_id, p.amount_minor, p.currency) for p in paid[order.order_id]]
        assert found == ([(order.member_id, amount, CURRENCY)] if amount > 0 else [])


def test_the_honest_have_a_base_rate(actions: list[Event], incidents: list[Incident]) -> None:
    """Forgotten passwords, declined cards, coupons and friends are not signs of crime alone."""
    theirs = {m for i in incidents for m in i.members}
    honest = [a for a in actions if getattr(a, "member_id", "") not in theirs]
    counted = Counter(type(action) for action in honest)
    orders = counted[PurchaseMade]
    assert 0.9 * orders < counted[PaymentCaptured] <= orders
    assert 0.02 < counted[LogInFailed] / orders < 0.15
    assert 0.01 < counted[PaymentFailed] / orders < 0.06
    assert 0.03 < counted[CouponApplied] / orders < 0.1
    assert counted[InvitationAccepted] > 20


def test_labels_come_late(actions: list[Event], incidents: list[Incident]) -> None:
    """A chargeback or the end of a dispute is days after the payment, and fraud's are about fraud."""
    paid = {p.payment_id: p.occurred_at for p in of(actions, PaymentCaptured)}  # type: ignore[attr-defined]
    stolen = {payment for incident in incidents for payment in incident.payments}
    fraud = 0
    for label in of(actions, ChargebackReceived, DisputeResolved):
        payment_id: str = label.payment_id  # type: ignore[attr-defined]
        assert label.occurred_at - paid[payment_id] >= 5 * DAY  # type: ignore[attr-defined]
        if isinstance(label, ChargebackReceived):
            assert label.fraud is (payment_id in stolen)
            fraud += label.fraud
    assert fraud > 20


def test_a_refund_comes_after_the_gift(actions: list[Event], incidents: list[Incident]) -> None:
    """Who misuses returns sends most or all back, after points became a gift, if the year lasts."""
    whole = 0
    for incident in (i for i in incidents if i.scheme is Scheme.REFUND_FOR_POINTS):
        own = [a for a in actions if getattr(a, "member_id", "") == incident.members[0]]
        wishes = [a.occurred_at for a in of(own, RedemptionRequested)]  # type: ignore[attr-defined]
        backs = [a.occurred_at for a in of(own, PurchaseReturned)]  # type: ignore[attr-defined]
        if len(backs) > len(list(of(own, PurchaseMade))) / 2:
            whole += 1
        assert not backs or min(backs) > max(wishes)
    assert whole


def test_members_have_their_own_things() -> None:
    """The same for the same member; some share an address, few a card, most nothing."""
    everybody = [belongings(1, f"m{n}", "EIRE") for n in range(3_000)]
    assert everybody[5] == belongings(1, "m5", "EIRE") != belongings(2, "m5", "EIRE")
    assert everybody[0].country == "IE"
    addresses = Counter(owned.address for owned in everybody)
    together = [count for count in addresses.values() if count > 1]
    assert 100 < len(together) < HOUSEHOLDS
    cards = Counter(owned.cards[0] for owned in everybody)
    assert max(cards.values()) < max(addresses.values()) < 8


def test_the_truth_is_kept_in_a_file(tmp_path: Path, incidents: list[Incident]) -> None:
    """It is read as it was written; a folder without one has none."""
    assert truth.read(tmp_path) == []
    truth.write(tmp_path, incidents)
    assert truth.read(tmp_path) == incidents
