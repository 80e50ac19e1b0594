"""What an outcome means for the views in Redis: pure, and the one place that says who feeds what.

An operation carries absolute values, so doing it twice changes nothing, and of several with the same
identity the newest is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from schemas.candidates import AvailabilityChanged, CandidatesChanged, NeighboursChanged
from schemas.friends import FriendshipDissolved, FriendshipStarted
from schemas.outcomes import (
    LEDGER,
    BoardPartitionClosed,
    Heat,
    LedgerOutcome,
    MemberHidden,
    MemberShown,
    ProductHeated,
    Score,
    ScoreChanged,
    StockChanged,
    TermHeated,
)
from schemas.record import Outcome
from schemas.risk import (
    AlertClosed,
    AlertOpened,
    AlertSuppressed,
    AlertUpdated,
    FraudScored,
)
from schemas.segments import SegmentEntered, SegmentLeft
from schemas.tiers import TierChanged, TierProgressed
from schemas.topics import ALERTS as ALERTS_TOPIC
from schemas.topics import MODELS, outcomes

# An element begins with LATEST - reached_at: of equal scores, who got there first sorts higher.
LATEST: Final = 999_999_999_999_999
DIGITS: Final = 15


# What an open alert shows, in Redis.
SHOWN: Final = (
    "alert_id",
    "kind",
    "score",
    "verdict",
    "count",
    "first_seen_at",
    "last_seen_at",
    "expires_at",
    "summary",
)


class View(NamedTuple):
    """Key families that are fed from one topic and share a cursor for each of its partitions."""

    name: str
    topic: str
    script: str  # of lua/, which writes it


BOARDS = View("boards", outcomes("members"), "boards")
BALANCES = View("balances", outcomes("members"), "rows")
STOCK = View("stock", outcomes("products"), "rows")
HOT_PRODUCTS = View("hot_products", outcomes("products"), "hot")
HOT_SEARCHES = View("hot_searches", outcomes("searches"), "hot")
RISK = View("risk", outcomes("members"), "rows")
CANDIDATES = View("candidates", outcomes("members"), "rows")
NEIGHBOURS = View("neighbours", outcomes("products"), "rows")
AVAILABILITY = View("availability", MODELS, "availability")
ALERTS = View("alerts", ALERTS_TOPIC, "alerts")
SEGMENTS = View("segments", outcomes("members"), "segments")
TIERS = View("tiers", outcomes("members"), "rows")
FRIENDS = View("friends", outcomes("members"), "friends")
VIEWS: Final = (
    BOARDS,
    BALANCES,
    STOCK,
    HOT_PRODUCTS,
    HOT_SEARCHES,
    RISK,
    ALERTS,
    TIERS,
    FRIENDS,
    SEGMENTS,
    CANDIDATES,
    NEIGHBOURS,
    AVAILABILITY,
)

FEEDS: Final[Mapping[type[Outcome], View]] = {
    ScoreChanged: BOARDS,
    BoardPartitionClosed: BOARDS,
    MemberHidden: BOARDS,
    MemberShown: BOARDS,
    **dict.fromkeys(LEDGER, BALANCES),
    StockChanged: STOCK,
    ProductHeated: HOT_PRODUCTS,
    TermHeated: HOT_SEARCHES,
    FraudScored: RISK,
    CandidatesChanged: CANDIDATES,
    NeighboursChanged: NEIGHBOURS,
    AvailabilityChanged: AVAILABILITY,
    **dict.fromkeys((AlertOpened, AlertUpdated, AlertSuppressed, AlertClosed), ALERTS),
    **dict.fromkeys((SegmentEntered, SegmentLeft), SEGMENTS),
    **dict.fromkeys((TierChanged, TierProgressed), TIERS),
    **dict.fromkeys((FriendshipStarted, FriendshipDissolved), FRIENDS),
}

# The steps within a write: a board is closed after the scores that count to it and before those that
# correct it; who is hidden is known before. Other views have one step.
PLACED, CLOSED, CORRECTED, HIDDEN = STEPS = range(4)

Argument = str | int | float


class Operation(NamedTuple):
    """One thing to write: its step, what it is about, and what the script is told."""

    step: int
    identity: tuple[str, ...]
    arguments: tuple[Argument, ...]


def view(outcome: Outcome) -> Iterator[Operation]:
    """What to write for this outcome in its view; nothing for one that feeds none."""
    match outcome:
        case ScoreChanged():
            yield from (_place(outcome.member_id, score) for score in outcome.scores)
        case BoardPartitionClosed():
            yield _close(outcome)
        case MemberHidden() | MemberShown():
            hidden = int(isinstance(outcome, MemberHidden))
            yield Operation(HIDDEN, (outcome.member_id,), (outcome.member_id, hidden))
        case LedgerOutcome():
            yield _balance(outcome)
        case StockChanged():
            yield _stock(outcome)
        case ProductHeated():
            yield from (_heat("products", outcome.product_id, heat) for heat in outcome.heats)
        case TermHeated():
            yield from (_heat("searches", outcome.term, heat) for heat in outcome.heats)
        case FraudScored():
            yield _live_score(outcome)
        case AlertOpened() | AlertUpdated() | AlertSuppressed() | AlertClosed():
            yield _alert(outcome)
        case TierChanged() | TierProgressed():
            yield _tier(outcome)
        case FriendshipStarted() | FriendshipDissolved():
            pair = outcome.member_id, outcome.friend_id
            friends = int(isinstance(outcome, FriendshipStarted))
            yield Operation(PLACED, pair, (*pair, friends))
        case SegmentEntered() | SegmentLeft():
            yield _segment(outcome)
        case CandidatesChanged():
            yield _candidates(outcome)
        case NeighboursChanged():
            yield _neighbours(outcome)
        case AvailabilityChanged(product_id=product_id):
            yield Operation(PLACED, (product_id,), (product_id, int(outcome.available)))
        case _:
            return


@lru_cache(maxsize=1024)  # the scores of one outcome were mostly reached together
def inverted(reached_at: int) -> str:
    """The start of an element's name; its own inverse.

    >>> inverted(1_323_432_000_000), inverted(int(inverted(1_323_432_000_000)))
    ('998676567999999', '001323432000000')
    """
    return f"{LATEST - reached_at:0{DIGITS}d}"


def _place(member_id: str, score: Score) -> Operation:
    """A member's place on a board; the first version counts to the closing, later ones correct it."""
    step = PLACED if score.version == 1 else CORRECTED
    return Operation(
        step,
        (score.board, member_id),
        (score.board, member_id, inverted(score.reached_at), score.points, score.version),
    )


