"""Alerts, told again from the scores and judgements that they rest on: what each must have said.

Every score from REVIEW up is evidence of one alert, once. What an alert says of itself (count, score,
verdict, times) must be what its evidence comes to; a member has at most one open alert of a kind; it ends
by a judgement or at its deadline, about all its evidence; every score follows from its evidence; and what
is suppressed had no room in the day's budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp
from typing import Any

from audit.alert_budget import Budgets
from audit.log import Entry, text_of

HOUR = 3_600_000
QUIET = 72 * HOUR
OPEN_MOST = 14 * 24 * HOUR
ALERTING = ("REVIEW", "HOLD", "BLOCK")  # in rising order
LISTED_MOST = 2_000  # pieces of evidence that an end names
ENDED = {"CONFIRMED", "CLEARED", "EXPIRED"}
OPENED, UPDATED, SUPPRESSED = "AlertOpened", "AlertUpdated", "AlertSuppressed"
GROWN = {OPENED, UPDATED, SUPPRESSED}
MEMBERS = "actions.members"
LOG_ODDS_MOST = 30.0


@dataclass(slots=True)
class Told:
    """An alert as its evidence makes it."""

    member: str
    kind: str
    partition: int
    opened_at: int
    subjects: dict[str, None] = field(default_factory=dict)
    score: int = 0
    verdict: int = 0
    first_seen_at: int = 1 << 62
    last_seen_at: int = 0
    shown: bool = False
    state: str = ""
    closing: str = ""  # the cause of its last end
    named: list[str] = field(default_factory=list)  # by that end, in all its records

    @property
    def due_at(self) -> int:
        """When it ends without a judgement."""
        return min(self.last_seen_at + QUIET, self.opened_at + OPEN_MOST)

    def grow(self, evidence: dict[str, Any]) -> None:
        """One piece more."""
        at = evidence["scored_at"]
        self.subjects[evidence["subject_id"]] = None
        self.score = max(self.score, evidence["score"])
        self.verdict = max(self.verdict, ALERTING.index(evidence["verdict"]))
        self.first_seen_at = min(self.first_seen_at, at)
        self.last_seen_at = max(self.last_seen_at, at)

    def words(self) -> dict[str, Any]:
        """What its newest record must say."""
        return {
            "member_id": self.member,
            "kind": self.kind,
            "count": len(self.subjects),
            "score": self.score,
            "verdict": ALERTING[self.verdict],
            "first_seen_at": self.first_seen_at,
            "last_seen_at": self.last_seen_at,
        }


class Alerts:
    """Hear actions, then outcomes, each partition in its order; then `finish`."""

    def __init__(self) -> None:
        self.alerts: dict[str, Told] = {}
        self._open: dict[tuple[str, str], str] = {}
        self._scored: dict[
            str, tuple[str, str]
        ] = {}  # by event id, of scores that alert: member, place
        self._rested: Counter[str] = Counter()  # on which scores alerts rest; topics have no order
        self._judged: dict[str, dict[str, Any]] = {}
        self._refused: set[str] = set()
        self._ticked_at: dict[int, int] = {}
        self._partitions: set[int] = set()  # all: ticks are written into every one
        self._budgets = Budgets()
        self._differences: list[str] = []

    def hear_action(self, entry: Entry, *, required: bool = True) -> None:
        """Ticks and judgements; `required`: it lies before the cut, so a tick's wake-ups are over."""
        if entry.topic != MEMBERS:
            return
        if entry.name == "ClockTicked":
            self._partitions.add(entry.partition)
        if entry.name == "ClockTicked" and required:
            before = self._ticked_at.get(entry.partition, 0)
            self._ticked_at[entry.partition] = max(before, entry.fields["occurred_at"])
        elif entry.name == "AlertJudged":
            self._judged[entry.fields["event_id"]] = entry.fields
        elif entry.name == "AlertBudgetChanged":
            self._budgets.set(entry.fields["kind"], entry.fields["alerts_a_day"])

    def hear(self, entry: Entry) -> None:
        """One outcome."""
        fields = entry.fields
        if entry.name == "FraudScored" and fields["verdict"] in ALERTING:
            self._scored[fields["event_id"]] = fields["member_id"], text_of(entry, "")
        elif entry.name == "JudgementRefused":
            self._refused.add(fields["caused_by"])
        elif entry.name in GROWN:
            self._grow(entry)
        elif entry.name == "AlertClosed":
            self._close(entry)

    def _grow(self, entry: Entry) -> None:
        fields, evidence = entry.fields, entry.fields["evidence"]
        alert_id, owner = fields["alert_id"], (fields["member_id"], fields["kind"])
        told = self.alerts.get(alert_id)
        if told is None:
            self._expect(entry, owner not in self._open, "opens beside another of its kind")
            told = Told(*owner, entry.partition, fields["occurred_at"])
            self.alerts[alert_id], self._open[owner] = told, alert_id
        self._expect(entry, told.state not in ENDED, "grows after its end")
        self._expect(entry, (entry.name == UPDATED) is told.shown, "is not the word for it")
        self._has_room(entry, told)
        told.shown = told.shown or entry.name == OPENED
        told.state = "OPEN" if told.shown else "SUPPRESSED"
        told.grow(evidence)
        self._says(entry, told)
        self._follows(entry, evidence)
        if told.shown:
            self._expect(entry, fields["expires_at"] == told.due_at, "has another deadline")
        self._rested[fields["caused_by"]] += 1

    def _has_room(self, entry: Entry, told: Told) -> None:
        """Before the evidence counts: what is stricter than all before opens without room."""
        partitions = len(self._partitions)
        if not partitions or entry.name == UPDATED:
            return
        if entry.name == SUPPRESSED:
            wrong = self._budgets.suppressed(entry.partition, entry.fields, partitions)
        else:
            wrong = self._budgets.opened(entry.partition, entry.fields, partitions)
            verdict = ALERTING.index(entry.fields["evidence"]["verdict"])
            if told.subjects and verdict > told.verdict:
                return
        self._expect(entry, not wrong, wrong)

    def _close(self, entry: Entry) -> None:
        fields = entry.fields
        told = self.alerts.get(fields["alert_id"])
        if told is None:
            self._differs(entry, "ends and never began")
            return
        self._says(entry, told)
        if fields["caused_by"] != told.closing:
            told.closing, told.named = fields["caused_by"], []
            self._ends(entry, told)
        told.named += fields["subject_ids"]

    def _ends(self, entry: Entry, told: Told) -> None:
        fields = entry.fields
        self._expect(entry, fields["end"] != told.state, "ends again as before")
        if fields["end"] == "EXPIRED":
            in_time = fields["occurred_at"] == told.due_at and told.state not in ENDED
            self._expect(entry, in_time, "expires at another time than its deadline")
        else:
            judged = self._judged.get(fields["caused_by"], {})
            same = judged.get("alert_id") == fields["alert_id"]
            self._expect(entry, same, "ends by no judgement")
            self._expect(
                entry, judged.get("judgement") == fields["end"], "ends otherwise than judged"
            )
        told.state = fields["end"]
        owner = told.member, told.kind
        if self._open.get(owner) == fields["alert_id"]:
            del self._open[owner]

    def finish(self, *, quiet: bool = True, moved: frozenset[str] = frozenset()) -> list[str]:
        """All that contradicts, as sentences; `moved`: members of whom more was said since the cut."""
        return [*self._differences, *self._missing(quiet, moved)]

    def _missing(self, quiet: bool, moved: frozenset[str]) -> Iterator[str]:
        if quiet:
            yield from self._unsaid(moved)
        for alert_id, told in self.alerts.items():
            if told.member in moved:
                continue
            listed = list(told.subjects)[:LISTED_MOST]
            if told.state in ENDED and told.named != listed:
                yield f"alert {alert_id} ended about {len(told.named)} of {len(listed)} pieces"
            due = told.state not in ENDED and told.due_at <= self._ticked_at.get(told.partition, 0)
            if quiet and due:
                yield f"alert {alert_id} is still {told.state}, and its deadline is over"

    def _unsaid(self, moved: frozenset[str]) -> Iterator[str]:
        """Scores and evidence that do not go together, one to one."""
        for event_id, (member, text) in self._scored.items():
            if member not in moved and self._rested[event_id] != 1:
                yield f"{text}is evidence of {self._rested[event_id]} alerts"
        if not moved:
            for event_id in self._rested.keys() - self._scored.keys():
                yield f"an alert rests on {event_id}, which is no score that alerts"

    def states(self) -> dict[tuple[str, str], tuple[str, int, int]]:
        """Member and alert → its state, its highest score and its count, as views should show them."""
        return {
            (told.member, alert_id): (told.state, told.score, len(told.subjects))
            for alert_id, told in self.alerts.items()
        }

    def open_now(self) -> dict[tuple[str, str], tuple[int, int]]:
        """The same of those that are open and on show: score and count."""
        return {
            (told.member, alert_id): (told.score, len(told.subjects))
            for alert_id, told in self.alerts.items()
            if told.state == "OPEN"
        }

    def _says(self, entry: Entry, told: Told) -> None:
        for name, wanted in told.words().items():
            found = entry.fields[name]
            self._expect(
                entry, found == wanted, f"says {name} {found}, its evidence makes {wanted}"
            )

    def _follows(self, entry: Entry, evidence: dict[str, Any]) -> None:
        """Scores and reasons."""
        computed = 0
        if evidence["base"] is not None:
            log_odds = evidence["base"] + sum(one["weight"] for one in evidence["weights"])
            computed = round(1000 / (1 + exp(-min(max(log_odds, -LOG_ODDS_MOST), LOG_ODDS_MOST))))
        reasons = evidence["reasons"]
        computed += sum(r["contribution"] for r in reasons if r["source"].startswith("rule:"))
        summed = sum(r["contribution"] for r in reasons)
        said = evidence["score"]
        self._expect(entry, said == computed == summed, f"scores {said}, which does not follow")

    def _expect(self, entry: Entry, right: object, text: str) -> None:
        if not right:
            self._differs(entry, text)

    def _differs(self, entry: Entry, text: str) -> None:
        self._differences.append(text_of(entry, text))
