"""When points turn active: as was last said of their lot, and as follows from the delivery."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from audit.log import Entry, text_of

DAY = 86_400_000
RuleKey = tuple[str, int]
Place = tuple[str, str]  # member, lot


class Told(NamedTuple):
    """What was last said of a lot."""

    activates_at: int | None
    rule: RuleKey
    waiting: int  # pending, or withheld before it turned active


class Schedule:
    """The lots' times, as outcomes tell them."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self._told: dict[Place, Told] = {}
        self._lots_of: dict[tuple[str, str], set[str]] = defaultdict(set)  # member, order → lots
        self._to_move: dict[Place, tuple[int, str]] = {}

    def say(self, entry: Entry, lot: dict[str, Any]) -> None:
        """A lot as it is after an entry."""
        member = entry.fields["member_id"]
        place = member, lot["lot_id"]
        rule = lot["rule_id"] or "", lot["rule_version"] or 0
        waiting = 0 if lot["activates_at"] is None else lot["pending"] + lot["withheld"]
        self._told[place] = Told(lot["activates_at"], rule, waiting)
        if lot["order_id"] is not None:
            self._lots_of[member, lot["order_id"]].add(lot["lot_id"])
        at, _ = self._to_move.get(place, (None, ""))
        if at is not None and at == lot["activates_at"] and entry.name == "PointsRescheduled":
            del self._to_move[place]

    def post(self, entry: Entry, posting: dict[str, Any]) -> None:
        """Pending points turn active at the very moment that was said."""
        if posting["source"] != "PENDING" or entry.name != "PointsEarned":
            return
        lot_id, at = posting["lot_id"], entry.fields["occurred_at"]
        told = self._told.get((entry.fields["member_id"], lot_id))
        if told is None or told.activates_at != at:
            text = f"turns lot {lot_id} active at {at}; last was said: {told}"
            self.differences.append(text_of(entry, text))

    def deliver(self, entry: Entry, rules: dict[RuleKey, dict[str, Any]]) -> None:
        """The return window of what is pending runs from the delivery: its lots are told of again."""
        member, delivered_at = entry.fields["member_id"], entry.fields["delivered_at"]
        for lot_id in self._lots_of.get((member, entry.fields["order_id"]), ()):
            told = self._told[member, lot_id]
            rule = rules.get(told.rule)
            if delivered_at is None or rule is None or not told.waiting:
                continue
            if rule["activation"] == "AT_ONCE":  # waits for an alert or a dispute, not for a window
                continue
            at = delivered_at + rule["return_window_days"] * DAY
            if told.activates_at != at:
                self._to_move[member, lot_id] = at, text_of(entry, f"lot {lot_id} is not moved")

    def finish(self) -> list[str]:
        """All differences found; call it when the whole log is heard."""
        return self.differences + [text for _, text in self._to_move.values()]
