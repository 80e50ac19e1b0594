"""What a partition's work counts, as plain numbers; the engine makes metrics of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from streams.trouble import TooManyPoisoned

WINDOW = 10_000
POISONED_LEAST = 20
POISONED_SHARE = 0.01


@dataclass(slots=True)
class Counters:
    """Totals since the partition was opened. What a dropped attempt counted is not in them."""

    events: int = 0  # records taken, of any kind
    unheard: int = 0  # of these, events that no agent listens to
    repeats: int = 0  # of these, dropped: seen before with the same content
    wake_ups: int = 0
    wake_ups_parked: int = 0  # raised; they are tried again later
    dead_letters: Counter[str] = field(default_factory=Counter)

    def since(self, before: Counters) -> Counters:
        """What was counted since then."""
        return Counters(
            self.events - before.events,
            self.unheard - before.unheard,
            self.repeats - before.repeats,
            self.wake_ups - before.wake_ups,
            self.wake_ups_parked - before.wake_ups_parked,
            self.dead_letters - before.dead_letters,
        )

    def copy(self) -> Counters:
        """The same totals, to return to."""
        return Counters(
            self.events,
            self.unheard,
            self.repeats,
            self.wake_ups,
            self.wake_ups_parked,
            self.dead_letters.copy(),
        )


class PoisonGauge:
    """Stops the process when more than a hundredth of a window's events made an agent raise."""

    def __init__(self) -> None:
        self._since = 0
        self._poisoned = 0

    def poisoned(self, events: int, reason: str) -> None:
        """One more, with `events` taken or woken so far. Raises `TooManyPoisoned`."""
        if events - self._since > WINDOW:
            self._since, self._poisoned = events, 0
        self._poisoned += 1
        if self._poisoned < POISONED_LEAST:
            return
        if self._poisoned > POISONED_SHARE * max(events - self._since, 1):
            raise TooManyPoisoned(
                f"{self._poisoned} of the last {events - self._since} events made an agent raise, "
                f"the last one: {reason} This is no longer the events' fault: mend the agent, then "
                "start again; nothing was lost."
            )
