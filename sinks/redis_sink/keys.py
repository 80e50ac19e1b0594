"""Every key family in Redis: its name, its type, what it holds, what bounds it. Scripts get their
names from here, and docs/keyspace.md is written from here.

All keys of one filling are under `<root>v<N>:`; `<root>current` names the filling that is read.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from schemas.risk import AbuseKind
from sinks.redis_sink.views import (
    ALERTS,
    AVAILABILITY,
    BALANCES,
    BOARDS,
    CANDIDATES,
    DIGITS,
    FRIENDS,
    HOT_PRODUCTS,
    HOT_SEARCHES,
    NEIGHBOURS,
    RISK,
    SEGMENTS,
    SHOWN,
    STOCK,
    TIERS,
    VIEWS,
    View,
)
from sinks.settings import Settings

HOT_KEPT: Final = 1_000
DAY_MS: Final = 86_400_000
# How long a closed board is kept, in days of event time, by the first word of its name.
KEPT_DAYS: Final = {"day": 35, "week": 120, "month": 400, "season": 800}


class Family(NamedTuple):
    """A kind of key. What stands before the brace is the same in all of them."""

    name: str
    pattern: str
    kind: str  # as Redis' TYPE says it
    views: tuple[View, ...]
    holds: str
    bounded: str
    fields: tuple[str, ...] = ()  # of a hash whose fields are fixed; # stands for a number

    @property
    def start(self) -> str:
        """What every key of the family begins with, behind the filling's prefix."""
        return self.pattern.partition("{")[0]


