"""The entry: take a cut, wait until workers and views have passed it, recompute, compare.

The cut is one of the log. What follows from an action may lie several round trips behind it, so the
workers' positions in the repartition topics are waited for as often as the longest chain is long.
Whoever moves again while the views are read is not judged; on a platform at rest that is nobody.

Only single-object encoding is read, as no registry is asked: an action in the Confluent wire form
shows as one that cannot be read, and what follows from it as a difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from audit.books import Books, Key, Tables
from audit.compare import differences
from audit.in_postgres import Postgres
from audit.in_redis import Valkey
from audit.log import Cut, Entry, Log

STAGES = ("members", "products", "searches", "tokens", "training")
ACTIONS = tuple(f"actions.{stage}" for stage in STAGES)
OUTCOMES = (*(f"outcomes.{stage}" for stage in STAGES), "alerts")
COPIES = ("models",)  # every partition holds all of it
REPARTITION = tuple(f"to.{stage}" for stage in STAGES)
DEAD_LETTERS = ("dead-letters",)
LONGEST_CHAIN = 8  # round trips between stages, from a request to the last that follows from it
WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.3
QUIET_SECONDS = 1.0
QUIET_PATIENCE_SECONDS = 5.0

Progress = Callable[[str], None]


class View(Protocol):
    """Where results rest, as the auditor sees it."""

    name: str

    def cursors(self) -> list[Cut]:
        """How far it has come: one a family of tables, by topic and partition."""
        ...

    def tables(self) -> Tables:
        """What it shows."""
        ...

    def contradictions(self) -> list[str]:
        """Where it contradicts itself."""
        ...

    def kept(self, board: str) -> bool:
        """False for a board that it has dropped for its age."""
        ...


@dataclass
class Audit:
    """What was found; `differences` are sentences, and without one everything holds."""

    actions: int = 0
    repeats: int = 0
    dead_letters: int = 0
    outcomes: int = 0
    outcomes_missing: int = 0
    outcomes_doubled: int = 0
    entries: int = 0
    ledger_sum: int = 0
    open_holds: int = 0
    rows: int = 0
    rows_not_judged: int = 0
    view_differences: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Nothing differs."""
        return not self.differences and self.ledger_sum == 0

    def figures(self) -> dict[str, Any]:
        """All but the sentences, of which there is the number."""
        figures = asdict(self) | {"differences": len(self.differences)}
        return figures | {"seconds": round(self.seconds, 1)}


class NotPassed(TimeoutError):
    """Workers or views did not come as far as the cut; the text says who and where."""


