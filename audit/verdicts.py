"""Verdicts and the ends of alerts, and what must have come of them: for orders, victims, and who is hidden.

How an order's points stand at the end follows from the words alone, in whatever order they were heard: a
verdict of HOLD or BLOCK stops it until an alert ends that names what was scored; the last end of an alert
counts, and what the bank took a payment of back is forfeited. What the ledger says on the way must follow
from what it said before: each change once, and the boards lose and gain all that the order earned, less what
came back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from audit.log import Entry, text_of
from audit.orders import OrderKey

DAY = 86_400_000
LAPSES = 30 * DAY  # a verdict whose alert nobody ends
FREE, WITHHELD, FORFEITED = "free", "withheld", "forfeited"
COMES_TO = {"PointsWithheld": WITHHELD, "PointsReleased": FREE, "PointsForfeited": FORFEITED}
TAKEOVER = "ACCOUNT_TAKEOVER"
LotKey = tuple[str, str, str]  # member, order, rule


class Scored(NamedTuple):
    """A verdict that stops."""

    member: str
    kind: str
    subject_id: str
    at: int
    partition: int


@dataclass(slots=True)
class Alert:
    """An alert that ended: all that it names, and how it ended last."""

    member: str
    kind: str
    verdict: str
    end: str = ""
    count: int = 0
    first_seen_at: int = 0
    last_seen_at: int = 0
    subjects: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    redemptions: set[str] = field(default_factory=set)

    def covers(self, scored: Scored) -> bool:
        """True when a verdict was part of it, also of one that is longer than its lists."""
        if (scored.member, scored.kind) != (self.member, self.kind):
            return False
        cut = self.count > len(self.subjects)
        within = self.first_seen_at <= scored.at <= self.last_seen_at
        return scored.subject_id in self.subjects or (cut and within)


@dataclass(slots=True)
class Lot:
    """What an order earned by a rule: less what came back, and how it stands by the ledger's words."""

    net: int = 0
    standing: str = FREE
    forfeited: int = 0


