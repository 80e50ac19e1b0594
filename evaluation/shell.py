"""Stages' agents in one process, without bytes and logs: a pass as it is, states as plain objects.

The same values run here as in a worker: an event is heard by its key's agents in their order, what they say
is heard by later ones in the pass or travels to its own key, what is due is woken first, tables hear
broadcasts. After each event all that follows from it is done, so answers between stages arrive at once.
`streams/simulate.py` also encodes everything, and is what orders, crashes and sizes are tried with; this
is for figures over long data.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any, get_origin, get_type_hints

from msgspec.structs import force_setattr

from agents import Agent, Place, Stage, StateMap, Table, Woken
from schemas.record import Event, Outcome

ALONE = Place(partition=0, partitions=1)
ALL = 1_000  # agents: more than a stage has


class Entries(StateMap[Any]):
    """A map that is all in memory: nothing is loaded, and nothing waits to be stored."""

    __slots__ = ()

    def _read(self, key: str) -> Any:
        return self._entries.get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._entries[key] = value

    def __delitem__(self, key: str) -> None:
        del self._entries[key]


class Acting:
    """An agent at work: the state of each of its keys, and when it wants to be woken there."""

    def __init__(self, agent: Agent[Any]) -> None:
        self.agent = agent
        self.states: dict[str, Any] = {}
        self.due: dict[str, int] = {}
        self._maps = _maps(agent.initial)

    def state(self, key: str) -> Any:
        """The state of a key; a fresh one at first."""
        state = self.states.get(key)
        if state is None:
            state = self.states[key] = _fresh(self.agent.initial, self._maps)
        return state


class Acted:
    """A stage at work: its agents in order, its tables, and who of them listens to what."""

    def __init__(self, stage: Stage) -> None:
        self.name = stage.name
        self.agents = [Acting(agent) for agent in stage.agents]
        self.tables: tuple[Table[Any], ...] = stage.tables
        self.states = {
            table.name: _fresh(table.initial, _maps(table.initial)) for table in self.tables
        }
        self.hearers: dict[type, tuple[int, ...]] = {}
        for index, agent in enumerate(stage.agents):
            for heard in agent.listens_to:
                self.hearers[heard] = (*self.hearers.get(heard, ()), index)


class Shell:
    """Stages at work. `hear` is told every outcome, in the order in which they are said."""

    def __init__(self, stages: Sequence[Stage], hear: Callable[[Outcome], None]) -> None:
        self.stages = {stage.name: Acted(stage) for stage in stages}
        self._hear = hear
        self._waiting: deque[tuple[Event | Outcome, int]] = deque()
        self._heap: list[tuple[int, str, str, int]] = []
        self._said = 0

    def emit(self, event: Event) -> None:
        """All that follows from an action; what is due before it is woken first."""
        self.wake(event.occurred_at)  # type: ignore[attr-defined]  # all declare it
        self._waiting.append((event, ALL))
        self._drain()

    def wake(self, until: int) -> None:
        """Wake everything that is due at or before this moment (milliseconds), in the order of time."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            due, name, key, index = heappop(heap)
            stage = self.stages[name]
            if stage.agents[index].due.get(key) == due:
                woken = Woken(event_id=self._name(), key=key, occurred_at=due)
                self._pass(stage, key, woken, (index,))
                assert stage.agents[index].due.get(key) != due, (name, key, due)
                self._drain()

    def _name(self) -> str:
        self._said += 1
        return str(self._said)

    def _drain(self) -> None:
        """All that waits, each with the number of agents that are still to hear it."""
        waiting = self._waiting
        while waiting:
            event, first = waiting.popleft()
            if event.BROADCAST:
                self._tell_tables(event)
                continue
            stage = self.stages.get(event.STAGE)
            if stage is None:
                continue
            hearers = tuple([i for i in stage.hearers.get(type(event), ()) if i < first])
            if hearers:
                self._pass(stage, event.key, event, hearers)

    def _tell_tables(self, event: Event | Outcome) -> None:
        for stage in self.stages.values():
            if event.STAGE in (stage.name, ""):
                self._told(stage, event)

    def _told(self, stage: Acted, event: Event | Outcome) -> None:
        for table in stage.tables:
            if type(event) in table.listens_to:
                for outcome in tuple(table.react(stage.states[table.name], event, ALONE)):
                    self._say(outcome, event.event_id)

    def _say(self, outcome: Outcome, cause: str) -> None:
        force_setattr(outcome, "event_id", self._name())
        force_setattr(outcome, "caused_by", cause)
        self._hear(outcome)

    # ---- the pass --------------------------------------------------------------------------------

    def _pass(
        self, stage: Acted, key: str, event: Event | Outcome | Woken, hearers: tuple[int, ...]
    ) -> None:
        inboxes: dict[int, list[Any]] = {index: [event] for index in hearers}
        for index in range(hearers[0], len(stage.agents)):
            if index in inboxes:
                self._agent(stage, key, index, inboxes)

    def _agent(self, stage: Acted, key: str, index: int, inboxes: dict[int, list[Any]]) -> None:
        acting = stage.agents[index]
        agent, state = acting.agent, acting.state(key)
        for heard in inboxes[index]:
            for outcome in tuple(agent.react(state, heard, stage.states)):
                self._say(outcome, heard.event_id)
                self._route(stage, key, index, outcome, inboxes)
        if agent.wake_at is not None:
            self._set_due(stage, acting, key, index, agent.wake_at(state))

    def _route(
        self, stage: Acted, key: str, index: int, outcome: Outcome, inboxes: dict[int, list[Any]]
    ) -> None:
        """Later agents of the same key hear it in the pass; all others when it has travelled."""
        if not outcome.BROADCAST:
            self._told(stage, outcome)
            if stage.name == outcome.STAGE and outcome.key == key:
                hearers = stage.hearers.get(type(outcome), ())
                for hearer in hearers:
                    if hearer > index:
                        inboxes.setdefault(hearer, []).append(outcome)
                if hearers and hearers[0] <= index:
                    self._waiting.append((outcome, index + 1))
                return
        self._waiting.append((outcome, ALL))

    def _set_due(self, stage: Acted, acting: Acting, key: str, index: int, due: int | None) -> None:
        if due == acting.due.get(key):
            return
        if due is None:
            del acting.due[key]
            return
        acting.due[key] = due
        heappush(self._heap, (due, stage.name, key, index))


def _maps(initial: type) -> tuple[str, ...]:
    hints = get_type_hints(initial)
    return tuple(name for name, hint in hints.items() if get_origin(hint) is StateMap)


def _fresh(initial: type, maps: tuple[str, ...]) -> Any:
    state = initial()
    for name in maps:
        setattr(state, name, Entries())
    return state
