"""The work of one partition of a stage: a batch in, its effects out.

A batch is run as if nothing could go wrong, and encoded at its end. When an agent raises, all that
the batch touched is dropped and it is run again carefully, event by event, so that only the
poisoned event goes to the dead letters and nothing of it is half applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from time import perf_counter

from agents import Place
from schemas.actions import ClockTicked
from schemas.dead_letters import DeadLetterProblem
from schemas.record import Event, Outcome
from streams.behaviour import Effects, Record, StoreView
from streams.counters import Counters, PoisonGauge
from streams.identity import content_hash, recall, remember, short_hash, still_to_hear
from streams.intake import Intake, Refusal
from streams.memory import Holding, Memory
from streams.outbox import Outbox
from streams.overlay import Overlay
from streams.passes import Passes
from streams.plan import Plan
from streams.state import CLOCK_KEY, OF_KEYS, OF_TABLES, Clock, decode_clock, encode_clock
from streams.trouble import Poisoned

AT_ONCE = 128  # records decoded and keys fetched together
THE_TABLES = ""  # the key under which a partition keeps its tables
TABLES_BYTES_MOST = 64 * 1024 * 1024

Read = Event | Outcome | Refusal


class StageWork:
    """One partition of a stage, between acquire and revocation."""

    def __init__(
        self, plan: Plan, partition: int, store: StoreView, intake: Intake, holdings_most: int
    ) -> None:
        self.counters = Counters()
        self._counted = Counters()
        self._told = Counters()
        self._plan = plan
        self._intake = intake
        self._overlay = Overlay(store)
        self._memory = Memory(OF_KEYS, plan.holders, self._overlay, holdings_most)
        self._broadcasts = Memory(OF_TABLES, plan.table_holders, self._overlay)
        self._outbox = Outbox(plan, partition)
        place = Place(partition, plan.partitions)
        self._passes = Passes(plan, self._memory, self._outbox, place, self._tell_tables)
        self._hint = f"partition {partition}"
        self._clock = self._clock_kept = decode_clock(self._overlay.get(CLOCK_KEY))
        self._gauge = PoisonGauge()
        self._careful = False
        self._reached = self._keys_reached = 0
        self._memory.open()
        self._open_tables()

    @property
    def seconds(self) -> dict[str, float]:
        """What each agent and table took, with its saying, since the partition was opened."""
        return dict(zip(self._plan.speakers, self._passes.seconds, strict=True))

    @property
    def time(self) -> int:
        """The partition's time: its last tick; 0 before the first."""
        return self._clock.time

    @property
    def waiting(self) -> bool:
        """True while keys are left that are due by the partition's time."""
        return self._memory.due.waiting(self._clock.time)

    def run(self, records: Sequence[Record], deadline: float) -> int:
        """React to records in order until the deadline; at least one. Returns how many were taken.

        Raises `Broken` or `BrokenLedger` when the process has to stop.
        """
        try:
            return self._run(records, deadline)
        except Poisoned:
            self._drop()
            return self._run_carefully(records[: self._reached + 1], self._keys_reached + 1)

    def effects(self) -> Effects:
        """What all `run` calls since the last commit did."""
        counted, self._told = self.counters.since(self._told), self.counters.copy()
        return Effects(self._outbox.take(), self._overlay.take(), counted)

    def committed(self) -> None:
        """The effects are in the log and in the store."""
        self._overlay.committed()
        if self._broadcasts.bytes_read > TABLES_BYTES_MOST:
            self._broadcasts.forget()
            self._open_tables()

    # ---- a batch --------------------------------------------------------------------------------

    def _run(self, records: Sequence[Record], deadline: float) -> int:
        self._reached = self._keys_reached = 0
        if self.waiting:  # silent keys get half of the time, so that neither side starves
            now = perf_counter()
            self._wake_silent(now + (deadline - now) / 2 if records else deadline)
        ended = False
        while self._reached < len(records) and not ended:
            for record, found in self._read(records[self._reached : self._reached + AT_ONCE]):
                self._take(record, found)
                self._reached += 1
                ended = perf_counter() > deadline
                if ended:
                    break
        self._keep()
        return self._reached

    def _read(self, records: Sequence[Record]) -> list[tuple[Record, Read]]:
        read, lacks, reaches = self._intake.read, self._memory.lacks, self._passes.reaches
        batch: list[tuple[Record, Read]] = []
        keys: dict[bytes, None] = {}  # each once, also when several records are of one key
        for record in records:
            found = read(record)
            batch.append((record, found))
            if not isinstance(found, Refusal):
                keys.update(dict.fromkeys(lacks(found.key, reaches(type(found)))))
        if keys:
            self._overlay.fetch([*keys])
        return batch

    def _take(self, record: Record, found: Read) -> None:
        if isinstance(found, Outcome):
            self._take_outcome(record, found)
        elif isinstance(found, Refusal):
            self._refuse(record, found)
        elif (untimely := self._intake.untimely(found, self._clock)) is not None:
            self._refuse(record, untimely)
        elif isinstance(found, ClockTicked):
            self._tick(record, found)
        else:
            self._take_action(record, found)
        self.counters.events += 1

    def _take_outcome(self, record: Record, outcome: Outcome) -> None:
        if outcome.BROADCAST:
            self._tell_tables(outcome, record.timestamp)
            return
        hearers = self._plan.listeners(type(outcome))
        first = still_to_hear(outcome.event_id)
        if first:
            hearers = tuple(index for index in hearers if index < first)
        if not hearers:
            self.counters.unheard += 1
            return
        holding = self._wake(outcome.key, outcome.occurred_at, record.timestamp)  # type: ignore[attr-defined]
        self._passes.hear(holding, outcome, hearers, record.timestamp)

    def _take_action(self, record: Record, event: Event) -> None:
        memory = self._broadcasts if event.BROADCAST else self._memory
        holding = memory.holding(event.key)
        id_hash, content = short_hash(event.event_id.encode()), content_hash(record.value or b"")
        known = recall(holding.header.ring, id_hash)
        if known is not None:
            self._take_again(record, event, same=known == content)
            return
        hearers = self._plan.listeners(type(event))
        if event.BROADCAST:
            self._tell_tables(event, record.timestamp)
        elif hearers:
            holding = self._wake(event.key, event.occurred_at, record.timestamp)  # type: ignore[attr-defined]
            self._passes.hear(holding, event, hearers, record.timestamp)
        else:
            self.counters.unheard += 1
        holding.header.ring = remember(holding.header.ring, id_hash, content)
        memory.change_header(holding)

    def _take_again(self, record: Record, event: Event, same: bool) -> None:
        if same:
            self.counters.repeats += 1
            return
        detail = (
            f"The event id of this {type(event).__name__} was used before with other content: "
            "nothing of it was applied; send it with an id of its own if it is another event."
        )
        self._refuse(record, Refusal(DeadLetterProblem.CONFLICTS, detail, event.event_id))

    def _refuse(self, record: Record, refusal: Refusal) -> None:
        self.counters.dead_letters[refusal.problem] += 1
        self._outbox.dead_letter(record, refusal.problem, refusal.detail, refusal.event_id)

    def _tell_tables(self, event: Event | Outcome, recorded_at: int) -> None:
        for index in self._plan.table_listeners(type(event)):
            state = self._broadcasts.state(self._tables, index)
            self._passes.hear_table(index, state, event, self._hint, recorded_at)

    # ---- time -----------------------------------------------------------------------------------

    def _tick(self, record: Record, tick: ClockTicked) -> None:
        """A tick raises the partition's time; one that does not says nothing new."""
        if tick.occurred_at > self._clock.time:
            self._raise_time(record, tick)
            self._tell_tables(tick, record.timestamp)

    def _raise_time(self, record: Record, tick: ClockTicked) -> None:
        before = self._clock.time
        gap = tick.occurred_at - before  # the first tick's is as good as endless
        self._clock = Clock(tick.occurred_at, gap, record.timestamp)

    def _wake(self, key: str, at: int, recorded_at: int) -> Holding:
        """Before an event at `at` reaches the key: wake what was due by then, or by the tick."""
        holding = self._memory.holding(key)
        clock = self._clock
        while holding.next_at <= at or holding.next_at <= clock.time:
            cause_at = clock.recorded_at if holding.next_at <= clock.time else recorded_at
            if self._careful:
                holding = self._wake_or_park(holding, max(at, clock.time), cause_at)
            else:
                self._passes.wake_first(holding, cause_at)
                self.counters.wake_ups += 1
        return holding

    def _wake_silent(self, deadline: float, most: int | None = None) -> None:
        """Wake keys that are due by the partition's time, until the deadline but at least one."""
        while (key := self._memory.due.take(self._clock.time)) is not None:
            holding = self._wake(key, 0, 0)
            self._memory.change_header(holding)  # also when nothing was due: the index is set right
            self._keys_reached += 1
            if perf_counter() > deadline or self._keys_reached == most:
                return

    # ---- carefully ------------------------------------------------------------------------------

    def _run_carefully(self, records: Sequence[Record], keys: int) -> int:
        """Again, as far as the first attempt came, each event and wake-up kept or dropped whole."""
        self._careful, self._keys_reached = True, 0
        if self.waiting:
            self._wake_silent(inf, keys)
            self._keep()
        for record in records:
            self._take_carefully(record, self._intake.read(record))
        self._careful = False
        return len(records)

    def _take_carefully(self, record: Record, found: Read) -> None:
        try:
            self._take(record, found)
            self._keep()
        except Poisoned as error:
            self._drop()
            if isinstance(found, ClockTicked):
                self._raise_time(record, found)  # time goes on, whatever a table makes of it
            event_id = "" if isinstance(found, Refusal) else found.event_id
            self._refuse(record, Refusal(error.problem, error.detail, event_id))
            self.counters.events += 1
            self._keep()
            self._gauge.poisoned(self.counters.events + self.counters.wake_ups, error.detail)

    def _wake_or_park(self, holding: Holding, now: int, recorded_at: int) -> Holding:
        """Wake the agent that is due first; when it raises, its key goes on without it."""
        try:
            self._passes.wake_first(holding, recorded_at)
            self.counters.wake_ups += 1
            self._keep()
        except Poisoned as error:
            self._drop()
            self._passes.park(self._memory.holding(holding.key), now)
            self.counters.wake_ups_parked += 1
            self._keep()
            self._gauge.poisoned(self.counters.events + self.counters.wake_ups, error.detail)
        return self._memory.holding(holding.key)

    # ---- keeping and dropping -------------------------------------------------------------------

    def _keep(self) -> None:
        """All since the last time stands. Raises `Poisoned` before anything is kept."""
        of_keys, of_tables = self._memory.changed(), self._broadcasts.changed()
        self._memory.keep(of_keys)
        self._broadcasts.keep(of_tables)
        if self._clock is not self._clock_kept:
            self._overlay.put([(CLOCK_KEY, encode_clock(self._clock))])
            self._clock_kept = self._clock
        self._overlay.forget_fetched()
        self._outbox.settle()
        self._counted = self.counters.copy()

    def _drop(self) -> None:
        """Nothing since the last time has happened."""
        self._memory.drop()
        self._broadcasts.drop()
        self._overlay.forget_fetched()
        self._outbox.drop()
        self._clock = self._clock_kept
        self.counters = self._counted.copy()
        self._open_tables()

    def _open_tables(self) -> None:
        """Read the tables; agents see them from now on."""
        self._tables = self._broadcasts.holding(THE_TABLES)
        for index, table in enumerate(self._plan.tables):
            self._passes.tables[table.name] = self._broadcasts.state(self._tables, index)
