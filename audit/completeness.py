"""Nothing lost, nothing doubled: every answer that is wanted is there once, and no outcome twice.

What is wanted by whom stands in `answers.py`. Hear dead letters first, then actions, then outcomes.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from audit.answers import Answer, answers, name_of, of_return, redemption
from audit.log import Entry, text_of

# Answered once for a name, whichever of several records asked: the name is in this field.
FIRST = {
    "MemberRegistered": "member_id",
    "ProductListed": "product_id",
    "RedemptionCancelled": "redemption_id",
}
FIRST_ANSWERS = {
    "MemberEnrolled": "member_id",
    "ProductOffered": "product_id",
    "StockWaived": "redemption_id",
    "RedemptionRefused": "redemption_id",
}
RETURN_ENDS = ("ReturnAccepted", "ReturnRefused")


class Open(NamedTuple):
    """Answers of a kind that are missing, or too many when below zero; `text` says to what.

    Not `required`: only records behind the cut have to do with it.
    """

    missing: int
    required: bool
    text: str


class Completeness:
    """Counts actions, outcomes, and what is missing or doubled of them."""

    def __init__(self) -> None:
        self.actions = 0
        self.outcomes = 0
        self.doubled = 0
        self.missing = 0
        self.repeats = 0
        self.dead_letters: Counter[str] = Counter()
        self.differences: list[str] = []
        self._dead: set[tuple[str, int, int]] = set()
        self._heard: set[str] = set()
        self._repeated: set[str] = set()
        self._seen: dict[int, str] = {}  # names; a hash of 64 bits stands for each id of a year
        self._open: dict[tuple[str, str], Open] = {}
        self._requested: set[str] = set()
        self._first_asked: dict[tuple[str, ...], str] = {}
        self._first_answered: set[tuple[str, ...]] = set()

    def hear_dead_letter(self, entry: Entry, prefix: str = "") -> None:
        """One dead letter: the record that it names is not taken."""
        fields = entry.fields
        self.dead_letters[fields["problem"]] += 1
        topic = fields["topic"].removeprefix(prefix)
        self._dead.add((topic, fields["partition"], fields["offset"]))

    def take(self, entry: Entry, *, required: bool = True) -> bool:
        """One action; true when it is taken: it can be read, is no dead letter and no repeat.

        `required`: its answers must be there, because it lies before the cut.
        """
        if (entry.topic, entry.partition, entry.offset) in self._dead:
            return False
        if not entry.name:
            if required:
                self._differs(entry, "cannot be read and is no dead letter")
            return False
        if entry.name == "ClockTicked":
            return True
        event_id = entry.fields["event_id"]
        if event_id in self._heard:
            self.repeats += 1  # or a rule or a gift, which lies in every partition and is said once
            self._repeated.add(event_id)
            return False
        self._heard.add(event_id)
        self.actions += 1
        self._ask(entry, required)
        return True

    def hear(self, entry: Entry) -> None:
        """One outcome before the cut."""
        self.outcomes += 1
        if not entry.name:
            self._differs(entry, "is an outcome that cannot be read")
            return
        seen = hash(entry.fields["event_id"])
        if seen in self._seen:
            if self._seen[seen] != entry.name and entry.fields["caused_by"] in self._repeated:
                return  # a repeat that came too late to be known was heard anew, and refused
            self.doubled += 1
            self._differs(entry, f"outcome {entry.fields['event_id']} comes twice")
            return
        self._seen[seen] = entry.name
        for answer in answers(entry):
            self._count(answer, True, entry)
        if entry.name in RETURN_ENDS:
            self._end_return(entry)
        elif entry.name in FIRST_ANSWERS and entry.fields.get("cancellation", True):
            self._first_answered.add(_first(entry, FIRST_ANSWERS[entry.name]))

    def hear_later(self, entry: Entry) -> None:
        """One outcome behind the cut: it may give or explain an answer, and lacks none itself."""
        for answer in answers(entry):
            self._count(answer, False, entry)

    def finish(self, held: set[tuple[str, str]], waiting: set[tuple[str, str]]) -> list[str]:
        """All that is missing or doubled, but for the ends of what is held or waits."""
        excused = {(name_of(*place), "end") for place in held}
        excused |= {(name_of(*place), "end of waiting") for place in waiting}
        for place, open_ in self._open.items():
            if not open_.required or place in excused:
                continue
            if open_.missing > 0:
                self.missing += open_.missing
                self.differences.append(f"{open_.text}lacks {open_.missing} answers ({place[1]})")
            else:
                self.doubled -= open_.missing
                self.differences.append(f"{open_.text}is an answer too many ({place[1]})")
        for first, text in self._first_asked.items():
            if first not in self._first_answered:
                self.missing += 1
                self.differences.append(text + "has no answer")
        return self.differences

    def _ask(self, entry: Entry, required: bool) -> None:
        """What an action wants; a redemption that is asked for again has the one end."""
        for answer in answers(entry):
            self._count(answer, required, entry)
        match entry.name:
            case "PurchaseReturned":
                answer = Answer(entry.fields["event_id"], "return", 1)
                self._count(answer, required, entry)
            case "RedemptionRequested":
                name = redemption(entry)
                if name not in self._requested:
                    self._requested.add(name)
                    self._count(Answer(name, "end", 1), required, entry)
            case name if name in FIRST and required:
                self._first_asked[_first(entry, FIRST[name])] = text_of(entry, "")

    def _end_return(self, entry: Entry) -> None:
        """The answer to a return that was just heard, or the end of one that waited."""
        direct = entry.fields["caused_by"], "return"
        if direct in self._open:
            self._count(Answer(*direct, -1), True, entry)
        else:
            self._count(Answer(of_return(entry), "end of waiting", -1), True, entry)

    def _count(self, answer: Answer, required: bool, entry: Entry) -> None:
        place = answer.cause, answer.kind
        before = self._open.pop(place, None)
        missing = answer.number + (0 if before is None else before.missing)
        if missing:
            needed = required or (before is not None and before.required)
            self._open[place] = Open(missing, needed, text_of(entry, ""))

    def _differs(self, entry: Entry, text: str) -> None:
        self.differences.append(text_of(entry, text))


def _first(entry: Entry, field: str) -> tuple[str, ...]:
    owner = entry.fields["member_id"] if field == "redemption_id" else ""
    return field, owner, entry.fields[field]
