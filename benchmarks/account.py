"""What became of the main job's actions, counted in its outcomes: each purchase, return, redemption and
payment has one end, no outcome is there twice, nothing became a dead letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas import codec, topics
from schemas.actions import PurchaseMade, PurchaseReturned, RedemptionRequested
from schemas.outcomes import (
    OrderPlaced,
    OrderRefused,
    RedemptionRefused,
    ReturnAccepted,
    ReturnRefused,
    RewardRedeemed,
)
from schemas.record import Event, Outcome
from schemas.risk import AbuseKind, FraudScored, PaymentCaptured


@dataclass
class Account:
    """What was found. `missing`: actions without an end; `doubled`: ends or outcomes too many."""

    missing: int = 0
    doubled: int = 0
    dead_letters: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def exact(self) -> bool:
        """Nothing is missing, doubled or dead."""
        return not (self.missing or self.doubled or self.dead_letters)


def ended(outcome: Outcome) -> tuple[str, str] | None:
    """Which order, return, redemption or payment this outcome is the end of."""
    match outcome:
        case OrderPlaced() | OrderRefused():
            return "order", outcome.order_id
        case ReturnAccepted() | ReturnRefused():
            return "return", outcome.return_id
        case RewardRedeemed():
            return "redemption", outcome.redemption_id
        case FraudScored():
            return ("payment", outcome.subject_id) if outcome.kind is AbuseKind.PAYMENT else None
        case RedemptionRefused():
            return None if outcome.cancellation else ("redemption", outcome.redemption_id)
    return None


ENDS = (
    OrderPlaced,
    OrderRefused,
    ReturnAccepted,
    ReturnRefused,
    RewardRedeemed,
    RedemptionRefused,
    FraudScored,
)


def begun(action: Event) -> tuple[str, str] | None:
    """What an action begins that must have one end."""
    match action:
        case PurchaseMade():
            return "order", action.order_id
        case PurchaseReturned():
            return "return", action.return_id
        case PaymentCaptured():
            return "payment", action.payment_id
        case RedemptionRequested():
            return "redemption", action.redemption_id
    return None


def balance(actions: Iterable[Event], outcomes: Iterable[bytes]) -> Account:
    """Compare actions with the outcomes' bytes."""
    account = Account()
    open_ends = {one for action in actions if (one := begun(action)) is not None}
    closed: set[tuple[str, str]] = set()
    seen: set[str] = set()
    for data in outcomes:
        kind = codec.record_type(data)
        account.outcomes[kind.__name__] += 1
        event_id = _event_id(data)
        account.doubled += event_id in seen
        seen.add(event_id)
        if kind in ENDS and (one := ended(codec.decode(data))) is not None:  # type: ignore[arg-type]
            account.doubled += one in closed
            closed.add(one)
    account.missing = len(open_ends - closed)
    return account


def _event_id(data: bytes) -> str:
    """The first field of every record, without reading the rest: an id has fewer than 64 letters."""
    start = codec.SINGLE_OBJECT_HEADER
    return data[start + 1 : start + 1 + (data[start] >> 1)].decode()


def of_job(kafka: str, prefix: str, actions: Iterable[Event]) -> Account:
    """The account of all that the job has committed so far."""
    names = [prefix + topics.outcomes(stage) for stage in topics.STAGES]
    account = balance(actions, (data for name in names for data in _values(kafka, name)))
    account.dead_letters = sum(1 for _ in _values(kafka, prefix + topics.DEAD_LETTERS))
    return account


def _values(kafka: str, topic: str) -> Iterator[bytes]:
    """Every committed record's value."""
    partitions = AdminClient({"bootstrap.servers": kafka}).list_topics(topic, timeout=30)
    still_open = set(partitions.topics[topic].partitions)
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "benchmark-account",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in still_open])
    try:
        while still_open:
            for message in consumer.consume(10_000, 1.0):
                error = message.error()
                if error is None:
                    yield message.value() or b""
                elif error.code() == KafkaError._PARTITION_EOF:
                    still_open.discard(message.partition() or 0)
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()