class Verdicts:
    """Hear all outcomes, those of `alerts` in any place among the others."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self._stopped: dict[OrderKey, list[Scored]] = defaultdict(list)
        self._blocked: dict[str, list[Scored]] = defaultdict(list)
        self._alerts: dict[str, Alert] = {}
        self._alerts_of: dict[str, list[Alert]] = defaultdict(list)
        self._taken_back: set[OrderKey] = set()
        self._lots: dict[LotKey, Lot] = defaultdict(Lot)
        self._hidden: dict[str, bool] = {}
        self._spent: set[tuple[str, str]] = set()
        self._restored: dict[tuple[str, str], bool] = {}

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        fields = entry.fields
        match entry.name:
            case "FraudScored" if fields["verdict"] in ("HOLD", "BLOCK"):
                self._score(entry)
            case "AlertClosed":
                self._end(fields)
            case "PaymentContested" if fields["contest"] == "TAKEN_BACK":
                self._taken_back.add((fields["member_id"], fields["order_id"]))
            case "PointsPending" | "PointsEarned" if fields["counts_at"] is not None:
                self._lots[_lot(fields)].net += fields["points"]
            case "PointsReversed":
                self._take_back(entry)
            case "PointsWithheld" | "PointsReleased" | "PointsForfeited":
                self._judge(entry)
            case "MemberHidden" | "MemberShown":
                self._hide(entry, entry.name == "MemberHidden")
            case "PointsSpent" if fields["points"]:
                self._spent.add((fields["member_id"], fields["redemption_id"]))
            case "PointsRestored" | "RestorationReversed":
                self._restore(entry, entry.name == "PointsRestored")

    def hidden(self) -> set[str]:
        """Members whom no board shows."""
        return {member for member, hidden in self._hidden.items() if hidden}

    def stops(self, member: str, order_id: str, ticked_at: dict[int, int]) -> bool:
        """True when the order's points are not the member's, or not yet."""
        return self._standing(member, order_id, ticked_at) != FREE

    def finish(self, ticked_at: dict[int, int] | None) -> list[str]:
        """All differences; `ticked_at`: the time of each members partition, none while workers work."""
        if ticked_at is None:
            return self.differences
        for (member, order_id, rule), lot in self._lots.items():
            wanted = self._standing(member, order_id, ticked_at)
            if lot.net and lot.standing != wanted:
                self.differences.append(
                    f"order {order_id} of {member}: its points by {rule} are {lot.standing} and "
                    f"should be {wanted}"
                )
        self.differences.extend(self._wrongly_hidden(ticked_at))
        self.differences.extend(self._not_restored())
        return self.differences

    # ---- what was said --------------------------------------------------------------------------

    def _score(self, entry: Entry) -> None:
        fields, member = entry.fields, entry.fields["member_id"]
        at, subject = fields["occurred_at"], fields["subject_id"]
        scored = Scored(member, fields["kind"], subject, at, entry.partition)
        if fields["order_id"] is not None:
            self._stopped[member, fields["order_id"]].append(scored)
        if fields["verdict"] == "BLOCK":
            self._blocked[member].append(scored)

    def _end(self, fields: dict[str, Any]) -> None:
        """An alert with long lists ends in several records."""
        member, kind, verdict = fields["member_id"], fields["kind"], fields["verdict"]
        alert = self._alerts.get(fields["alert_id"])
        if alert is None:
            alert = self._alerts[fields["alert_id"]] = Alert(member, kind, verdict)
            self._alerts_of[member].append(alert)
        alert.end, alert.verdict, alert.count = fields["end"], verdict, fields["count"]
        alert.first_seen_at, alert.last_seen_at = fields["first_seen_at"], fields["last_seen_at"]
        alert.subjects.update(fields["subject_ids"])
        alert.orders.update(fields["order_ids"])
        alert.redemptions.update(fields["redemption_ids"])

    def _take_back(self, entry: Entry) -> None:
        lot, points = self._lots[_lot(entry.fields)], entry.fields["points"]
        if entry.fields["counted"] != (lot.standing == FREE):
            self._differs(
                entry, f"says counted {entry.fields['counted']} of what is {lot.standing}"
            )
        lot.net -= points
        lot.forfeited -= min(lot.forfeited, points)

    def _judge(self, entry: Entry) -> None:
        """A change of standing; forfeited again: what could not be collected before."""
        fields, lot = entry.fields, self._lots[_lot(entry.fields)]
        before, after = lot.standing, COMES_TO[entry.name]
        if before == after != FORFEITED:
            self._differs(entry, f"makes {after} what is so already")
        change = lot.net * ((after == FREE) - (before == FREE))
        if fields["score_change"] != change:
            self._differs(entry, f"changes scores by {fields['score_change']} and not by {change}")
        if after == FORFEITED:
            lot.forfeited += fields["points"] - fields["uncollected"]
        elif before == FORFEITED:
            if fields["points"] != lot.forfeited:
                self._differs(entry, f"puts back {fields['points']} of {lot.forfeited} forfeited")
            lot.forfeited = 0
        lot.standing = after
        moved = sum(posting["points"] for posting in fields["postings"])
        if moved != fields["points"] - fields.get("uncollected", 0):
            self._differs(entry, f"says {fields['points']} points, its postings move {moved}")
        if not 0 <= lot.forfeited <= lot.net:
            self._differs(entry, f"leaves {lot.forfeited} forfeited of {lot.net} earned")

    def _hide(self, entry: Entry, hidden: bool) -> None:
        member = entry.fields["member_id"]
        if self._hidden.get(member, False) == hidden:
            self._differs(entry, f"makes hidden {hidden} what is so already")
        self._hidden[member] = hidden

    def _restore(self, entry: Entry, restored: bool) -> None:
        place = entry.fields["member_id"], entry.fields["redemption_id"]
        if place not in self._spent or self._restored.get(place, False) == restored:
            self._differs(entry, f"of {place[1]}, which was not spent or is so already")
        self._restored[place] = restored

    # ---- what must be ---------------------------------------------------------------------------

    def _standing(self, member: str, order_id: str, ticked_at: dict[int, int]) -> str:
        stopped = self._stopped.get((member, order_id), [])
        for alert in self._alerts_of.get(member, ()):
            named = order_id in alert.orders or any(map(alert.covers, stopped))
            if named and alert.end == "CONFIRMED":
                return FORFEITED
        if (member, order_id) in self._taken_back:
            return FORFEITED
        return WITHHELD if self._open(stopped, ticked_at) else FREE

    def _open(self, stopped: list[Scored], ticked_at: dict[int, int]) -> list[Scored]:
        """Verdicts whose alert has not ended, nor lapsed."""
        return [
            scored
            for scored in stopped
            if scored.at + LAPSES > ticked_at.get(scored.partition, 0)
            and not any(alert.covers(scored) for alert in self._alerts_of.get(scored.member, ()))
        ]

    def _wrongly_hidden(self, ticked_at: dict[int, int]) -> Iterator[str]:
        stays = {
            alert.member
            for alert in self._alerts.values()
            if (alert.end, alert.verdict) == ("CONFIRMED", "BLOCK") and alert.kind != TAKEOVER
        }
        waits = {member for member, found in self._blocked.items() if self._open(found, ticked_at)}
        hidden = self.hidden()
        for member in sorted(hidden ^ (stays | waits)):
            yield f"{member} is {'' if member in hidden else 'not '}hidden and should not be so"

    def _not_restored(self) -> Iterator[str]:
        wanted = {
            (alert.member, redemption_id)
            for alert in self._alerts.values()
            if (alert.end, alert.kind) == ("CONFIRMED", TAKEOVER)
            for redemption_id in alert.redemptions
        }
        restored = {place for place, is_so in self._restored.items() if is_so}
        for member, redemption_id in sorted(restored ^ (wanted & self._spent)):
            so = "" if (member, redemption_id) in restored else "not "
            yield f"redemption {redemption_id} of {member}: is {so}given back and should not be so"

    def _differs(self, entry: Entry, text: str) -> None:
        self.differences.append(text_of(entry, text))


def _lot(fields: dict[str, Any]) -> LotKey:
    return fields["member_id"], fields["order_id"] or "", fields["rule_id"] or ""
