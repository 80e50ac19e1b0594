"""What is kept of a member for risk: habits and doings, and the payments whose end is not known yet.

A payment is kept with its features of decision time `KEPT` long, to the end of the 28-day period that
falls in, so that many go at one look: a label can come that late, and a later one can correct it. Of a
member the newest `PAYMENTS_MOST` are kept. They lie in a queue in the order in which
they were heard, with two marks: the oldest that is kept, and the oldest that silence has not labelled.
"""

from __future__ import annotations

from msgspec import Struct, field

from agents import StateMap
from agents.calendar import DAY
from agents.marks import digest
from agents.risk.doings import Doings
from agents.risk.habits import Habits
from schemas.risk import LabelSource, PaymentCaptured, TokenRole, Verdict

KEPT = 180 * DAY
PERIOD = 28 * DAY
PAYMENTS_MOST = 200


class Payment(Struct, frozen=True, array_like=True):
    """A payment that was examined, or waits for what its tokens answer (`waits_for`)."""

    paid_at: int
    digest: bytes
    amount_minor: int
    currency: str
    order_id: str | None
    tokens: tuple[str, ...]
    waits_for: tuple[TokenRole, ...]
    features: dict[str, float]
    known: bool = False  # the member was known as compromised when it was paid
    scored: bool = False
    verdict: Verdict = Verdict.UNKNOWN
    probability: float | None = None
    challengers: dict[str, float] = {}
    evidence: float = 1.0  # what the member's own side would leave unexplained, were it fraud
    disputed: bool = False  # an open dispute says NOT_ME: silence is no silence
    label: LabelSource | None = None
    fraud: bool = False
    weight: float = 0.0


class Acceptance(Struct, frozen=True, array_like=True):
    """An accepted invitation that waits for what its tokens answer."""

    accepted_at: int
    waits_for: tuple[TokenRole, ...]
    features: dict[str, float]


class Ticket(Struct, frozen=True, array_like=True):
    """A place in the queue of payments."""

    payment_id: str
    paid_at: int


class Risk(Struct):
    """A member, for risk. `first` to `end` is the queue, `unlabelled` the next that silence labels.

    `silent_at` is when silence would have labelled a payment that is not scored yet, and waits for it.
    `frauds` counts payments whose label is fraud now; `labels_of_day` the labels on the day `label_day`
    (days since 1970), by which an example's weight is capped.
    """

    habits: Habits = field(default_factory=Habits)
    doings: Doings = field(default_factory=Doings)
    first: int = 0
    unlabelled: int = 0
    end: int = 0
    label_at: int | None = None
    forget_at: int | None = None
    frauds: int = 0
    label_day: int = 0
    labels_of_day: int = 0
    payments: StateMap[Payment] = field(default_factory=StateMap)
    queue: StateMap[Ticket] = field(default_factory=StateMap)
    acceptances: StateMap[Acceptance] = field(default_factory=StateMap)
    silent_at: int | None = None


def content_of(event: PaymentCaptured) -> bytes:
    """The same for the same payment only, whenever it is told."""
    return digest(
        event.amount_minor,
        event.currency,
        event.order_id,
        event.terminal_id,
        event.product_id,
        event.device,
        event.card,
        event.address,
        event.network,
        event.country,
        [(one.name, one.value) for one in event.numbers],
    )


def enqueue(state: Risk, payment_id: str, paid_at: int, horizon: int) -> None:
    """The payment takes the last place; `horizon` (milliseconds) is when silence labels it."""
    state.queue[_place(state.end)] = Ticket(payment_id, paid_at)
    state.end += 1
    _set_dues(state, horizon)


def oldest(state: Risk) -> Ticket:
    """The first place of the queue, which is not empty."""
    return state.queue[_place(state.first)]


def next_unlabelled(state: Risk) -> Ticket:
    """The first that silence has not labelled; there is one while `label_at` is set."""
    return state.queue[_place(state.unlabelled)]


def pass_by(state: Risk, horizon: int) -> None:
    """Silence has spoken about the next one, or did not have to."""
    state.unlabelled += 1
    _set_dues(state, horizon)


def put_off(state: Risk) -> None:
    """The next one came later than its horizon and is not scored yet: silence waits for the score."""
    state.silent_at, state.label_at = state.label_at, None


def take_up(state: Risk) -> None:
    """A payment has its score."""
    if state.silent_at is not None:
        state.label_at, state.silent_at = state.silent_at, None


def forget_oldest(state: Risk, horizon: int) -> None:
    """Let go of the first payment of the queue."""
    del state.payments[oldest(state).payment_id]
    del state.queue[_place(state.first)]
    state.first += 1
    state.unlabelled = max(state.unlabelled, state.first)
    _set_dues(state, horizon)


def length(state: Risk) -> int:
    """How many payments are kept."""
    return state.end - state.first


def _set_dues(state: Risk, horizon: int) -> None:
    """What is heard at the end of the horizon still counts: silence speaks a millisecond later."""
    waits = state.unlabelled < state.end
    state.label_at = next_unlabelled(state).paid_at + horizon + 1 if waits else None
    state.forget_at = let_go_at(oldest(state).paid_at) if length(state) else None


def let_go_at(paid_at: int) -> int:
    """When a payment is let go of: the end of the 28-day period in which it has been kept `KEPT` long.

    >>> let_go_at(0) // DAY, let_go_at(16 * DAY) // DAY, let_go_at(17 * DAY) // DAY
    (196, 196, 224)
    """
    return -(-(paid_at + KEPT) // PERIOD) * PERIOD


def wake_at(state: Risk) -> int | None:
    """When silence labels a payment, or one is let go."""
    if state.label_at is None:
        return state.forget_at
    if state.forget_at is None:
        return state.label_at
    return min(state.label_at, state.forget_at)


def _place(number: int) -> str:
    return f"{number:012}"
