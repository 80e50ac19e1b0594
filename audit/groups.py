"""Campaigns: draws that anybody can draw again, orders that were counted; and who is in a segment.

Who belongs in a segment follows from expressions over personas, and is not derived anew: that would need a
second reader of expressions (turns are in `turns.py`). What is: a campaign targets nobody but who is in its
segment, within its time, once, not while they had as many contacts as it allows; the hash alone decides who
is held out; and what came of it are the member's own orders within the window.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

from audit.log import Entry, text_of

DAY = 86_400_000
ALL = 2**64
ORDERS_COUNTED = 40  # of a member in a campaign, the first ones
RETURNS_COUNTED = 90 * DAY  # after the window; what comes back later need change nothing
TOLD = {"CampaignShown": "shown", "CampaignClicked": "clicked"}

Pair = tuple[str, str]  # member, and segment or campaign


class Part(NamedTuple):
    """A member's part in a campaign, as it was said when they were targeted."""

    text: str
    segment: str
    group: str
    at: int
    until: int
    inside: bool
    contacts: tuple[int, ...]


class Done(NamedTuple):
    """What was last said to have come of it."""

    shown: int = 0
    clicked: int = 0
    orders: int = 0
    amount_minor: int = 0


class Order(NamedTuple):
    """An order within a window; `back_at`: when it came back whole, never: none."""

    amount_minor: int
    back_at: int | None = None


