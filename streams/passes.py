"""The pass: one event through the agents of its key, in order, as a queue.

The cause comes first, then what is said, in the order said; each agent hears the whole queue so far
of what it listens to. Before the event, the key's agents that were due are woken at their due time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import Any

from agents import Place, Woken
from schemas.record import Event, Outcome
from streams.due import NEVER
from streams.identity import derived_id
from streams.memory import Holding, Memory
from streams.outbox import Outbox
from streams.plan import Plan
from streams.state import Header
from streams.trouble import FATAL, Poisoned, poisoned

RETRY_MILLISECONDS = 3_600_000


@lru_cache(maxsize=1_000)
def _agents(bits: int) -> tuple[int, ...]:
    """The numbers of the bits that are set."""
    return tuple(index for index in range(bits.bit_length()) if bits >> index & 1)


class Passes:
    """The passes of one partition; `seconds`: what each agent, then each table, took with its saying."""

    def __init__(
        self,
        plan: Plan,
        memory: Memory,
        outbox: Outbox,
        place: Place,
        tell_tables: Callable[[Outcome, int], None],
    ) -> None:
        """`tell_tables` is told what agents say that a table of the stage listens to."""
        self.seconds = [0.0] * len(plan.speakers)
        self.tables: dict[str, Any] = {}
        self._plan = plan
        self._memory = memory
        self._outbox = outbox
        self._place = place
        self._tell_tables = tell_tables
        self._of_tables = plan.heard_by_tables
        self._reacts = [agent.react for agent in plan.agents]
        self._wakes = [agent.wake_at for agent in plan.agents]
        self._reached: dict[type[Event | Outcome | Woken], int] = {}
        self._waking = sum(1 << i for i, wake_at in enumerate(self._wakes) if wake_at is not None)

    def reaches(self, kind: type[Event | Outcome]) -> tuple[int, ...]:
        """The agents that hear such an event, and those whom the last one of its kind reached through what
        they said: whose states a pass is likely to need.
        """
        return _agents(self._reached.get(kind, 0)) or self._plan.listeners(kind)

    def hear(
        self,
        holding: Holding,
        event: Event | Outcome | Woken,
        hearers: tuple[int, ...],
        recorded_at: int,
    ) -> None:
        """One pass. Raises `Poisoned` when an agent raises, and then is half done."""
        inboxes: list[list[Any] | None] = [None] * len(self._reacts)
        for index in hearers:
            inboxes[index] = [event]
        heard_by = 0
        for index in range(hearers[0], len(inboxes)):
            inbox = inboxes[index]
            if inbox is not None:
                heard_by |= 1 << index
                self._tell(index, inbox, inboxes, holding, recorded_at)
        self._reached[type(event)] = heard_by
        if heard_by & self._waking:
            self._set_due(holding, heard_by & self._waking)

    def _tell(
        self,
        index: int,
        inbox: list[Any],
        inboxes: list[list[Any] | None],
        holding: Holding,
        recorded_at: int,
    ) -> None:
        """One agent hears what there is for it; what it says goes out, and to the later ones."""
        state = self._memory.state(holding, index)
        react, say, key = self._reacts[index], self._outbox.say, holding.key
        started = perf_counter()
        try:
            for heard in inbox:
                cause: str = heard.event_id
                for position, outcome in enumerate(tuple(react(state, heard, self.tables))):
                    for hearer in say(index, cause, key, position, outcome, recorded_at):
                        waiting = inboxes[hearer]
                        if waiting is None:
                            inboxes[hearer] = [outcome]
                        else:
                            waiting.append(outcome)
                    if type(outcome) in self._of_tables:
                        self._tell_tables(outcome, recorded_at)
        except FATAL:
            raise
        except Exception as error:
            raise poisoned(self._plan.speakers[index], error) from error
        self.seconds[index] += perf_counter() - started

    def hear_table(
        self, index: int, state: Any, event: Event | Outcome, hint: str, recorded_at: int
    ) -> None:
        """A table hears a broadcast, a tick or an agent. Raises `Poisoned` as `hear` does."""
        speaker = len(self._plan.agents) + index
        started = perf_counter()
        try:
            said = tuple(self._plan.tables[index].react(state, event, self._place))
            for position, outcome in enumerate(said):
                self._outbox.say(speaker, event.event_id, hint, position, outcome, recorded_at)
        except FATAL:
            raise
        except Exception as error:
            raise poisoned(self._plan.speakers[speaker], error) from error
        self.seconds[speaker] += perf_counter() - started

    # ---- waking ---------------------------------------------------------------------------------

    def wake_first(self, holding: Holding, recorded_at: int) -> None:
        """Wake the key's agent that is due first. Raises `Poisoned`, also when it stays due."""
        index, due = self._first(holding.header)
        name = self._plan.agents[index].name
        header = holding.header
        header.wakes += 1
        header.parked.pop(name, None)
        self._memory.change_header(holding)
        speaker = self._plan.speakers[index]
        seed = f"{holding.key}\x1f{due}"
        woken = Woken(
            event_id=derived_id(seed, speaker, "woken", header.wakes),
            key=holding.key,
            occurred_at=due,
        )
        self.hear(holding, woken, (index,), recorded_at)
        again = header.due.get(name, NEVER)
        if again <= due:
            raise Poisoned(speaker, f"woken at {due} it wants to be woken at {again}: not later.")

    def park(self, holding: Holding, now: int) -> str:
        """Let the agent that is due first wait: its wake-up raised. Returns the agent's name."""
        index, due = self._first(holding.header)
        name = self._plan.agents[index].name
        holding.header.parked[name] = max(now, due) + RETRY_MILLISECONDS
        holding.next_at = holding.header.earliest()
        self._memory.change_header(holding)
        return name

    def _first(self, header: Header) -> tuple[int, int]:
        """The agent that is due first (of equals the first in order) and when it wanted to be."""
        name = min(header.due, key=lambda n: (header.moment(n), self._plan.positions[n]))
        return self._plan.positions[name], header.due[name]

    def _set_due(self, holding: Holding, heard_by: int) -> None:
        header = holding.header
        for index, wake_at in enumerate(self._wakes):
            if wake_at is None or not heard_by >> index & 1:
                continue
            name = self._plan.agents[index].name
            try:
                at = wake_at(holding.states[index])
            except Exception as error:
                raise poisoned(self._plan.speakers[index], error) from error
            if at == header.due.get(name):
                continue
            if at is None:
                del header.due[name]
                header.parked.pop(name, None)
            else:
                header.due[name] = at
            self._memory.change_header(holding)
        holding.next_at = header.earliest()
