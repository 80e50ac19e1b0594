"""What members were offered just before they ordered, read from the end of the log, for the demo's last page.

An order is compared with the last list that was said to its member before it; both lie in the member's own
partition, so their order in the log is the order in which they happened.
"""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import TopicPartition
from msgspec import Struct

from cli.candidates import why
from cli.installation import Installation
from cli.terminal import say, show, when
from evaluation.committed import read_on, reader
from schemas import codec, topics
from schemas.candidates import CandidatesChanged
from schemas.outcomes import OrderPlaced
from schemas.record import Outcome
from sinks.postgres import queries
from streams.settings import Settings

LOOKED_AT = 20_000  # positions from the end of each partition
MEMBERS = 5
LINES_MOST = 4
SECONDS = 10.0
WORDS = (CandidatesChanged, OrderPlaced)


class Foretold(Struct, frozen=True):
    """An order with something of the list that stood before it."""

    order: OrderPlaced
    before: CandidatesChanged
    ranks: list[int]  # of the products that were bought, from 1


class Looked(Struct, kw_only=True):
    """Orders whose member had a personal list before; those with a hit, the newest of each member."""

    orders: int = 0
    foretold: int = 0
    newest: dict[str, Foretold] = {}


def look(settings: Settings) -> Looked:
    """Read the ends of the members' outcomes. Raises `KafkaException`."""
    found = Looked(newest={})
    lists: dict[str, CandidatesChanged] = {}
    for outcome in _words(settings):
        if isinstance(outcome, CandidatesChanged):
            lists[outcome.member_id] = outcome
        elif isinstance(outcome, OrderPlaced):
            before = lists.get(outcome.member_id)
            if before is not None and before.personal and not before.degraded:
                _compare(found, outcome, before)
    return found


def _compare(found: Looked, order: OrderPlaced, before: CandidatesChanged) -> None:
    bought = {line.product_id for line in order.lines}
    ranks = [n for n, one in enumerate(before.candidates, 1) if one.product_id in bought]
    found.orders += 1
    if ranks:
        found.foretold += 1
        found.newest[order.member_id] = Foretold(order, before, ranks)


def _words(settings: Settings) -> Iterator[Outcome]:
    """Lists and orders in the order of each partition; all else is not even decoded."""
    topic = settings.topic_prefix + topics.outcomes("members")
    consumer = reader(settings.kafka, "memberstream-offers")
    try:
        places = [TopicPartition(topic, number) for number in range(settings.partitions)]
        for place in places:
            start, end = consumer.get_watermark_offsets(place, timeout=SECONDS)
            place.offset = max(start, end - LOOKED_AT)
        for message in read_on(consumer, places, SECONDS):
            if codec.record_type(message.value()) in WORDS:
                yield codec.decode(message.value())  # type: ignore[misc]  # outcomes, both
    finally:
        consumer.close()


def tell(installation: Installation) -> None:
    """For people: five members, what they bought, what of it was offered just before, and why."""
    found = look(installation.settings())
    if not found.orders:
        say("Nobody ordered who had a list before.")
        return
    share = found.foretold / found.orders
    say(
        f"Of the last {found.orders:,} orders {found.foretold:,} ({share:.0%}) hold a product that stood "
        "on the member's list of 20 just before. Five of them:"
    )
    newest = sorted(found.newest.values(), key=lambda one: -one.order.occurred_at)[:MEMBERS]
    ids = [line.product_id for one in newest for line in one.order.lines]
    ids += [
        c.reason_product_id for one in newest for c in one.before.candidates if c.reason_product_id
    ]
    with queries.open_views(installation.view_settings) as views:
        names = queries.product_names(views, [*dict.fromkeys(ids)])
    for one in newest:
        _tell(one, names)


def _tell(one: Foretold, names: dict[str, str]) -> None:
    others = len(one.order.lines) - len(one.ranks)
    say("")
    say(
        f"Member {one.order.member_id} ordered {len(one.order.lines)} products at "
        f"{when(one.order.occurred_at)}; the list was of {when(one.before.occurred_at)}."
    )
    rows = []
    for rank in one.ranks[:LINES_MOST]:
        candidate = one.before.candidates[rank - 1]
        name = names.get(candidate.product_id, candidate.product_id)
        rows.append((rank, name, why(candidate.source, candidate.reason_product_id, names)))
    show("", [">offered at", "and bought", "why it was offered"], rows)
    if others:
        say(f"{others} other products of this order were not on the list.")