def _close(closed: BoardPartitionClosed) -> Operation:
    return Operation(
        CLOSED,
        (closed.board, str(closed.partition)),
        (
            closed.board,
            closed.window.value,
            closed.ends_at,
            closed.partition,
            closed.partitions,
            closed.occurred_at,
        ),
    )


def _balance(entry: LedgerOutcome) -> Operation:
    balances = entry.balances
    return _row(
        entry.member_id,
        entry,
        entry.occurred_at,
        pending=balances.pending,
        active=balances.active,
        held=balances.held,
        withheld=balances.withheld,
        debt=balances.debt,
    )


def _stock(stock: StockChanged) -> Operation:
    return _row(
        stock.product_id,
        stock,
        stock.occurred_at,
        on_hand=stock.on_hand,
        reserved=stock.reserved,
        available=stock.available,
    )


def _candidates(changed: CandidatesChanged) -> Operation:
    return _row(
        changed.member_id,
        changed,
        changed.occurred_at,
        candidates=_json(changed.candidates),
        personal=int(changed.personal),
        degraded=int(changed.degraded),
        version=changed.version,
    )


def _neighbours(changed: NeighboursChanged) -> Operation:
    return _row(
        changed.product_id,
        changed,
        changed.occurred_at,
        together=_json(changed.product_ids),
        similar=_json(changed.similar_ids),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _tier(said: TierChanged | TierProgressed) -> Operation:
    above = said.next_threshold_points
    return _row(
        said.member_id,
        said,
        said.occurred_at,
        tier=said.tier,
        qualifying_points=said.qualifying_points,
        review_at=said.review_at,
        next_tier=said.next_tier or "",
        next_threshold_points="" if above is None else above,
    )


def _row(key: str, source: Outcome, occurred_at: int, **values: Argument) -> Operation:
    """A hash: its values, and which outcome they are from."""
    fields: dict[str, Argument] = {
        **values,
        "occurred_at": occurred_at,
        "event_id": source.event_id,
    }
    arguments: list[Argument] = [key]
    for name, value in fields.items():
        arguments += (name, value)
    return Operation(PLACED, (key,), tuple(arguments))


def _segment(change: SegmentEntered | SegmentLeft) -> Operation:
    """Since when the member is in a segment; nothing: not, or no longer."""
    key = change.segment_id, change.member_id
    since: Argument = change.occurred_at if isinstance(change, SegmentEntered) else ""
    return Operation(PLACED, key, (*key, since))


def _heat(kind: str, item: str, heat: Heat) -> Operation:
    hot_list = f"{kind}:{heat.hot_list}"
    return Operation(PLACED, (hot_list, item), (hot_list, item, heat.log2_weight))


def _live_score(scored: FraudScored) -> Operation:
    """The newest score of a kind of abuse; fields of the member's hash begin with the kind."""
    kind = scored.kind.value
    values: dict[str, Argument] = {
        "score": scored.score,
        "verdict": scored.verdict.value,
        "subject_id": scored.subject_id,
        "occurred_at": scored.occurred_at,
    }
    arguments: list[Argument] = [scored.member_id]
    for name, value in values.items():
        arguments += (f"{kind}:{name}", value)
    return Operation(PLACED, (scored.member_id, kind), tuple(arguments))


def _alert(alert: AlertOpened | AlertUpdated | AlertSuppressed | AlertClosed) -> Operation:
    """An open alert as JSON; one that is closed, or not on show, as nothing."""
    text = ""
    if isinstance(alert, AlertOpened | AlertUpdated):
        shown = {name: getattr(alert, name) for name in SHOWN}
        text = msgspec.json.encode(shown).decode()
    key = alert.member_id, alert.alert_id
    return Operation(PLACED, key, (*key, text))
