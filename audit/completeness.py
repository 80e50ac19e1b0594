"""Nothing lost, nothing doubled: what must follow from a record follows from it once.

Every outcome names the record that it follows from. So from the log alone can be counted, for each
action that was taken and each outcome, how many answers of a kind it must have, and how many it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from audit.ledger import text_of
from audit.log import Entry

# An outcome → the kind of answer that it is to its cause. Kinds, as one of several may be the answer.
KIND_OF = {
    "MemberEnrolled": "member",
    "OrderPlaced": "order",
    "OrderRefused": "order",
    "PointsHeld": "hold",
    "HoldRefused": "hold",
    "BalanceAdjusted": "adjustment",
    "AdjustmentRefused": "adjustment",
    "ScoreChanged": "scores",
    "RuleAccepted": "rule",
    "RuleRefused": "rule",
    "GiftPriced": "price",
    "GiftPriceRefused": "price",
    "ProductOffered": "product",
    "ProductSold": "sold",
    "ProductReturned": "came back",
    "StockChanged": "stock",
    "StockRequested": "request for stock",
    "GiftReserved": "reservation",
    "GiftRefused": "reservation",
    "StockCommitted": "commitment",
    "GiftReleased": "release",
    "RewardRedeemed": "reward",
}
# What always has one answer of these kinds.
ANSWERS = {
    "MemberRegistered": ("member",),
    "PurchaseMade": ("order",),
    "PointsAdjusted": ("adjustment",),
    "RuleChanged": ("rule",),
    "RuleRetired": ("rule",),
    "GiftListed": ("price",),
    "ProductListed": ("product",),
    "StockReceived": ("stock",),
    "StockAdjusted": ("stock",),
    "ProductSold": ("stock",),
    "PointsPending": ("scores",),
    "PointsReversed": ("scores",),
    "PointsHeld": ("request for stock",),
    "StockRequested": ("reservation",),
    "GiftReserved": ("stock",),
    "PointsSpent": ("commitment", "reward"),
    "StockCommitted": ("stock",),
    "StockWaived": ("release",),
}
REDEMPTION_ENDS = ("RewardRedeemed", "RedemptionRefused")


class Asked(NamedTuple):
    """Answers of a kind to one record: how many are missing, or too many when below zero."""

    missing: int
    text: str


class Completeness:
    """Counts actions and answers. Hear dead letters first, then actions, then outcomes."""

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
        # Sets of every id of a year: a hash of 64 bits stands for each.
        self._seen: set[int] = set()
        self._asked: dict[int, Asked] = {}
        self._requested: dict[tuple[str, str], str] = {}
        self._ended: Counter[tuple[str, str]] = Counter()

    def hear_dead_letter(self, entry: Entry, prefix: str = "") -> None:
        """One dead letter: the record that it names is not taken."""
        fields = entry.fields
        self.dead_letters[fields["problem"]] += 1
        topic = fields["topic"].removeprefix(prefix)
        self._dead.add((topic, fields["partition"], fields["offset"]))

    def take(self, entry: Entry, *, asked: bool = True) -> bool:
        """One action; true when it is taken: it can be read, is no dead letter and no repeat.

        Answers are asked for only up to the cut.
        """
        if (entry.topic, entry.partition, entry.offset) in self._dead:
            return False
        if not entry.name:
            self._differs(entry, "cannot be read and is no dead letter")
            return False
        if entry.name == "ClockTicked":
            return True
        event_id = entry.fields["event_id"]
        if event_id in self._heard:
            self.repeats += 1  # a rule or a gift lies in every partition, and is said of once
            return False
        self._heard.add(event_id)
        self.actions += 1
        if asked:
            self._ask_all(entry)
            if entry.name == "RedemptionRequested":
                self._requested[_redemption(entry)] = text_of(entry, "")
        return True

    def hear(self, entry: Entry) -> None:
        """One outcome."""
        self.outcomes += 1
        if not entry.name:
            self._differs(entry, "is an outcome that cannot be read")
            return
        seen = hash(entry.fields["event_id"])
        if seen in self._seen:
            self.doubled += 1
            self._differs(entry, f"outcome {entry.fields['event_id']} comes twice")
            return
        self._seen.add(seen)
        kind = KIND_OF.get(entry.name)
        if kind is not None:
            self._ask(entry.fields["caused_by"], kind, -1, entry)
        if entry.name in REDEMPTION_ENDS and not entry.fields.get("cancellation"):
            self._ended[_redemption(entry)] += 1
        self._ask_all(entry)

    def finish(self, still_open: set[tuple[str, str]]) -> list[str]:
        """All that is missing or doubled; `still_open`: redemptions whose answer is on its way."""
        for asked in self._asked.values():
            if asked.missing > 0:
                self.missing += asked.missing
            else:
                self.doubled -= asked.missing
            self.differences.append(asked.text)
        for place, text in self._requested.items():
            if not self._ended[place] and place not in still_open:
                self.missing += 1
                self.differences.append(text + "the redemption has no end")
        for (member, redemption), ends in self._ended.items():
            if ends > 1:
                self.doubled += ends - 1
                self.differences.append(f"redemption {redemption} of {member} has {ends} ends")
        return self.differences

    def _ask_all(self, entry: Entry) -> None:
        for kind, count in _follows(entry):
            self._ask(entry.fields["event_id"], kind, count, entry)

    def _ask(self, cause: str, kind: str, count: int, entry: Entry) -> None:
        """So many answers are wanted (or, below zero, are there)."""
        place = hash((cause, kind))
        before = self._asked.pop(place, None)
        left = count + (0 if before is None else before.missing)
        if left:
            words = f"lacks {left} answers" if left > 0 else f"is an answer too many to {cause}"
            self._asked[place] = Asked(left, text_of(entry, f"{words} ({kind})"))

    def _differs(self, entry: Entry, text: str) -> None:
        self.differences.append(text_of(entry, text))


def _redemption(entry: Entry) -> tuple[str, str]:
    return entry.fields["member_id"], entry.fields["redemption_id"]


def _follows(entry: Entry) -> Iterator[tuple[str, int]]:
    """What must follow from a record: kinds of answers, and how many of each."""
    for kind in ANSWERS.get(entry.name, ()):
        yield kind, 1
    match entry.name:
        case "PurchaseMade":
            pass
        case "PointsEarned" if entry.fields["counts_at"] is not None:
            yield "scores", 1
        case "ProductReturned" if entry.fields["sellable"]:
            yield "stock", 1
        case "ReturnAccepted":
            pass
