"""What every record has in common: first fields, key, limits.

An *action* is a fact that a member, an operator or the clock caused; an *outcome* is a fact that an
agent concluded. Both are frozen msgspec Structs, declared once; `avro.py` exports them. Every field
carries its documentation and its limits, and the limits are checked when an action is read.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct


def doc(text: str, *, filled: bool = False, avro: str | None = None, **limits: Any) -> Meta:
    """The documentation of a field, with msgspec's limits (`ge`, `le`, `min_length` …).

    `avro` names a logical type; `filled` says that the shell fills the field in, so that the Python
    default is not a default on the wire.
    """
    return Meta(description=text, extra={"avro": avro, "filled": filled}, **limits)


IDENTIFIER = {"min_length": 1, "max_length": 128}
MAX_AMOUNT = 10**12
MAX_QUANTITY = 10**7

EventId = Annotated[
    str, doc("Unique id of this record, a UUID; a repeat has the same.", **IDENTIFIER)
]
MemberId = Annotated[str, doc("The member, an opaque id without meaning.", **IDENTIFIER)]
ProductId = Annotated[str, doc("The product.", **IDENTIFIER)]
OrderId = Annotated[str, doc("The order.", **IDENTIFIER)]
RedemptionId = Annotated[str, doc("The redemption, named by who asked for it.", **IDENTIFIER)]
ReturnId = Annotated[str, doc("The return, named by the platform.", **IDENTIFIER)]
RuleId = Annotated[str, doc("The points rule.", **IDENTIFIER)]
RuleVersion = Annotated[int, doc("Version of the rule, counted from 1.", ge=1)]
LotId = Annotated[str, doc("The lot: points that were granted together.", **IDENTIFIER)]
Term = Annotated[str, doc("The normalised search term.", min_length=1, max_length=100)]
Timestamp = Annotated[
    int,
    doc(
        "When it happened, UTC, milliseconds since 1970.",
        avro="timestamp-millis",
        ge=0,
        le=253_402_300_799_999,
    ),
]
Currency = Annotated[str, doc("ISO 4217 code.", pattern="^[A-Z]{3}$")]
Amount = Annotated[int, doc("Money in minor units of the currency.", ge=0, le=MAX_AMOUNT)]
Quantity = Annotated[int, doc("Pieces.", ge=1, le=MAX_QUANTITY)]
Points = Annotated[int, doc("Points.", ge=0)]


class Word(enum.StrEnum):
    """A closed list of words; UNKNOWN stands for one that a later version added."""


class Event(Struct, frozen=True, kw_only=True):
    """The root of all records."""

    KEY: ClassVar[str]
    STAGE: ClassVar[str]
    BROADCAST: ClassVar[bool] = False

    event_id: EventId

    @property
    def key(self) -> str:
        """The value of the key field: it decides partition and state."""
        value: str = getattr(self, self.KEY)
        return value


class MemberAction(Event, frozen=True, kw_only=True):
    """First fields of what happened to a member."""

    KEY: ClassVar[str] = "member_id"
    STAGE: ClassVar[str] = "members"
    member_id: MemberId
    occurred_at: Timestamp


class ProductAction(Event, frozen=True, kw_only=True):
    """First fields of what happened to a product."""

    KEY: ClassVar[str] = "product_id"
    STAGE: ClassVar[str] = "products"
    product_id: ProductId
    occurred_at: Timestamp


Cause = Annotated[str, doc("Id of the record that this one follows from.", filled=True)]
OutcomeId = Annotated[
    str,
    doc(
        "Derived from the cause, the agent, the key and the position: a repeat has the same.",
        filled=True,
    ),
]


class Outcome(Struct, frozen=True, kw_only=True):
    """The root of what agents conclude; `event_id` and `caused_by` are filled in by the shell."""

    KEY: ClassVar[str]
    STAGE: ClassVar[str]  # the stage that owns its key, where it is heard
    SAID_IN: ClassVar[str]  # the stage whose agents say it: it lies in that stage's outcomes topic
    TOPIC: ClassVar[str] = ""  # or in this one instead, if it names one: see schemas/topics.py
    BROADCAST: ClassVar[bool] = False  # in every partition of TOPIC, for the tables of STAGE
    KEPT: ClassVar[bool] = True  # False: said to another key alone, it lies in to.<STAGE> only
    event_id: OutcomeId = ""

    @property
    def key(self) -> str:
        """The value of the key field: it decides where the outcome is heard."""
        value: str = getattr(self, self.KEY)
        return value


class MemberOutcome(Outcome, frozen=True, kw_only=True):
    """First fields of what was concluded about a member."""

    KEY: ClassVar[str] = "member_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    member_id: MemberId
    occurred_at: Timestamp
    caused_by: Cause = ""


class ProductOutcome(Outcome, frozen=True, kw_only=True):
    """First fields of what was concluded about a product."""

    KEY: ClassVar[str] = "product_id"
    STAGE: ClassVar[str] = "products"
    SAID_IN: ClassVar[str] = "products"
    product_id: ProductId
    occurred_at: Timestamp
    caused_by: Cause = ""


class SearchOutcome(Outcome, frozen=True, kw_only=True):
    """First fields of what was concluded about a search term."""

    KEY: ClassVar[str] = "term"
    STAGE: ClassVar[str] = "searches"
    SAID_IN: ClassVar[str] = "searches"
    term: Term
    occurred_at: Timestamp
    caused_by: Cause = ""
