"""What a member's doing was made with, as tokens, and the questions that go to them.

A token is a key of its own in the stage `tokens`, its role in front: the same text as a card and as a
device is two tokens. Each is asked once and answers once, whatever is examined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.risk import (
    AbuseKind,
    InvitationAccepted,
    LoggedIn,
    PaymentCaptured,
    TokenPresented,
    TokenRole,
)


def key_of(role: TokenRole, token: str) -> str:
    """The token as a key.

    >>> key_of(TokenRole.DEVICE, "4f0c")
    'DEVICE:4f0c'
    """
    return f"{role.value}:{token}"


def of_payment(event: PaymentCaptured) -> dict[TokenRole, str]:
    """What a payment was made with, where and for what, by role."""
    named = (
        (TokenRole.TERMINAL, event.terminal_id),
        (TokenRole.PRODUCT, event.product_id),
        (TokenRole.DEVICE, event.device),
        (TokenRole.CARD, event.card),
        (TokenRole.ADDRESS, event.address),
        (TokenRole.NETWORK, event.network),
    )
    return {role: token for role, token in named if token is not None}


def of_acceptance(event: InvitationAccepted) -> dict[TokenRole, str]:
    """What an invitation was accepted with, by role."""
    named = (
        (TokenRole.DEVICE, event.device),
        (TokenRole.CARD, event.card),
        (TokenRole.ADDRESS, event.address),
        (TokenRole.NETWORK, event.network),
    )
    return {role: token for role, token in named if token is not None}


def ask_about_payment(
    event: PaymentCaptured, tokens: Mapping[TokenRole, str]
) -> Iterator[TokenPresented]:
    """One question for each token of a payment."""
    for role, token in tokens.items():
        yield TokenPresented(
            token=key_of(role, token),
            occurred_at=event.occurred_at,
            member_id=event.member_id,
            payment_id=event.payment_id,
            role=role,
            amount_minor=event.amount_minor,
        )


def ask_about_log_in(event: LoggedIn, device: str) -> TokenPresented:
    """One question to the device: who else is there?"""
    return TokenPresented(
        token=key_of(TokenRole.DEVICE, device),
        occurred_at=event.occurred_at,
        member_id=event.member_id,
        payment_id=event.event_id,
        role=TokenRole.DEVICE,
        amount_minor=0,
        kind=AbuseKind.ACCOUNT_TAKEOVER,
    )


def ask_about_acceptance(
    event: InvitationAccepted, tokens: Mapping[TokenRole, str]
) -> Iterator[TokenPresented]:
    """One question for each token of an acceptance: who else uses it, and does the inviter?"""
    for role, token in tokens.items():
        yield TokenPresented(
            token=key_of(role, token),
            occurred_at=event.occurred_at,
            member_id=event.member_id,
            payment_id=event.event_id,
            role=role,
            amount_minor=0,
            kind=AbuseKind.REFERRAL,
            companion_id=event.inviter_id,
        )