def run(
    kafka: str,
    *,
    postgres: str = "",
    redis: str = "",
    prefix: str = "",
    group: str = "memberstream",
    schema: str = "memberstream",
    redis_prefix: str = "ms",
    wait_seconds: float = WAIT_SECONDS,
    progress: Progress = lambda _: None,
    tend: Callable[[], None] = lambda: None,
) -> Audit:
    """Audit an installation; without a URL that view is left out.

    `group`: the workers' consumer group; `tend` is called while waiting. Raises `NotPassed` when
    workers or views do not come as far as the cut.
    """
    views: list[View] = []
    if postgres:
        views.append(Postgres(postgres, schema))
    if redis:
        views.append(Valkey(redis, f"{prefix}{redis_prefix}:"))
    waiting = Waiting(wait_seconds, tend, progress)
    return Auditor(Log(kafka, prefix), group, views, prefix, waiting).run()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait for others, and what to do meanwhile."""

    seconds: float
    tend: Callable[[], None]
    progress: Progress


class Auditor:
    """One audit."""

    def __init__(
        self, log: Log, group: str, views: Sequence[View], prefix: str, waiting: Waiting
    ) -> None:
        self._log = log
        self._group = group
        self._views = views
        self._prefix = prefix
        self._waiting = waiting
        self._progress = waiting.progress

    def run(self) -> Audit:
        """Everything, in its order; see the module."""
        began = time.monotonic()
        asked = self._log.ends(ACTIONS)
        self._progress("waiting for the workers")
        self._settle(asked)
        cut, quiet = self._quiet_cut()
        shown = [self._show(view, cut) for view in self._views]
        self._settle(self._log.ends(ACTIONS))
        self._progress("reading the log")
        books = self._books(asked, cut)
        moved = self._moved(cut, books)
        audit = _judge_log(books, quiet, moved)
        self._progress("comparing the views")
        for view, tables, contradictions in shown:
            _judge_view(audit, view, books.tables(), tables, contradictions, moved)
        audit.seconds = time.monotonic() - began
        return audit

    def _settle(self, actions: Cut) -> None:
        """Wait until all that follows from these actions has been said."""
        self._workers_passed(actions)
        before: Cut = {}
        for _ in range(LONGEST_CHAIN):
            ends = self._log.ends(REPARTITION)
            if ends == before:
                return
            self._workers_passed(ends)
            before = ends

    def _workers_passed(self, cut: Cut) -> None:
        self._passed("the workers", cut, lambda: [self._log.committed(self._group, cut)])

    def _quiet_cut(self) -> tuple[Cut, bool]:
        """The ends of the outcomes; true when they stand still, as after a tick keys wake up late."""
        until = time.monotonic() + QUIET_PATIENCE_SECONDS
        before: Cut = {}
        cut = self._log.ends(OUTCOMES)
        while cut != before and time.monotonic() < until:
            self._waiting.tend()
            time.sleep(QUIET_SECONDS)
            before, cut = cut, self._log.ends(OUTCOMES)
        return cut, cut == before

    def _show(self, view: View, cut: Cut) -> tuple[View, Tables, list[str]]:
        self._progress(f"waiting for {view.name}")
        self._passed(view.name, cut, view.cursors)
        return view, view.tables(), view.contradictions()

    def _passed(self, who: str, cut: Cut, positions: Callable[[], list[Cut]]) -> None:
        """Wait until every reader has passed the cut, in the topics that it reads."""
        until = time.monotonic() + self._waiting.seconds
        while behind := [place for found in positions() for place in self._behind(found, cut)]:
            if time.monotonic() > until:
                raise NotPassed(
                    f"After {self._waiting.seconds:g} s, {who} have not come as far as the log in "
                    f"{', '.join(f'{topic}/{partition}' for topic, partition in behind)}. "
                    "Are they running?"
                )
            self._waiting.tend()
            time.sleep(LOOK_SECONDS)

    def _behind(self, found: Cut, cut: Cut) -> list[tuple[str, int]]:
        topics = {topic for topic, _ in found} or {topic for topic, _ in cut}
        return self._log.waiting(
            found, {place: at for place, at in cut.items() if place[0] in topics}
        )

    def _books(self, asked: Cut, cut: Cut) -> Books:
        books = Books()
        for letter in self._log.read(self._log.ends(DEAD_LETTERS)):
            books.completeness.hear_dead_letter(letter, self._prefix)
        for action in self._log.read(self._log.ends(ACTIONS)):
            before = action.offset < asked.get((action.topic, action.partition), 0)
            books.hear_action(action, required=before)
        for outcome in self._log.read(cut):
            books.hear(outcome)
        copies = self._log.ends(COPIES)
        books.turns.expect(partition for _, partition in copies)
        for copy in self._log.read(copies):
            books.turns.hear_copy(copy)
        return books

    def _moved(self, cut: Cut, books: Books) -> frozenset[str]:
        """Members, products and boards of which something was said after the cut."""
        moved: set[str] = set()
        for entry in self._log.read(self._log.ends(OUTCOMES), cut):
            books.hear_later(entry)
            moved.update(_whose(entry))
        return frozenset(moved)


def _whose(entry: Entry) -> Iterable[str]:
    names = ("member_id", "product_id", "board")
    return [entry.fields[name] for name in names if entry.fields.get(name)]


def _judge_log(books: Books, quiet: bool, moved: frozenset[str]) -> Audit:
    found = books.finish(quiet=quiet, moved=moved)
    counted = books.completeness
    return Audit(
        actions=counted.actions,
        repeats=counted.repeats,
        dead_letters=counted.dead_letters.total(),
        outcomes=counted.outcomes,
        outcomes_missing=counted.missing,
        outcomes_doubled=counted.doubled,
        entries=books.ledger.entries,
        ledger_sum=books.ledger.sum,
        open_holds=len(books.ledger.open_redemptions),
        differences=found,
    )


def _judge_view(
    audit: Audit,
    view: View,
    expected: Tables,
    shown: Tables,
    contradictions: list[str],
    moved: frozenset[str],
) -> None:
    dropped: dict[str, bool] = {}

    def judged(table: str, key: Key) -> bool:
        audit.rows += 1
        if not moved.isdisjoint(key):
            audit.rows_not_judged += 1
            return False
        if table not in ("board_scores", "closed_ranks"):
            return True
        board = key[1]
        if board not in dropped:
            dropped[board] = not view.kept(board)
        return not dropped[board]

    found = [*differences(view.name, expected, shown, judged), *contradictions]
    audit.view_differences += len(found)
    audit.differences += found