FAMILIES: Final = (
    Family(
        "board",
        "board:{board}",
        "zset",
        (BOARDS,),
        f"The board as it is now, later corrections included. Score: the points exactly. Element: "
        f"`<{DIGITS} digits>:<member_id>`, the digits 999999999999999 - reached_at, so that of equal "
        "scores who got there first ranks first in descending order. Who has no points is not on it.",
        "members with points in its window; dropped some time after closing",
    ),
    Family(
        "elements",
        "board-elements:{board}",
        "hash",
        (BOARDS,),
        "member_id → the digits of the member's element, to find and to replace it",
        "as the board",
    ),
    Family(
        "final",
        "board-final:{board}",
        "zset",
        (BOARDS,),
        "The board as it was closed, elements as above. Written once, in the call that hears the last "
        "partition's BoardPartitionClosed; never changed afterwards, but for who is hidden or shown again.",
        "as the board",
    ),
    Family(
        "hidden",
        "members-hidden",
        "set",
        (BOARDS,),
        "Members who are blocked: no board shows them",
        "members blocked",
    ),
    Family(
        "veiled",
        "board-hidden:{board}",
        "zset",
        (BOARDS,),
        "Hidden members of the board with their scores, elements as above: from here they come back",
        "members blocked",
    ),
    Family(
        "final_veiled",
        "board-final-hidden:{board}",
        "zset",
        (BOARDS,),
        "The same of the board as it was closed",
        "members blocked",
    ),
    Family(
        "corrected",
        "board-corrected:{board}",
        "hash",
        (BOARDS,),
        "member_id → `<digits>:<points>` at closing (empty: was not on it), of members whose score "
        "changed after their partition had closed the board",
        "members corrected",
    ),
    Family(
        "state",
        "board-state:{board}",
        "hash",
        (BOARDS,),
        "How far its closing is: `partition:<n>` of each partition that closed it, `closed` counts "
        "them, `frozen` is 1 when all have, `closed_at` is the latest of their times; `version` is the "
        "highest correction, none without one.",
        "one for each board",
        (
            "window",
            "ends_at",
            "partitions",
            "partition:#",
            "closed",
            "closed_at",
            "frozen",
            "version",
        ),
    ),
    Family(
        "boards",
        "boards",
        "zset",
        (BOARDS,),
        "Names of all boards that are kept, all with score 0: in order of name",
        "boards kept",
    ),
    Family(
        "closed",
        "boards-closed:{kind}",
        "zset",
        (BOARDS,),
        "Names of closed boards of a kind (day, week, month, season), by the end of their window",
        "boards kept",
    ),
    Family(
        "horizon",
        "boards-horizon",
        "hash",
        (BOARDS,),
        "kind → the newest board that was dropped: changes to it and to older ones are passed over",
        "one field for each kind",
        tuple(KEPT_DAYS),
    ),
    Family(
        "balances",
        "balance:{member_id}",
        "hash",
        (BALANCES,),
        "The member's points after the ledger entry `event_id`; debt is negative when points are owed",
        "members with a ledger entry",
        ("pending", "active", "held", "withheld", "debt", "occurred_at", "event_id"),
    ),
    Family(
        "stock",
        "stock:{product_id}",
        "hash",
        (STOCK,),
        "The product's stock after the movement `event_id`; available = on_hand - reserved",
        "products",
        ("on_hand", "reserved", "available", "occurred_at", "event_id"),
    ),
    Family(
        "hot",
        "hot:{list}:{half_life}",
        "zset",
        (HOT_PRODUCTS, HOT_SEARCHES),
        "Hot products (`hot:products:day`) and searches (`hot:searches:day`) for each half-life: hour, "
        "day, week. Score: log2 of the forward-decayed weight; 2^(score - moment / half-life) is the "
        "weight at a moment.",
        f"the {HOT_KEPT:,} hottest",
    ),
    Family(
        "risk",
        "risk:{member_id}",
        "hash",
        (RISK,),
        "The member's live scores, 0 to 1000: of each kind of abuse the newest, what it was about, and "
        "the verdict",
        "members that were scored",
        tuple(
            f"{kind}:{name}"
            for kind in AbuseKind
            if kind is not AbuseKind.UNKNOWN
            for name in ("score", "verdict", "subject_id", "occurred_at")
        ),
    ),
    Family(
        "candidates",
        "candidates:{member_id}",
        "hash",
        (CANDIDATES,),
        "What the member may want next, as of `occurred_at`: `candidates` is JSON, the best first, each "
        "with product_id, source, reason_product_id (the touched product that speaks for it most, or "
        "null) and score; `version` is of the sources' weights. `personal` 0: the member refused. "
        "`degraded` 1: nothing is known of the member yet. In both cases it is what all touch.",
        "members with a list; 20 candidates each",
        (
            "candidates",
            "personal",
            "degraded",
            "version",
            "occurred_at",
            "event_id",
        ),
    ),
    Family(
        "neighbours",
        "neighbours:{product_id}",
        "hash",
        (NEIGHBOURS,),
        "What a product's page shows beside it, two lists of product ids as JSON: `together` are touched "
        "together with it most often, `similar` more often than all touch them, and where that is little "
        "what is described like it",
        "products that were touched or listed; 12 in a list",
        ("together", "similar", "occurred_at", "event_id"),
    ),
    Family(
        "unavailable",
        "products-unavailable",
        "set",
        (AVAILABILITY,),
        "Products that are hidden, or of which nothing is available. A list is as of its moment and may "
        "still name some: leave them out when it is shown (`SMISMEMBER`)",
        "products hidden or sold out",
    ),
    Family(
        "alerts",
        "alerts:{member_id}",
        "hash",
        (ALERTS,),
        f"The member's open alerts that are on show: alert_id → JSON with {', '.join(SHOWN)}",
        "open alerts; each ends by its deadline",
    ),
    Family(
        "tiers",
        "tier:{member_id}",
        "hash",
        (TIERS,),
        "The member's tier, what counts towards the next one and when it is reviewed; `next_tier` and "
        "its threshold are empty in the highest",
        "members in the programme",
        (
            "tier",
            "qualifying_points",
            "review_at",
            "next_tier",
            "next_threshold_points",
            "occurred_at",
            "event_id",
        ),
    ),
    Family(
        "friends",
        "friends:{member_id}",
        "set",
        (FRIENDS,),
        "The member's friends",
        "friends of the member",
    ),
    Family(
        "segment",
        "segment:{segment_id}",
        "set",
        (SEGMENTS,),
        "The members of a segment; of a retired one they leave within a week of event time",
        "members in it",
    ),
    Family(
        "segments_of",
        "segments:{member_id}",
        "hash",
        (SEGMENTS,),
        "The segments that the member is in: segment_id → since when, milliseconds",
        "segments, at most 100",
    ),
    Family(
        "cursor",
        "cursor:{view}",
        "hash",
        VIEWS,
        "How far the view has come in each partition of its topic: the next position, and as of which "
        "moment that is (when the last outcome heard happened, when the last record was recorded). "
        "Checked and advanced by the call that writes.",
        "partitions",
        ("topic_id", "partitions", "#:position", "#:occurred_at", "#:recorded_at"),
    ),
)


def root(settings: Settings) -> str:
    """What every key of this installation begins with."""
    return f"{settings.topic_prefix}{settings.redis_prefix}:"


def pointer(root: str) -> str:
    """The key that names the filling which is read."""
    return f"{root}current"


def family(name: str) -> Family:
    """The family with this name."""
    return next(family for family in FAMILIES if family.name == name)


def key(root: str, version: str, name: str, rest: str = "") -> str:
    """A key of a family in a filling."""
    return f"{root}{version}:{family(name).start}{rest}"


@cache
def script(*parts: str) -> str:
    """Files of lua/ one after another, behind the names and limits that are declared here."""
    names = ", ".join(f"{family.name} = '{family.start}'" for family in FAMILIES)
    kept = ", ".join(f"{kind} = {days * DAY_MS}" for kind, days in KEPT_DAYS.items())
    declared = (
        f"local FAMILY = {{{names}}}\nlocal KEPT_MS = {{{kept}}}\nlocal HOT_KEPT = {HOT_KEPT}\n"
    )
    folder = resources.files("sinks.redis_sink") / "lua"
    return declared + "\n".join((folder / f"{p}.lua").read_text(encoding="utf-8") for p in parts)


def shape(field: str) -> str:
    """A hash's field as `Family.fields` names it: # for a number.

    >>> shape("12:position"), shape("partition:3"), shape("held")
    ('#:position', 'partition:#', 'held')
    """
    return ":".join("#" if part.isdigit() else part for part in field.split(":"))
