"""The records that are read from Postgres; their fields are the columns of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Balance(Struct, frozen=True):
    """All accounts of a member; they add up to zero."""

    member_id: str
    pending: int
    active: int
    held: int
    withheld: int
    debt: int
    issued: int
    redeemed: int
    expired: int
    adjusted: int
    occurred_at: datetime
    event_id: str


class Entry(Struct, frozen=True):
    """An entry of the journal, with all accounts after it."""

    member_id: str
    kind: str
    points: int
    order_id: str | None
    return_id: str | None
    redemption_id: str | None
    alert_id: str | None
    rule_id: str | None
    rule_version: int | None
    reason: str | None
    postings: list[dict[str, Any]]
    pending: int
    active: int
    held: int
    withheld: int
    debt: int
    issued: int
    redeemed: int
    expired: int
    adjusted: int
    caused_by: str
    occurred_at: datetime
    recorded_at: datetime
    event_id: str
    log_partition: int
    log_offset: int


class Lot(Struct, frozen=True):
    """Points that were granted together, and what is left of them."""

    lot_id: str
    order_id: str | None
    rule_id: str | None
    rule_version: int | None
    earned_at: datetime
    activates_at: datetime | None
    expires_at: datetime | None
    pending: int
    active: int
    held: int
    withheld: int
    disputed: bool


class OrderItem(Struct, frozen=True):
    """A line of an order; `returned` of its pieces came back."""

    line_number: int
    product_id: str
    quantity: int
    amount_minor: int
    discount_minor: int
    category: str
    returned: int


class Order(Struct, frozen=True):
    """An order with its lines."""

    order_id: str
    state: str
    currency: str
    total_minor: int
    postage_minor: int
    tax_minor: int
    placed_at: datetime
    delivered_at: datetime | None
    items: list[OrderItem]


class Return(Struct, frozen=True):
    """A return: ACCEPTED, DEFERRED or REFUSED."""

    return_id: str
    state: str
    order_id: str | None
    reason: str | None
    refund_minor: int | None
    waits_until: datetime | None
    lines: list[dict[str, Any]]
    occurred_at: datetime


class Redemption(Struct, frozen=True):
    """A redemption: HELD, REDEEMED or REFUSED."""

    redemption_id: str
    state: str
    product_id: str | None
    quantity: int | None
    points: int | None
    reason: str | None
    times_out_at: datetime | None
    occurred_at: datetime


class Stock(Struct, frozen=True):
    """What there is of a product."""

    product_id: str
    on_hand: int
    reserved: int
    available: int
    occurred_at: datetime


class Rule(Struct, frozen=True):
    """A version of a points rule; `rule` is None where it is retired."""

    rule_id: str
    version: int
    effective_at: datetime
    changed_by: str
    retired: bool
    rule: dict[str, Any] | None


class RiskRuleVersion(Struct, frozen=True):
    """A version of a risk rule."""

    rule_id: str
    version: int
    effective_at: datetime
    changed_by: str
    retired: bool
    rule: dict[str, Any]


class RiskRuleSwitch(Struct, frozen=True):
    """A risk rule that a partition switched off for the rest of a day."""

    rule_id: str
    version: int
    day: str
    payments: int
    stopped: int
    occurred_at: datetime
    log_partition: int


class Gift(Struct, frozen=True):
    """A price in points."""

    product_id: str
    effective_at: datetime
    points: int
    available: bool


class Refusal(Struct, frozen=True):
    """What was asked for and not done."""

    kind: str
    member_id: str | None
    subject: str | None
    reason: str
    details: list[str]
    caused_by: str
    occurred_at: datetime
    event_id: str


class ClosedBoard(Struct, frozen=True):
    """A board that all partitions have closed."""

    board: str
    window: str
    ends_at: datetime
    members: int


class Rank(Struct, frozen=True):
    """A place on a board."""

    rank: int
    member_id: str
    points: int
    reached_at: datetime


class DeadLetter(Struct, frozen=True):
    """A record that was not taken; `record_key` and `record_value` only where one is asked for."""

    source: str
    stage: str
    problem: str
    detail: str
    topic: str
    partition: int
    offset: int
    caused_by: str
    occurred_at: datetime
    record_key: bytes | None = None
    record_value: bytes | None = None


class Lag(Struct, frozen=True):
    """How far the tables are behind the log; 0 seconds when nothing waits."""

    records: int
    seconds: float
