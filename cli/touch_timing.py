"""How long a touch takes to a changed list: looks are sent and the view is read until it shows them.

Everything counts: Kafka, the way from the member to the product and back, the sink, Redis. One thread sends
and looks in turn, every few milliseconds, which the figures contain.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

from msgspec import Struct

from cli.installation import Installation
from cli.terminal import say
from schemas.actions import ProductBrowsed
from schemas.emitter import Emitter
from sinks.redis_sink import keys
from sinks.redis_sink.connection import connect
from sinks.redis_sink.queries import RedisQueries

LOOKS = 100
A_SECOND = 20.0
LOOK_SECONDS = 0.004
PATIENCE_SECONDS = 20.0


class Timing(Struct, frozen=True):
    """Seconds from a touch to the list in Redis, the shortest first; and lists that did not change."""

    seconds: list[float]
    missing: int = 0

    def share(self, percent: int) -> float:
        """The time within which so many of a hundred lists had changed."""
        return self.seconds[min(len(self.seconds) * percent // 100, len(self.seconds) - 1)]


def measure(
    installation: Installation, members: Sequence[str], products: Sequence[str], at: int
) -> Timing:
    """Send a look a member at the shop's time `at` (milliseconds); each at a product of these, in turn.

    Members' lists must change by it: a look at what was looked at a moment ago is no touch.
    """
    settings = installation.settings()
    view_settings = installation.views_in("redis")
    waiting: dict[str, tuple[float, int]] = {}
    took: list[float] = []
    with (
        connect(view_settings.required("redis"), decoded=True) as client,
        Emitter(settings.kafka, prefix=settings.topic_prefix) as emitter,
    ):
        views = RedisQueries(client, keys.root(view_settings))
        for number, member in enumerate(members):
            before = views.candidates(member)
            emitter.emit(_look(member, products[number % len(products)], at))
            waiting[member] = (time.monotonic(), before.occurred_at if before else -1)
            _watch(views, waiting, took, time.monotonic() + 1 / A_SECOND)
        _watch(views, waiting, took, time.monotonic() + PATIENCE_SECONDS, until_none=True)
    return Timing(sorted(took), len(waiting))


def _look(member_id: str, product_id: str, at: int) -> ProductBrowsed:
    return ProductBrowsed(
        event_id=str(uuid.uuid4()), member_id=member_id, occurred_at=at, product_id=product_id
    )


def _watch(
    views: RedisQueries,
    waiting: dict[str, tuple[float, int]],
    took: list[float],
    until: float,
    *,
    until_none: bool = False,
) -> None:
    while time.monotonic() < until and (waiting or not until_none):
        for member, (sent, before) in [*waiting.items()]:
            found = views.candidates(member)
            if found is not None and found.occurred_at > before:
                took.append(time.monotonic() - sent)
                del waiting[member]
        time.sleep(LOOK_SECONDS)


def tell(found: Timing) -> None:
    """For people."""
    if not found.seconds:
        say("No list changed by a look: the time from touch to list is not known.")
        return
    missing = f"; {found.missing} lists did not change" if found.missing else ""
    say(
        f"From a touch to the changed list in Redis, {len(found.seconds)} looks of members, "
        f"{A_SECOND:g} a second: p50 {1_000 * found.share(50):.0f} ms, "
        f"p99 {1_000 * found.share(99):.0f} ms{missing}."
    )
