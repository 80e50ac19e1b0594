"""Friends and referrals where the member is: both sides of every invitation.

The invited member's side decides whether an invitation was worth it, and says so of itself; the inviter's
side hears of it and says it of itself; so, too, when the reward is lost. The ledger posts what either says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec import Struct, field, structs

from agents import Agent, StateMap, Tables, Woken
from agents.cases import NEVER, Case, Standing, lapsed
from agents.friends import friendships, losses, referrals
from agents.friends.friendships import Friend
from agents.friends.losses import Rewarded
from agents.friends.referrals import Purchase, Referral
from schemas.friends import (
    FriendshipEnded,
    FriendTold,
    ReferralQualified,
    ReferralRefusal,
    ReferralRefused,
    ReferralReported,
    ReferralReversed,
    ReferralRole,
)
from schemas.outcomes import (
    MemberHidden,
    MemberShown,
    OrderPlaced,
    OrderStateChanged,
    PointsForfeited,
    PointsReleased,
    PointsWithheld,
    ReturnAccepted,
)
from schemas.record import Event, Outcome
from schemas.risk import (
    AlertClosed,
    DisputeOpened,
    DisputeResolved,
    FraudScored,
    InvitationAccepted,
)

WAITING_MOST = 100
Judged = PointsWithheld | PointsReleased | PointsForfeited
Heard = (
    InvitationAccepted
    | FriendshipEnded
    | FriendTold
    | ReferralReported
    | OrderPlaced
    | OrderStateChanged
    | ReturnAccepted
    | Judged
    | DisputeOpened
    | DisputeResolved
    | FraudScored
    | AlertClosed
    | MemberHidden
    | MemberShown
    | Woken
)


class Circle(Struct):
    """A member's friends, the newest ends, and referrals on both sides.

    `accepted` is true once an invitation was; `referral` is there until it ends, `purchases` may be what it
    waits for; `rewarded` is the referral once it was, while it can be lost. `waiting` are rewards of the
    member as inviter while a block hides the member, `passed` the newest that found no room there.
    """

    accepted: bool = False
    hidden: bool = False
    referral: Referral | None = None
    purchases: dict[str, Purchase] = field(default_factory=dict)
    rewarded: Rewarded | None = None
    waiting: list[ReferralReported] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    friends: StateMap[Friend] = field(default_factory=StateMap)


def react(state: Circle, event: Heard, tables: Tables) -> Iterator[Outcome]:
    """What an event says of friends or of a referral; then whether the referral has come to its end."""
    match event:
        case InvitationAccepted():
            yield from _accept(state, event, tables)
        case FriendshipEnded():
            yield from friendships.end(state.ends, state.friends, event)
        case FriendTold():
            yield from friendships.told(state.ends, state.friends, event)
        case ReferralReported():
            yield from _reward(state, event) if event.lost is None else _take_back(state, event)
        case MemberHidden():
            state.hidden = True
        case MemberShown():
            yield from _show(state, event.occurred_at)
        case _ if state.referral is not None:
            _follow(state, state.referral, event)
        case _:
            pass
    if state.rewarded is not None:
        yield from _hold(state, state.rewarded, event)
    if state.referral is not None:
        yield from _decide(state, state.referral, event.key, event.occurred_at)


# ---- the invited member's side ---------------------------------------------------------------------


def _accept(state: Circle, accepted: InvitationAccepted, tables: Tables) -> Iterator[Outcome]:
    reason = _refusal(state, accepted)
    if reason is not None:
        yield ReferralRefused(
            member_id=accepted.member_id,
            occurred_at=accepted.occurred_at,
            friend_id=accepted.inviter_id,
            invitation_id=accepted.invitation_id,
            reason=reason,
        )
    else:
        state.accepted = True
        state.referral = referrals.referral(accepted, tables)
    if reason is not ReferralRefusal.SELF:
        yield from friendships.accept(state.ends, state.friends, accepted)


def _refusal(state: Circle, accepted: InvitationAccepted) -> ReferralRefusal | None:
    """Nobody invites themselves, is new twice, or is new to a friend."""
    if accepted.inviter_id == accepted.member_id:
        return ReferralRefusal.SELF
    if state.accepted:
        return ReferralRefusal.ALREADY_REFERRED
    if accepted.inviter_id in state.friends:
        return ReferralRefusal.ALREADY_FRIENDS
    return None


def _follow(
    state: Circle,
    known: Referral,
    event: OrderPlaced
    | OrderStateChanged
    | ReturnAccepted
    | Judged
    | DisputeOpened
    | DisputeResolved
    | FraudScored
    | AlertClosed
    | Woken,
) -> None:
    """What an event means for the purchase that is waited for, or for the acceptance itself."""
    purchases = state.purchases
    match event:
        case OrderPlaced():
            referrals.place(purchases, known, event)
        case OrderStateChanged():
            referrals.move_on(purchases, known, event)
        case ReturnAccepted():
            referrals.give_back(purchases, known, event)
        case PointsWithheld() | PointsForfeited():
            referrals.mark(purchases, event.order_id, stopped=True)
        case PointsReleased():
            referrals.mark(purchases, event.order_id, stopped=False)
        case DisputeOpened() | DisputeResolved():
            disputed = isinstance(event, DisputeOpened) or event.upheld
            referrals.mark(purchases, event.order_id, disputed=disputed)
        case FraudScored() | AlertClosed() | Woken():
            state.referral = structs.replace(known, case=_weighed(known.case, event))
        case _:
            assert_never(event)


def _weighed(case: Case | None, event: FraudScored | AlertClosed | Woken) -> Case | None:
    """What verdicts on the acceptance, their alert's end and time make of the case."""
    if isinstance(event, Woken):
        return None if case is None else lapsed(case, event.occurred_at)
    return losses.weighed(case, event)