class Groups:
    """Hear actions, then outcomes; then `finish`."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self._inside: dict[Pair, bool] = {}
        self._campaigns: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._parts: dict[Pair, Part] = {}
        self._of: dict[str, list[str]] = defaultdict(list)  # a member's campaigns
        self._contacts: dict[str, list[int]] = defaultdict(list)
        self._done: dict[Pair, Done] = {}
        self._orders: dict[Pair, dict[str, Order]] = defaultdict(dict)
        self._told: Counter[tuple[str, str, str]] = Counter()

    def hear_action(self, entry: Entry) -> None:
        """One action that was taken."""
        if entry.name in TOLD:
            fields = entry.fields
            self._told[fields["member_id"], fields["campaign_id"], TOLD[entry.name]] += 1

    def hear(self, entry: Entry) -> None:
        """One outcome, in the order of its partition."""
        match entry.name:
            case "SegmentEntered" | "SegmentLeft":
                self._turn(entry)
            case "CampaignAccepted":
                self._campaigns[entry.fields["campaign_id"]].append(entry.fields["campaign"])
            case "MemberTargeted":
                self._target(entry)
            case "MemberResponded":
                self._respond(entry)
            case "OrderPlaced":
                self._order(entry)
            case "OrderStateChanged" if entry.fields["state"] == "RETURNED":
                self._back(entry)

    def finish(self) -> list[str]:
        """All differences found; call it when the whole log is heard."""
        for (member, campaign_id), part in self._parts.items():
            self.differences.extend(self._wrong_part(member, campaign_id, part))
            self.differences.extend(self._wrong_figures(member, campaign_id, part))
        return self.differences

    def segment_members(self) -> dict[Pair, bool]:
        """Who was ever in a segment, and whether they are now."""
        return dict(self._inside)

    def campaign_members(self) -> dict[Pair, tuple[Any, ...]]:
        """Who takes part in a campaign: group, and what came of it."""
        return {
            pair: (part.group, *self._done.get(pair, Done())) for pair, part in self._parts.items()
        }

    def _turn(self, entry: Entry) -> None:
        pair = entry.fields["member_id"], entry.fields["segment_id"]
        self._inside[pair] = entry.name == "SegmentEntered"

    def _target(self, entry: Entry) -> None:
        fields = entry.fields
        member, campaign_id = pair = fields["member_id"], fields["campaign_id"]
        if pair in self._parts:
            self._differs(entry, f"is targeted twice by {campaign_id}")
            return
        segment = fields["segment_id"]
        self._parts[pair] = Part(
            text_of(entry, ""),
            segment,
            fields["group"],
            fields["occurred_at"],
            fields["converts_until"],
            self._inside.get((member, segment), False),
            tuple(self._contacts[member]),
        )
        self._of[member].append(campaign_id)
        if fields["group"] == "TREATMENT":
            self._contacts[member].append(fields["occurred_at"])

    def _respond(self, entry: Entry) -> None:
        fields = entry.fields
        pair = fields["member_id"], fields["campaign_id"]
        if pair not in self._parts:
            self._differs(entry, f"answers {pair[1]}, by which it was not targeted")
            return
        self._done[pair] = Done(*(fields[name] for name in Done._fields))

    def _order(self, entry: Entry) -> None:
        fields = entry.fields
        for campaign_id in self._of.get(fields["member_id"], ()):
            pair = fields["member_id"], campaign_id
            part, counted = self._parts[pair], self._orders[pair]
            if part.at < fields["occurred_at"] < part.until and len(counted) < ORDERS_COUNTED:
                counted[fields["order_id"]] = Order(fields["total_minor"])

    def _back(self, entry: Entry) -> None:
        fields = entry.fields
        for campaign_id in self._of.get(fields["member_id"], ()):
            counted = self._orders[fields["member_id"], campaign_id]
            if fields["order_id"] in counted:
                amount_minor = counted[fields["order_id"]].amount_minor
                counted[fields["order_id"]] = Order(amount_minor, fields["occurred_at"])

    def _wrong_part(self, member: str, campaign_id: str, part: Part) -> Iterator[str]:
        if campaign_id not in self._campaigns:
            yield part.text + f"names the campaign {campaign_id}, which the log does not have"
            return
        campaign = self._campaigns[campaign_id][0]  # an early end is no other campaign
        drawn = group_of(campaign, member)
        if part.group != drawn:
            yield part.text + f"is {part.group} in {campaign_id}; the draw makes it {drawn}"
        if part.segment != campaign["segment_id"] or not part.inside:
            yield part.text + f"is not in the segment of {campaign_id}, {campaign['segment_id']}"
        if not campaign["starts_at"] <= part.at < campaign["ends_at"]:
            yield part.text + f"is targeted when {campaign_id} does not run"
        if part.until != part.at + campaign["window_days"] * DAY:
            yield (
                part.text
                + f"has another window in {campaign_id} than {campaign['window_days']} days"
            )
        since = part.at - campaign["contact_days"] * DAY
        if sum(since < moment for moment in part.contacts) >= campaign["contacts_most"]:
            yield part.text + f"is targeted by {campaign_id} with too many contacts before it"

    def _wrong_figures(self, member: str, campaign_id: str, part: Part) -> Iterator[str]:
        said = self._done.get((member, campaign_id), Done())
        made = self._orders[member, campaign_id].values()
        late = part.until + RETURNS_COUNTED
        kept = [one for one in made if one.back_at is None]
        if not any(one.back_at is not None and one.back_at >= late for one in made):
            counted = len(kept), sum(one.amount_minor for one in kept)
            if (said.orders, said.amount_minor) != counted:
                yield (
                    part.text
                    + f"brought {campaign_id} {said.orders} orders of {said.amount_minor}; "
                    f"the log has {counted[0]} of {counted[1]}"
                )
        for name in TOLD.values():
            told = self._told[member, campaign_id, name]
            if getattr(said, name) > told:
                yield part.text + f"says {campaign_id} was {name} more often than the {told} told"

    def _differs(self, entry: Entry, text: str) -> None:
        self.differences.append(text_of(entry, text))


def group_of(campaign: dict[str, Any], member: str) -> str:
    """Held out where the first 64 bits of BLAKE2b over salt, a zero byte and member are below the share.

    >>> group_of({"salt": "s", "holdout_share": 0.0}, "m"), group_of({"salt": "s", "holdout_share": 1.0}, "m")
    ('TREATMENT', 'HOLD_OUT')
    """
    digest = blake2b(f"{campaign['salt']}\0{member}".encode(), digest_size=8).digest()
    held_out = int.from_bytes(digest, "big") < campaign["holdout_share"] * ALL
    return "HOLD_OUT" if held_out else "TREATMENT"
