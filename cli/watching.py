"""What a demo shows while it runs: the views and the log, looked at again and again beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

import psycopg
import redis
import structlog
from confluent_kafka import KafkaException

from agents.calendar import UTC, day_of, name_of, number_of
from cli.installation import Installation
from cli.lag import Log, difference
from cli.status import Status, redis_positions, status
from cli.supervised import Supervised
from schemas.outcomes import Window
from sinks.ending import Refused
from sinks.postgres import queries
from sinks.postgres.alert_queries import Alert, opened
from sinks.redis_sink import keys
from sinks.redis_sink.connection import connect
from sinks.redis_sink.queries import Hot, RedisQueries, Standing

LOOK_SECONDS = 0.5
FIRST = 10
HOT_FIRST = 5
ALERTS_SHOWN = 50
NEARLY = 5_000  # positions: control records are counted among them
PATIENCE_SECONDS = 120.0


@dataclass
class Seen:
    """One look. Lags are differences of positions; `at` is how far the boards' view has come."""

    stages: dict[str, int] = field(default_factory=dict)
    views: dict[str, int] = field(default_factory=dict)
    ledger_sum: int = 0
    dead_letters: int = 0
    at: int = 0
    board: str = ""
    first: list[Standing] = field(default_factory=list)
    hot: list[Hot] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)
    restarts: int = 0
    alerts: list[Alert] = field(default_factory=list)

    @property
    def behind(self) -> int:
        """Everything that waits, in positions."""
        return sum(self.stages.values()) + sum(self.views.values())


class Watch:
    """Looks every half second, in a thread of its own; `seen` is the last look that came off."""

    def __init__(self, installation: Installation) -> None:
        self.seen = Seen()
        self._settings = installation.settings()
        self._views = installation.view_settings
        self._supervised = Supervised(installation.folder)
        self._log = Log(self._settings)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """A part that is away is looked for again: watching must not end what is watched."""
        while not self._stop.is_set():
            try:
                with (
                    queries.open_views(self._views) as tables,
                    connect(self._views.redis, decoded=True) as client,
                ):
                    asked = RedisQueries(client, keys.root(self._views))
                    while not self._stop.wait(LOOK_SECONDS):
                        self.seen = self._look(tables, asked)
            except (psycopg.Error, redis.RedisError, KafkaException, Refused) as error:
                structlog.get_logger().debug("watch_failed", reason=str(error))
                self._stop.wait(LOOK_SECONDS)

    def _look(self, tables: queries.Views, asked: RedisQueries) -> Seen:
        as_of = asked.as_of()
        positions = {"postgres": queries.positions(tables), **redis_positions(asked)}
        ends = self._log.ends({place for found in positions.values() for place in found})
        at = max((one.occurred_at for one in as_of if one.view == "boards"), default=0)
        heated_at = max((one.occurred_at for one in as_of if one.view == "hot_products"), default=0)
        hot = asked.hot("products", "day", HOT_FIRST, heated_at)
        board = season(at) if at else ""
        return Seen(
            {stage: difference(*found) for stage, found in self._log.stages().items()},
            {
                view: difference(found, {place: ends[place] for place in found})
                for view, found in positions.items()
            },
            queries.ledger_sum(tables),
            sum(queries.dead_letter_counts(tables).values()),
            at,
            board,
            asked.board_top(board, FIRST) if board else [],
            hot,
            queries.product_names(tables, [one.item for one in hot]),
            sum(state.restarts for state in self._supervised.states()),
            opened(tables, ALERTS_SHOWN),
        )


def season(at: int) -> str:
    """The board of the quarter in which a moment lies.

    >>> season(1_323_432_000_000)
    'season:2011-Q4'
    """
    return name_of(Window.SEASON, number_of(Window.SEASON, day_of(at, UTC)))


class Stalled(TimeoutError):
    """Nothing moves any more, though something waits."""


def until_caught_up(installation: Installation, watch: Watch, look: Callable[[], None]) -> None:
    """Wait until nothing waits, in stages and views. Raises `Stalled` when nothing moves for long."""
    moved, before = time.monotonic(), -1
    while True:
        look()
        behind = watch.seen.behind
        if behind != before:
            moved, before = time.monotonic(), behind
        if behind <= NEARLY and caught_up(status(installation)):
            return
        if time.monotonic() - moved > PATIENCE_SECONDS:
            raise Stalled(
                f"{behind:,} positions wait, and nothing has moved for {PATIENCE_SECONDS:g} s."
            )
        time.sleep(LOOK_SECONDS)


def caught_up(found: Status) -> bool:
    """Every stage and view has come to the end of the log."""
    behind = [*found.stages.values(), *found.views.values()]
    return not found.troubles and bool(behind) and not any(one.records for one in behind)