def _decide(state: Circle, known: Referral, member_id: str, now: int) -> Iterator[Outcome]:
    if known.standing is Standing.FORFEITED:
        _close(state)
        yield ReferralRefused(
            member_id=member_id,
            occurred_at=now,
            friend_id=known.inviter_id,
            invitation_id=known.invitation_id,
            reason=ReferralRefusal.ABUSE,
        )
    elif known.standing is Standing.FREE and not state.hidden:
        order_id = referrals.kept(state.purchases, now)
        if order_id is not None:
            purchase = state.purchases[order_id]
            state.rewarded = losses.rewarded(known, order_id, purchase, now)
            _close(state)
            yield from _on_both_sides(ReferralQualified, known, member_id, order_id, now)


def _close(state: Circle) -> None:
    state.referral, state.purchases = None, {}


def _on_both_sides(
    said: type[ReferralQualified | ReferralReversed],
    known: Referral,
    member_id: str,
    order_id: str,
    now: int,
    **more: Any,
) -> Iterator[Outcome]:
    """The invited member's side says it of itself, and reports it to the inviter's."""
    fields: dict[str, Any] = {
        "occurred_at": now,
        "invitation_id": known.invitation_id,
        "order_id": order_id,
        "rule_id": known.rule_id,
        "rule_version": known.rule_version,
        **more,
    }
    yield said(
        **fields,
        member_id=member_id,
        friend_id=known.inviter_id,
        role=ReferralRole.INVITED,
        points=known.invited_points,
    )
    yield ReferralReported(
        **fields,
        member_id=known.inviter_id,
        friend_id=member_id,
        points=known.inviter_points,
    )


def _hold(state: Circle, known: Rewarded, event: Any) -> Iterator[Outcome]:
    """Keep to the reward while its purchase is kept; both sides lose it with that.

    What a verdict took comes back with the verdict's end, to who is not blocked.
    """
    known, ended = losses.after(known, event)
    place = known.referral, event.key, known.order_id, event.occurred_at
    why = ended or known.judged
    if why is not None and not known.lost:
        known = structs.replace(known, lost=True)
        yield from _on_both_sides(ReferralReversed, *place, lost=why)
    elif why is None and known.lost and known.free and not state.hidden:
        known = structs.replace(known, lost=False)
        yield from _on_both_sides(ReferralQualified, *place)
    over = ended is not None or event.occurred_at >= known.until
    state.rewarded = None if over else known


# ---- the inviter's side ----------------------------------------------------------------------------


def _reward(state: Circle, report: ReferralReported) -> Iterator[Outcome]:
    if report.invitation_id in state.passed:
        return  # for good: it would be given to some of those who found no room, and not to others
    if not state.hidden:
        yield _of_inviter(ReferralQualified, report, report.occurred_at)
    elif len(state.waiting) < WAITING_MOST:
        state.waiting.append(report)
    else:
        state.passed = [*state.passed, report.invitation_id][-WAITING_MOST:]
        yield ReferralRefused(
            member_id=report.member_id,
            occurred_at=report.occurred_at,
            friend_id=report.friend_id,
            invitation_id=report.invitation_id,
            reason=ReferralRefusal.TOO_MANY,
        )


def _take_back(state: Circle, report: ReferralReported) -> Iterator[Outcome]:
    """What was rewarded is lost; what still waits waits no more."""
    assert report.lost is not None
    invitation_id = report.invitation_id
    if invitation_id in state.passed:
        return
    if any(one.invitation_id == invitation_id for one in state.waiting):
        state.waiting = [one for one in state.waiting if one.invitation_id != invitation_id]
        return
    yield _of_inviter(ReferralReversed, report, report.occurred_at, lost=report.lost)


def _show(state: Circle, now: int) -> Iterator[Outcome]:
    """No block is left: what waited for that is the member's."""
    state.hidden = False
    waiting, state.waiting = state.waiting, []
    for report in waiting:
        yield _of_inviter(ReferralQualified, report, now)


def _of_inviter(
    said: type[ReferralQualified | ReferralReversed],
    report: ReferralReported,
    now: int,
    **more: Any,
) -> ReferralQualified | ReferralReversed:
    """What was reported, said of the inviter."""
    return said(
        member_id=report.member_id,
        occurred_at=now,
        friend_id=report.friend_id,
        role=ReferralRole.INVITER,
        invitation_id=report.invitation_id,
        order_id=report.order_id,
        rule_id=report.rule_id,
        rule_version=report.rule_version,
        points=report.points,
        **more,
    )


def wake_at(state: Circle) -> int | None:
    """When a purchase is kept, a verdict on the acceptance lapses, or a reward can be lost no more."""
    if state.referral is None:
        return None if state.rewarded is None else state.rewarded.until
    case = state.referral.case
    at = NEVER if case is None else case.due()
    if state.referral.standing is Standing.FREE and not state.hidden:
        at = min(at, referrals.due(state.purchases))
    return at if at < NEVER else None


HEARS: frozenset[type[Event | Outcome]] = frozenset(
    {
        InvitationAccepted,
        FriendshipEnded,
        FriendTold,
        ReferralReported,
        OrderPlaced,
        OrderStateChanged,
        ReturnAccepted,
        PointsWithheld,
        PointsReleased,
        PointsForfeited,
        DisputeOpened,
        DisputeResolved,
        FraudScored,
        AlertClosed,
        MemberHidden,
        MemberShown,
    }
)
FRIENDS: Agent[Any] = Agent("friends", Circle, HEARS, react, wake_at)
