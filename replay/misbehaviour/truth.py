"""What is true of those who misbehave: who, how, when, what it cost. It is a file, and never in a topic."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from schemas.record import Word
from schemas.risk import AbuseKind

FILE = "truth.json"


class Scheme(Word):
    """The ways to misbehave that are told."""

    UNKNOWN = "UNKNOWN"
    CARD_TESTING = "CARD_TESTING"
    TAKEOVER = "TAKEOVER"
    COUPON_FARMING = "COUPON_FARMING"
    SELF_REFERRAL = "SELF_REFERRAL"
    REFUND_FOR_POINTS = "REFUND_FOR_POINTS"
    COLLECTING = "COLLECTING"


KIND_OF = {
    Scheme.CARD_TESTING: AbuseKind.PAYMENT,
    Scheme.TAKEOVER: AbuseKind.ACCOUNT_TAKEOVER,
    Scheme.COUPON_FARMING: AbuseKind.PROMOTION,
    Scheme.SELF_REFERRAL: AbuseKind.REFERRAL,
    Scheme.REFUND_FOR_POINTS: AbuseKind.REFUND,
    Scheme.COLLECTING: AbuseKind.POINTS,
}


class Taken(NamedTuple):
    """What the shop lost at a moment: a payment that is charged back, a discount, a gift; minor units."""

    at: int
    amount_minor: int


class Incident(Struct, frozen=True, kw_only=True):
    """One time that somebody misbehaved, with one or several accounts."""

    incident_id: str
    scheme: Scheme
    members: list[str]  # accounts that were used; in a takeover the victim's
    started_at: int
    ended_at: int  # the last thing that they did themselves
    payments: list[str]  # those that were fraud
    taken: list[Taken]

    @property
    def kind(self) -> AbuseKind:
        """The kind of abuse it is most of all."""
        return KIND_OF[self.scheme]


def write(folder: Path, incidents: Iterable[Incident]) -> Path:
    """Keep the truth in a data folder. Raises `OSError`."""
    file = folder / FILE
    file.write_bytes(msgspec.json.format(msgspec.json.encode(list(incidents)), indent=1))
    return file


def read(folder: Path) -> list[Incident]:
    """The truth of a data folder; empty where there is none. Raises `OSError`."""
    file = folder / FILE
    if not file.exists():
        return []
    return msgspec.json.decode(file.read_bytes(), type=list[Incident])
