"""An accepted invitation: did the inviter invite themselves?

The new member's tokens are asked who else uses them, and whether the inviter does. Rules weigh the
answers; that a family shares an address and a network, or a few people a device, is theirs to tolerate.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from agents import Tables
from agents.risk.doings import features, keep_tokens, note, told_before
from agents.risk.features import heard
from agents.risk.payment_book import Acceptance, Risk
from agents.risk.payments import by_rules
from agents.risk.questions import ask_about_acceptance, of_acceptance
from agents.risk.scoring import Subject
from schemas.record import Outcome
from schemas.risk import AbuseKind, FraudScored, InvitationAccepted, TokenAssessed


def accept(state: Risk, event: InvitationAccepted, tables: Tables) -> Iterator[Outcome]:
    """An invitation that is accepted again under another event says nothing new."""
    if told_before(state.doings, "invitations_accepted", event.invitation_id):
        return
    at, tokens = event.occurred_at, of_acceptance(event)
    note(state.doings, state.habits, "invitations_accepted", at)
    by_role = {role.value.lower(): token for role, token in tokens.items()}
    keep_tokens(state.doings, state.habits, by_role, at)
    found = features(state.doings, state.habits, at)
    acceptance = Acceptance(at, tuple(tokens), {name: float(found[name]) for name in found})
    if tokens:
        state.acceptances[event.event_id] = acceptance
        yield from ask_about_acceptance(event, tokens)
    else:
        yield from _end(event.member_id, event.event_id, acceptance, tables)


def answered(state: Risk, event: TokenAssessed, tables: Tables) -> Iterator[FraudScored]:
    """A token answers; the last answer ends it."""
    acceptance = state.acceptances.get(event.payment_id)
    if acceptance is None or event.role not in acceptance.waits_for:
        return
    acceptance = structs.replace(
        acceptance,
        features=acceptance.features | heard(event.features),
        waits_for=tuple([role for role in acceptance.waits_for if role != event.role]),
    )
    if acceptance.waits_for:
        state.acceptances[event.payment_id] = acceptance
        return
    del state.acceptances[event.payment_id]
    yield from _end(event.member_id, event.payment_id, acceptance, tables)


def _end(
    member_id: str, subject_id: str, acceptance: Acceptance, tables: Tables
) -> Iterator[FraudScored]:
    subject = Subject(
        member_id=member_id,
        at=acceptance.accepted_at,
        kind=AbuseKind.REFERRAL,
        subject_id=subject_id,
    )
    yield from by_rules(subject, acceptance.features, tables)
