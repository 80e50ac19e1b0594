"""What follows from what: for each record the answers that it must have, and those that it gives.

Every outcome names the record that it follows from, so both sides can be counted under one name: the
cause's id, or the name of the return or redemption where an answer may follow from something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from audit.log import Entry


class Answer(NamedTuple):
    """So many answers of a kind to a cause are wanted; below zero: are given."""

    cause: str
    kind: str
    number: int


# A record → the kinds of answers that it always has, one each.
WANTS = {
    "PurchaseMade": ("order",),
    "RedemptionRequested": ("hold",),
    "PointsAdjusted": ("adjustment",),
    "RuleChanged": ("rule",),
    "RuleRetired": ("rule",),
    "GiftListed": ("price",),
    "TierRuleChanged": ("programme",),
    "StockReceived": ("stock",),
    "ProductSold": ("stock",),
    "PointsPending": ("scores",),
    "PointsReversed": ("scores",),
    "PointsHeld": ("request for stock",),
    "StockRequested": ("reservation",),
    "PointsSpent": ("commitment", "reward"),
    "StockCommitted": ("stock",),
    "StockWaived": ("release",),
}
# An outcome → the kind of answer that it is to its cause.
GIVES = {
    "OrderPlaced": "order",
    "OrderRefused": "order",
    "PointsHeld": "hold",
    "HoldRefused": "hold",
    "ReturnDeferred": "return",
    "BalanceAdjusted": "adjustment",
    "BonusReversed": "end of a reward",
    "AdjustmentRefused": "adjustment",
    "ScoreChanged": "scores",
    "RuleAccepted": "rule",
    "RuleRefused": "rule",
    "TierRuleAccepted": "programme",
    "TierRuleRefused": "programme",
    "GiftPriced": "price",
    "GiftPriceRefused": "price",
    "ProductSold": "sold",
    "ProductReturned": "came back",
    "StockRequested": "request for stock",
    "GiftReserved": "reservation",
    "GiftRefused": "reservation",
    "StockCommitted": "commitment",
    "GiftReleased": "release",
    "RewardRedeemed": "reward",
}
REPEATS = {"ALREADY_POSTED", "CONFLICTS"}  # the answer to a repeat is no end of what it repeats


def answers(entry: Entry) -> Iterator[Answer]:
    """All that this record wants and gives, but for what is answered once for all (see `FIRST`)."""
    fields = entry.fields
    for kind in WANTS.get(entry.name, ()):
        yield Answer(fields["event_id"], kind, 1)
    if entry.name in GIVES:
        yield Answer(fields["caused_by"], GIVES[entry.name], -1)
    match entry.name:
        case "OrderPlaced":
            products = {line["product_id"] for line in fields["lines"]}
            yield Answer(fields["caused_by"], "sold", len(products))
        case "ReturnAccepted":
            parts = {(line["product_id"], line["sellable"]) for line in fields["lines"]}
            yield Answer(fields["caused_by"], "came back", len(parts))
        case "ProductReturned" if fields["sellable"]:
            yield Answer(fields["event_id"], "stock", 1)
        case "StockAdjusted" if fields["quantity"]:
            yield Answer(fields["event_id"], "stock", 1)
        case "GiftReserved":
            yield Answer(fields["caused_by"], "stock", 1)
        case "StockChanged" if fields["movement"] != "RELEASED":
            yield Answer(fields["caused_by"], "stock", -1)
        case "PointsEarned" if fields["counts_at"] is not None:
            yield Answer(fields["event_id"], "scores", 1)
        case "PointsEarned" if fields["invitation_id"] is not None:
            yield Answer(fields["caused_by"], "reward for an invitation", -1)
        case "ReferralQualified" if fields["points"]:
            yield Answer(fields["event_id"], "reward for an invitation", 1)
        case "ReferralReversed" if fields["points"]:
            yield Answer(fields["event_id"], "end of a reward", 1)
        case "PointsWithheld" | "PointsReleased" | "PointsForfeited" if fields["score_change"]:
            yield Answer(fields["event_id"], "scores", 1)
        case "RewardRedeemed":
            yield Answer(redemption(entry), "end", -1)
        case "RedemptionRefused" if not fields["cancellation"] and fields["reason"] not in REPEATS:
            yield Answer(redemption(entry), "end", -1)
        case "ReturnDeferred":
            yield Answer(of_return(entry), "end of waiting", 1)


def redemption(entry: Entry) -> str:
    """The name of a redemption among those of all members."""
    return name_of(entry.fields["member_id"], entry.fields["redemption_id"])


def of_return(entry: Entry) -> str:
    """The name of a return among those of all members."""
    return name_of(entry.fields["member_id"], entry.fields["return_id"])


def name_of(member: str, own: str) -> str:
    """A name that a member gave, among those of all members."""
    return f"{member}\x1f{own}"
