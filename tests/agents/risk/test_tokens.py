"""What a token says of itself, row by row: how often, by whom, what became of it; never what it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from agents.risk.questions import key_of
from agents.risk.tokens import TOKENS
from schemas.risk import AbuseKind, TokenAssessed, TokenLabelled, TokenPresented, TokenRole
from tests.agents.risk.payments_told import at
from tests.agents.rows import Life, ids, stored

ROLE = TokenRole.DEVICE
TOKEN = key_of(ROLE, "d")


def asked(
    member: str = "m",
    day: float = 0,
    kind: AbuseKind = AbuseKind.PAYMENT,
    companion: str | None = None,
    role: TokenRole = ROLE,
) -> TokenPresented:
    return TokenPresented(
        event_id=f"presented-{member}-{day}",
        token=TOKEN,
        occurred_at=at(day),
        member_id=member,
        payment_id=f"p-{member}-{day}",
        role=role,
        amount_minor=1_000,
        kind=kind,
        companion_id=companion,
    )


def labelled(
    evidence: float, paid_day: float = 0, day: float = 7, corrects: float | None = None
) -> TokenLabelled:
    return TokenLabelled(
        event_id=f"labelled-{paid_day}-{day}",
        token=TOKEN,
        occurred_at=at(day),
        member_id="m",
        payment_id="p",
        paid_at=at(paid_day),
        fraud=evidence > 0,
        evidence=evidence,
        corrects=corrects,
    )


def accepted(member: str, day: float = 0, companion: str = "inviter") -> TokenPresented:
    return asked(member, day, AbuseKind.REFERRAL, companion)


# name, what is heard, and of the last answer some features (None: missing)
ROWS: list[tuple[str, list[Any], dict[str, float | None]]] = [
    ("never seen: no payments, and of members nothing is known", [asked()],
     {"payments_24h": 0, "others_30d": None, "labels": None, "of_inviter": None}),
    ("an answer never contains what is asked", [asked(), asked(day=0.5)],
     {"payments_24h": 1, "payments_1h": 0, "others_30d": 0, "known_to_member": 1}),
    ("others share it", [asked("a"), asked("b", 1), asked("c", 1.5)],
     {"others_30d": 2, "members_24h": 1, "known_to_member": 0}),
    ("one who shares it is not among the others", [asked("a"), asked("b", 1), asked("a", 2)],
     {"others_30d": 1, "known_to_member": 1}),
    ("a month later they are gone", [asked("a"), asked("b", 31)],
     {"others_30d": 0, "known_to_member": 0}),
    ("the inviter uses it too", [asked("inviter"), accepted("m", 3)],
     {"of_inviter": 1, "others_30d": 1}),
    ("the inviter does not", [asked("somebody"), accepted("m", 3)],
     {"of_inviter": 0, "others_30d": 1}),
    ("an acceptance is no payment, but a use", [accepted("a"), accepted("b"), asked("c", 0.1)],
     {"payments_24h": 0, "others_30d": 2}),
    ("a farm: one device, ten new members", [accepted(f"new-{n}", n / 100) for n in range(10)],
     {"others_30d": 9}),
    ("a fraud is known from its label on", [asked(), asked(day=6)], {"labels": None}),
    ("and then counts", [asked(), labelled(0.75), asked(day=8)],
     {"labels": 1, "evidence_7d": 0.75, "last_evidence": 0.75}),
    ("a correction takes back what was told", [asked(), labelled(0.75),
     labelled(0.0, day=9, corrects=0.75), asked(day=10)],
     {"labels": 1, "evidence_7d": 0}),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_rows(row: tuple[str, list[Any], dict[str, float | None]]) -> None:
    """The features of the last answer, by the role's name."""
    _, events, expected = row
    said = Life(TOKENS).hear(*events)
    last = said[-1]
    assert isinstance(last, TokenAssessed)
    found = {one.name: one.value for one in last.features}
    assert {name: found.get(f"device_{name}") for name in expected} == expected


def test_every_question_has_one_answer() -> None:
    """To the member who asked, about what was asked, at that moment; a label is not answered."""
    events = [asked("a"), labelled(1.0), accepted("b", 8), asked("c", 9)]
    said = Life(TOKENS).hear(*events)
    found = [(one.member_id, one.payment_id, one.kind) for one in said]  # type: ignore[attr-defined]
    assert found == [
        ("a", "p-a-0", AbuseKind.PAYMENT),
        ("b", "p-b-8", AbuseKind.REFERRAL),
        ("c", "p-c-9", AbuseKind.PAYMENT),
    ]


@pytest.mark.parametrize("role", [role for role in TokenRole if role is not TokenRole.UNKNOWN])
def test_features_are_named_by_the_role(role: TokenRole) -> None:
    """The same figure of a card and of an address are two features."""
    said = Life(TOKENS).hear(asked("a", role=role), labelled(1.0), asked("b", 8, role=role))
    names = [one.name for one in said[-1].features]  # type: ignore[attr-defined]
    assert names
    assert all(name.startswith(f"{role.value.lower()}_") for name in names)


def test_a_token_that_everybody_uses_stays_small() -> None:
    """A shop of ten thousand payments keeps a few KiB; beyond its caps counts say 'at least'."""
    lived = Life(TOKENS)
    for n in range(10_000):
        lived.hear(asked(f"member-{n}", n / 5_000), labelled(0.0, n / 5_000, n / 5_000))
    record, _ = stored(TOKENS, lived.state)
    assert record < 12 * 1024
    last = lived.hear(asked("last", 2.0))[-1]
    found = {one.name: one.value for one in last.features}  # type: ignore[attr-defined]
    assert found["device_others_30d"] >= 64
