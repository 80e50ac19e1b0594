"""Nothing lost, nothing doubled: every action that was taken has its answer, no outcome comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from audit.log import Entry

# action → (field that names it, outcomes that answer it)
ANSWERS: dict[str, tuple[str, frozenset[str]]] = {
    "PurchaseMade": ("order_id", frozenset({"OrderPlaced", "OrderRefused"})),
    "PurchaseReturned": (
        "return_id",
        frozenset({"ReturnAccepted", "ReturnDeferred", "ReturnRefused"}),
    ),
    "RedemptionRequested": ("redemption_id", frozenset({"PointsHeld", "HoldRefused"})),
    "MemberRegistered": ("member_id", frozenset({"MemberEnrolled"})),
    "ProductListed": ("product_id", frozenset({"ProductOffered"})),
}
FIELD_OF = {name: field for field, names in ANSWERS.values() for name in names}


class Completeness:
    """Counts actions and answers; `taken` says which actions count (no repeat, no dead letter)."""

    def __init__(self) -> None:
        self.outcomes = 0
        self.doubled = 0
        self.missing = 0
        self.repeats = 0
        self.dead_letters: Counter[str] = Counter()
        self.differences: list[str] = []
        self._dead: set[tuple[str, int, int]] = set()
        self._heard: set[str] = set()
        self._asked: dict[tuple[str, str, str], Entry] = {}
        self._answered: set[tuple[str, str, str]] = set()
        self._seen: set[str] = set()

    def hear_dead_letter(self, entry: Entry) -> None:
        """One dead letter: the record it names is not taken. Hear all of them first."""
        fields = entry.fields
        self.dead_letters[fields["problem"]] += 1
        self._dead.add((fields["topic"], fields["partition"], fields["offset"]))

    def hear_action(self, entry: Entry, prefix: str = "") -> bool:
        """One action; true when it was taken: it can be read, is no dead letter and no repeat."""
        if (prefix + entry.topic, entry.partition, entry.offset) in self._dead:
            return False
        if not entry.name:
            self._differs(entry, "cannot be read and is no dead letter")
            return False
        repeat = entry.fields["event_id"] in self._heard
        if repeat and entry.name != "ClockTicked":
            self.repeats += 1
            return False
        self._heard.add(entry.fields["event_id"])
        if entry.name in ANSWERS:
            field, _ = ANSWERS[entry.name]
            self._asked[self._place(entry, field, entry.name)] = entry
        return True

    def hear(self, entry: Entry) -> None:
        """One outcome."""
        self.outcomes += 1
        if not entry.name:
            self._differs(entry, "is an outcome that cannot be read")
            return
        if entry.fields["event_id"] in self._seen:
            self.doubled += 1
            self._differs(entry, f"outcome {entry.fields['event_id']} comes twice")
        self._seen.add(entry.fields["event_id"])
        for action, (field, names) in ANSWERS.items():
            if entry.name in names:
                self._answered.add(self._place(entry, field, action))

    def finish(self, explain: Callable[[Entry], str] | None = None) -> list[str]:
        """All that is missing or doubled; call it at the end of the log."""
        for place in sorted(self._asked.keys() - self._answered):
            self.missing += 1
            self._differs(self._asked[place], "has no answer")
        return self.differences

    @staticmethod
    def _place(entry: Entry, field: str, action: str) -> tuple[str, str, str]:
        owner = entry.fields.get("member_id") or entry.fields.get("product_id", "")
        return action, owner, str(entry.fields[field])

    def _differs(self, entry: Entry, text: str) -> None:
        place = f"{entry.topic}/{entry.partition}/{entry.offset}"
        self.differences.append(f"{place} {entry.name or 'bytes'}: {text}")
