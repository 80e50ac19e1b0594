"""A token's side: what became of payments at a terminal, with a product, a device, a card, an address.

Labels come late, as they do in life. Of a fraud a token is told only the part that the member's own
side does not explain (`evidence`, 0 to 1): a large amount that is unlike the member speaks against whoever
has the card, not against the shop where it was used.

A token that many members share is no crime; families and offices share addresses, networks and devices.
How many members use it is therefore a number that the model weighs, never a rule of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from zlib import crc32

from msgspec import Struct, field

from agents.risk.windows import DAY, Window, distinct, keep, see, tallies

PAYMENTS_MOST = 256
MEMBERS_MOST = 64
LABELS_MOST = 128
LABELS_KEPT = 90 * DAY
BLAMED = 0.5  # evidence above this counts as a fraud of the token's own
WEEK = 7 * DAY
MONTH = 30 * DAY
RUN_MOST = 3
HONEST_MOST = 3
RECENT = 37 * DAY  # frauds are looked at for as long as a compromise lasts, and a label takes


class Label(Struct, array_like=True):
    """What became of a payment: made at `paid_at`, known since `labelled_at`."""

    paid_at: int
    labelled_at: int
    evidence: float


class Reputation(Struct):
    """What is kept of a token. `members` are short hashes and when each was last seen; labels are in
    the order of the payments, at most `LABELS_MOST` of the last 90 days."""

    payments: Window = field(default_factory=Window)
    members: dict[str, int] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)


def features(reputation: Reputation, role: str, member_id: str, at: int) -> dict[str, float]:
    """What the token's history says at this moment; `role` (such as "terminal") begins their names."""
    names = _names(role)
    payments, members = reputation.payments, reputation.members
    hour, day, week, _ = tallies(payments, at)
    found: dict[str, float] = {
        names["payments_1h"]: hour.times,
        names["payments_24h"]: day.times,
        names["payments_7d"]: week.times,
    }
    if members:
        found[names["members_24h"]] = distinct(members, at, DAY)
        found[names["members_30d"]] = distinct(members, at, 30 * DAY)
        found[names["known_to_member"]] = member_hash(member_id) in members
    known = [label for label in reputation.labels if label.labelled_at <= at]
    if known:
        _of_labels(known, at, names, found)
        _of_frauds(known, at, names, found)
    return found


def _of_labels(known: list[Label], at: int, names: dict[str, str], found: dict[str, float]) -> None:
    """What the labels that are known at this moment sum up to."""
    told = [(label.evidence, at - label.labelled_at) for label in known if label.evidence]
    found[names["labels"]] = len(known)
    found[names["last_evidence"]] = known[-1].evidence
    found[names["evidence_7d"]] = sum([evidence for evidence, age in told if age <= WEEK])
    found[names["evidence_30d"]] = sum([evidence for evidence, age in told if age <= MONTH])


def _of_frauds(known: list[Label], at: int, names: dict[str, str], found: dict[str, float]) -> None:
    """How the token's own frauds run on, or have lapsed: since when, how many in a row, what came after."""
    since = at - RECENT
    frauds = [n for n, one in enumerate(known) if one.evidence > BLAMED and one.paid_at >= since]
    run, last = 0, len(known) - 1
    while run < len(frauds) and frauds[-1 - run] == last - run:
        run += 1
    found[names["frauds_in_a_row"]] = run
    if run:
        days = (at - known[last - run + 1].paid_at) / DAY
        found[names[f"days_of_{min(run, RUN_MOST)}_in_a_row"]] = days
    if frauds:
        honest, days = last - frauds[-1], (at - known[frauds[0]].paid_at) / DAY
        found[names["honest_since_fraud"]] = honest
        found[names["days_since_fraud"]] = (at - known[frauds[-1]].paid_at) / DAY
        found[names["days_since_first_fraud"]] = days
        found[names[f"days_with_{min(honest, HONEST_MOST)}_honest"]] = days


def keep_payment(reputation: Reputation, member_id: str, at: int, amount_minor: int) -> None:
    """A member used the token for a payment."""
    keep(reputation.payments, at, amount_minor, PAYMENTS_MOST)
    see(reputation.members, member_hash(member_id), at, MEMBERS_MOST)


def keep_label(
    reputation: Reputation,
    paid_at: int,
    labelled_at: int,
    evidence: float,
    corrects: float | None = None,
) -> None:
    """It became known what a payment was; `corrects` is the evidence that this one replaces."""
    labels = reputation.labels
    if corrects is not None:
        _take_back(labels, paid_at, corrects)
    place = bisect_right(labels, paid_at, key=lambda label: label.paid_at)
    labels.insert(place, Label(paid_at, labelled_at, evidence))
    oldest = labels[-1].paid_at - LABELS_KEPT
    gone = bisect_right(labels, oldest, key=lambda label: label.paid_at)
    del labels[: max(gone, len(labels) - LABELS_MOST)]


def _take_back(labels: list[Label], paid_at: int, evidence: float) -> None:
    for place, label in enumerate(labels):
        if label.paid_at == paid_at and label.evidence == evidence:
            del labels[place]
            return


def member_hash(member_id: str) -> str:
    """Four bytes that stand for a member among those of a token.

    >>> member_hash("m-17")
    'a67d87cc'
    """
    return f"{crc32(member_id.encode()):08x}"


class _Names(dict[str, str]):
    """A role's names of features by measure, each made once."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def __missing__(self, measure: str) -> str:
        name = self[measure] = f"{self._role}_{measure}"
        return name


@cache
def _names(role: str) -> dict[str, str]:
    return _Names(role)
