"""Hours of a made-up shop, written as fast as one likes: the mix's actions with their payments, what
surrounds them, repeats, bad records, ticks.

Each hour is one transaction: its actions, then a tick in every partition, so a tick never overtakes
what came before it. Event time runs thousands of times as fast as a clock, so that within a minute
points turn active and expire, holds time out and boards close.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator

import msgspec
from confluent_kafka import Producer

from benchmarks.mix import CURRENCY, Mix, opening
from benchmarks.surroundings import Surroundings
from schemas import topics
from schemas.actions import PurchaseMade, RuleChanged
from schemas.codec import encode
from schemas.record import Event
from schemas.rules import EarnRate, Expiry, PointsRule
from streams.clock import Ticks

HOUR = 3_600_000
DAY = 24 * HOUR
OPENS_AT = 1_300_060_800_000  # 2011-03-14, a Monday
SURROUNDED = 0.4  # so many actions of the mix have another one beside them
REPEATED = 0.05
BAD = 0.01
REMEMBERED = 200
SECONDS = 120.0  # a broker on a busy machine takes its time
ANY_PARTITION = -1
RULE = PointsRule(
    earn_rates=[EarnRate(currency=CURRENCY, points=1, per_minor=100)],
    cap_per_order=90,
    return_window_days=2,
    delivery_days=1,
    expiry=Expiry.FIXED,
    expiry_days=10,
    hold_minutes=72 * 60,
    zone="Europe/London",
)


class ShopHours:
    """Tells hours; `sent` counts what was told, `event_ids` every action that can be taken."""

    def __init__(
        self, bootstrap: str, *, prefix: str = "", seed: int = 1, members: int = 200
    ) -> None:
        """Raises `TopicMissing`, `KafkaException`."""
        self.at = OPENS_AT
        self.sent: Counter[str] = Counter()
        self.event_ids: set[str] = set()
        self._prefix = prefix
        self._random = random.Random(f"hours/{seed}")
        self._seed = seed
        self._mix = Mix(members=members, seed=seed, paid=True).actions(OPENS_AT, 1)
        self._surroundings = Surroundings(members, seed)
        self._recent: deque[Event] = deque(maxlen=REMEMBERED)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "transactional.id": f"{prefix}shop-hours",
                "transaction.timeout.ms": 60_000,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "log_level": 0,  # what fails raises; a platform may stop before this does
            }
        )
        self._ticks = Ticks(self._producer, prefix, f"hours {seed}")
        self._producer.init_transactions(SECONDS)

    def open(self) -> None:
        """The catalogue, gifts, stock, a rule under which points are good within days, all other rules."""
        self._producer.begin_transaction()
        for action in opening(self.at, self._seed):
            if isinstance(action, RuleChanged):
                action = msgspec.structs.replace(action, rule=RULE)
            self._tell(action)
        for action in self._surroundings.opening(self.at):
            self._tell(action)
        self._end_hour()

    def hour(self, actions: int) -> None:
        """So many actions, some of them again, some bad records, and the tick that ends the hour."""
        self._producer.begin_transaction()
        moments = sorted(self._random.randrange(HOUR) for _ in range(actions))
        for moment in moments:
            action = msgspec.structs.replace(next(self._mix), occurred_at=self.at + moment)
            self._take(action)
            self._surroundings.hear(action)
            if self._random.random() < SURROUNDED:
                self._take(self._surroundings.action(self.at + moment))
            if self._random.random() < REPEATED:
                self._tell(self._random.choice(self._recent))
                self.sent["repeats"] += 1
            if self._random.random() < BAD:
                self._spoil(action)
        self._end_hour()

    def rest(self, days: int) -> None:
        """Days without an action: ticks alone, so that all that waits comes to its end."""
        self._producer.begin_transaction()
        for _ in range(days * 24):
            self.at += HOUR
            self._ticks.write(self.at)
        self._producer.commit_transaction(SECONDS)

    def produce(self, stage: str, key: bytes | None, value: bytes | None) -> None:
        """Any bytes into a stage's actions, in a transaction of their own."""
        self._producer.begin_transaction()
        self._producer.produce(self._prefix + topics.actions(stage), value, key)
        self._producer.commit_transaction(SECONDS)

    def tell(self, *actions: Event) -> None:
        """These actions, in one transaction, without a tick."""
        self._producer.begin_transaction()
        for action in actions:
            self._tell(action)
        self._producer.commit_transaction(SECONDS)

    def _take(self, action: Event) -> None:
        self._tell(action)
        self._recent.append(action)

    def _tell(self, action: Event) -> None:
        topic, key, data = (
            self._prefix + topics.actions(action.STAGE),
            action.key.encode(),
            encode(action),
        )
        count = self._ticks.partitions[topic] if action.BROADCAST else 1
        for partition in range(count):
            self._producer.produce(
                topic, data, key, partition if action.BROADCAST else ANY_PARTITION
            )
        self._producer.poll(0)
        self.sent["records"] += count
        self.event_ids.add(action.event_id)

    def _end_hour(self) -> None:
        self.at += HOUR
        self._ticks.write(self.at)
        self._producer.commit_transaction(SECONDS)
        self.sent["hours"] += 1

    def _spoil(self, action: Event) -> None:
        """A record that no agent may take: it shall be a dead letter."""
        topic, key = self._prefix + topics.actions(action.STAGE), action.key.encode()
        spoil = self._random.choice(SPOILS)
        self._producer.produce(topic, spoil(action, self._random), key)
        self.sent["bad"] += 1


Spoil = Callable[[Event, random.Random], bytes]


def _noise(_: Event, dice: random.Random) -> bytes:
    return dice.randbytes(40)


def _truncated(action: Event, dice: random.Random) -> bytes:
    whole = encode(action)
    return whole[: dice.randrange(12, len(whole) - 1)]


def _unknown_schema(action: Event, dice: random.Random) -> bytes:
    return b"\xc3\x01" + dice.randbytes(8) + encode(action)[10:]


def _of_nobody(action: Event, dice: random.Random) -> bytes:
    """The key and the record name different members."""
    event_id = f"bad-{dice.getrandbits(64):x}"
    return encode(msgspec.structs.replace(action, event_id=event_id, **{action.KEY: "nobody"}))


def _without_lines(action: Event, dice: random.Random) -> bytes:
    """Breaks a limit of its own declaration."""
    if not isinstance(action, PurchaseMade):
        return _noise(action, dice)
    event_id = f"bad-{dice.getrandbits(64):x}"
    return encode(msgspec.structs.replace(action, event_id=event_id, lines=[]))


SPOILS: tuple[Spoil, ...] = (_noise, _truncated, _unknown_schema, _of_nobody, _without_lines)


def spoils() -> Iterator[Spoil]:
    """All kinds of bad records."""
    yield from SPOILS
