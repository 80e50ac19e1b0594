"""The stage `tokens`: what is known of a terminal, product, device, card, address or network.

A token that a payment or an acceptance presents answers with its features as they were just before, and
then counts it in; so what it says never contains what it is asked about. Labels come back late and are
kept by the day of the payment (`reputation.py`). That others share a token is told as a number: families
and offices do, so how many are too many is a rule's matter, never this agent's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from agents import Agent, Tables
from agents.risk import reputation
from agents.risk.features import told
from agents.risk.reputation import (
    MEMBERS_MOST,
    Reputation,
    keep_label,
    keep_payment,
    member_hash,
)
from agents.risk.windows import DAY, distinct, see
from schemas.risk import AbuseKind, TokenAssessed, TokenLabelled, TokenPresented

MONTH = 30 * DAY


def react(
    state: Reputation, event: TokenPresented | TokenLabelled, _tables: Tables
) -> Iterator[TokenAssessed]:
    """Answer a question; keep a label."""
    match event:
        case TokenPresented():
            yield _assess(state, event)
            _count(state, event)
        case TokenLabelled():
            keep_label(state, event.paid_at, event.occurred_at, event.evidence, event.corrects)
        case _:
            assert_never(event)


def _assess(state: Reputation, asked: TokenPresented) -> TokenAssessed:
    role = asked.role.value.lower()
    found = reputation.features(state, role, asked.member_id, asked.occurred_at)
    if state.members:
        found[f"{role}_others_30d"] = _others(state, asked)
        if asked.companion_id is not None:
            found[f"{role}_of_inviter"] = member_hash(asked.companion_id) in state.members
    return TokenAssessed(
        member_id=asked.member_id,
        occurred_at=asked.occurred_at,
        payment_id=asked.payment_id,
        role=asked.role,
        features=told(found),
        kind=asked.kind,
    )


def _others(state: Reputation, asked: TokenPresented) -> int:
    """How many members beside this one used it in the last 30 days."""
    known_at = state.members.get(member_hash(asked.member_id))
    itself = known_at is not None and 0 <= asked.occurred_at - known_at < MONTH
    return distinct(state.members, asked.occurred_at, MONTH) - itself


def _count(state: Reputation, asked: TokenPresented) -> None:
    """A payment is counted as one; an acceptance only says that the member uses the token."""
    if asked.kind is AbuseKind.PAYMENT:
        keep_payment(state, asked.member_id, asked.occurred_at, asked.amount_minor)
    else:
        see(state.members, member_hash(asked.member_id), asked.occurred_at, MEMBERS_MOST)


TOKENS: Agent[Reputation] = Agent(
    "tokens", Reputation, frozenset({TokenPresented, TokenLabelled}), react
)
