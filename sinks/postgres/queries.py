"""What is read from Postgres, typed: for the command line and whoever serves pages.

    with open_views(settings) as views:
        print(balance(views, "member-1"))

Every function reads through the pointer, so a rebuild is not noticed. Times are UTC datetimes, points
and minor units integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from msgspec import Struct
from psycopg.rows import class_row, dict_row
from psycopg.sql import SQL, Identifier

from sinks.ending import Refused
from sinks.postgres.answers import (
    Balance,
    ClosedBoard,
    DeadLetter,
    Entry,
    Gift,
    Lag,
    Lot,
    Order,
    OrderItem,
    Rank,
    Redemption,
    Refusal,
    Return,
    RiskRuleSwitch,
    RiskRuleVersion,
    Rule,
    Stock,
)
from sinks.postgres.closing import PLACE
from sinks.postgres.tables import METADATA
from sinks.postgres.tables import balances as account_columns
from sinks.settings import Settings
from sinks.source import Place, read_ends, read_facts

Views = psycopg.Connection[tuple[Any, ...]]
R = TypeVar("R", bound=Struct)
LIMIT = 50
LAST = 1 << 62
SHOWN = "member_id NOT IN (SELECT member_id FROM hidden_members WHERE hidden)"
ACCOUNTS = tuple(str(column.name) for column in account_columns())


@contextmanager
def open_views(settings: Settings) -> Iterator[Views]:
    """A connection that reads what the pointer points to. Raises `Refused` when there are no views."""
    name = settings.postgres_schema
    with psycopg.connect(settings.required("postgres"), autocommit=True) as connection:
        connection.execute(SQL("SET search_path = {}").format(Identifier(name)))
        connection.execute("SET timezone = 'UTC'; SET default_transaction_read_only = on")
        found = connection.execute("SELECT to_regclass('cursor')").fetchone()
        if found is None or found[0] is None:
            raise Refused(f"There are no views in the schema {name} yet: start the Postgres sink.")
        yield connection


def version(views: Views) -> int:
    """The number of the version that is read."""
    return int(_value(views, "SELECT number FROM current"))


def balance(views: Views, member_id: str) -> Balance | None:
    """A member's accounts now; None for one who never had points."""
    return _one(views, Balance, "balances WHERE member_id = %s", member_id)


def balance_at(views: Views, member_id: str, moment: datetime) -> dict[str, int]:
    """A member's accounts by all that had happened until a moment, that moment included.

    Summed from the postings by `occurred_at`: what was recorded late counts to when it happened.
    """
    moved = """
    SELECT lower(side.account), sum(side.points)::bigint
    FROM entries, jsonb_array_elements(postings) AS posting,
      LATERAL (VALUES (posting->>'source', -(posting->>'points')::bigint),
                      (posting->>'destination', (posting->>'points')::bigint)) AS side(account, points)
    WHERE member_id = %s AND occurred_at <= %s GROUP BY 1"""
    found = views.execute(moved, (member_id, moment)).fetchall()
    return dict.fromkeys(ACCOUNTS, 0) | dict(found)


def entries(
    views: Views, member_id: str, limit: int = LIMIT, before_offset: int = LAST
) -> list[Entry]:
    """A member's journal, newest first; to page, give the last `log_offset` that was read."""
    where = "entries WHERE member_id = %s AND log_offset < %s ORDER BY log_offset DESC LIMIT %s"
    return _all(views, Entry, where, member_id, before_offset, limit)


def lots(views: Views, member_id: str, *, spent: bool = False) -> list[Lot]:
    """A member's lots in the order in which they are spent; `spent`: also those without points."""
    where = "lots WHERE member_id = %s AND (%s OR pending + active + held + withheld > 0) "
    order = "ORDER BY expires_at NULLS LAST, earned_at, lot_id"
    return _all(views, Lot, where + order, member_id, spent)


def upcoming_expiries(views: Views, member_id: str) -> list[tuple[datetime, int]]:
    """All moments at which active points of a member will expire, and how many."""
    query = """
    SELECT expires_at, sum(active)::bigint FROM lots
    WHERE member_id = %s AND active > 0 AND expires_at IS NOT NULL GROUP BY 1 ORDER BY 1"""
    return [(at, points) for at, points in views.execute(query, (member_id,)).fetchall()]


def orders(
    views: Views, member_id: str, limit: int = LIMIT, *, state: str | None = None
) -> list[Order]:
    """A member's orders with their lines, newest first; of one state, if it is given."""
    query = """
    SELECT order_id, state, currency, total_minor, postage_minor, tax_minor, placed_at, delivered_at
    FROM orders WHERE member_id = %s AND (%s::text IS NULL OR state = %s)
    ORDER BY placed_at DESC, order_id DESC LIMIT %s"""
    with views.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, (member_id, state, state, limit)).fetchall()
    items: dict[str, list[OrderItem]] = {row["order_id"]: [] for row in found}
    lines = f"SELECT order_id, {_names(OrderItem)} FROM order_items " + (
        "WHERE member_id = %s AND order_id = ANY(%s) ORDER BY order_id, line_number"
    )
    for order_id, *line in views.execute(lines, (member_id, list(items))).fetchall():
        items[order_id].append(OrderItem(*line))
    return [Order(items=items[row["order_id"]], **row) for row in found]


def returns(views: Views, member_id: str) -> list[Return]:
    """A member's returns, newest first."""
    return _all(views, Return, "returns WHERE member_id = %s ORDER BY log_offset DESC", member_id)


def redemptions(views: Views, member_id: str) -> list[Redemption]:
    """A member's redemptions, newest first."""
    where = "redemptions WHERE member_id = %s ORDER BY log_offset DESC"
    return _all(views, Redemption, where, member_id)


def refusals(views: Views, member_id: str, limit: int = LIMIT) -> list[Refusal]:
    """What a member asked for and did not get, newest first."""
    where = "refusals WHERE member_id = %s ORDER BY log_offset DESC LIMIT %s"
    return _all(views, Refusal, where, member_id, limit)


def stock(views: Views, product_id: str) -> Stock | None:
    """What there is of a product; None for one that never had stock."""
    return _one(views, Stock, "stock WHERE product_id = %s", product_id)


def product_names(views: Views, product_ids: Iterable[str]) -> dict[str, str]:
    """Product → name for people, of those that are or were on offer."""
    query = "SELECT product_id, name FROM products WHERE product_id = ANY(%s)"
    return dict(views.execute(query, (list(product_ids),)).fetchall())


def rules(views: Views) -> list[Rule]:
    """All versions of all points rules."""
    return _all(views, Rule, "rules ORDER BY rule_id, effective_at, version")


def risk_rules(views: Views) -> list[RiskRuleVersion]:
    """All versions of all risk rules."""
    return _all(views, RiskRuleVersion, "risk_rules ORDER BY rule_id, version")


def risk_rule_switches(views: Views, limit: int = LIMIT) -> list[RiskRuleSwitch]:
    """Risk rules that were switched off by what they stopped, newest first."""
    where = "risk_rule_switches ORDER BY occurred_at DESC, log_offset DESC LIMIT %s"
    return _all(views, RiskRuleSwitch, where, limit)


def gifts(views: Views) -> list[Gift]:
    """All prices of all gifts."""
    return _all(views, Gift, "gifts ORDER BY product_id, effective_at")


def closed_boards(views: Views) -> list[ClosedBoard]:
    """All boards that have closed, the last one first."""
    return _all(views, ClosedBoard, "closed_boards ORDER BY ends_at DESC, board")


def closed_board(views: Views, board: str, limit: int = LIMIT) -> list[Rank]:
    """A board as it closed, without who is hidden; empty while a partition has still to close it."""
    where = f"""
    (SELECT row_number() OVER (ORDER BY c.rank) AS rank, member_id, points, reached_at
     FROM closed_ranks AS c WHERE board = %s AND c.rank IS NOT NULL AND {SHOWN}) AS ranked
    ORDER BY rank LIMIT %s"""
    return _all(views, Rank, where, board, limit)


def board(views: Views, board: str, limit: int = LIMIT) -> list[Rank]:
    """A board as it is now, without who is hidden: open, or closed and corrected by what came later."""
    where = f"""
    (SELECT row_number() OVER (ORDER BY {PLACE}) AS rank, * FROM board_scores
     WHERE board = %s AND points > 0 AND {SHOWN}) AS ranked ORDER BY rank LIMIT %s"""
    return _all(views, Rank, where, board, limit)


def dead_letters(
    views: Views, limit: int = LIMIT, *, problem: str | None = None
) -> list[DeadLetter]:
    """Dead letters without their bytes, newest first; of one problem, if it is given."""
    names = _names(DeadLetter, "record_key", "record_value")
    query = f"""
    SELECT {names}, NULL AS record_key, NULL AS record_value FROM dead_letters
    WHERE %s::text IS NULL OR problem = %s ORDER BY recorded_at DESC, log_offset DESC LIMIT %s"""
    with views.cursor(row_factory=class_row(DeadLetter)) as cursor:
        return cursor.execute(query, (problem, problem, limit)).fetchall()


def dead_letter(views: Views, source: str) -> DeadLetter | None:
    """A dead letter with its bytes, by where its record lies: topic/partition/offset."""
    return _one(views, DeadLetter, "dead_letters WHERE source = %s LIMIT 1", source)


def dead_letter_counts(views: Views) -> dict[str, int]:
    """Problem → how many dead letters."""
    query = "SELECT problem, count(*) FROM dead_letters GROUP BY 1 ORDER BY 1"
    return dict(views.execute(query).fetchall())


def ledger_sum(views: Views) -> int:
    """The sum over all accounts of all members: zero, or the ledger is broken."""
    return int(_value(views, f"SELECT COALESCE(sum({' + '.join(ACCOUNTS)}), 0) FROM balances"))


def totals(views: Views) -> dict[str, int]:
    """Each account summed over all members: what the programme issued, owes, redeemed, expired."""
    sums = ", ".join(f"COALESCE(sum({name}), 0)::bigint" for name in ACCOUNTS)
    row = views.execute(f"SELECT {sums} FROM balances").fetchone()
    assert row is not None
    return dict(zip(ACCOUNTS, row, strict=True))


def counts(views: Views) -> dict[str, int]:
    """Table → how many rows."""
    tables = [str(name) for name in METADATA.tables if name != "cursor"]
    parts = ", ".join(f'(SELECT count(*) FROM "{name}")' for name in tables)
    row = views.execute(f"SELECT {parts}").fetchone()
    assert row is not None
    return dict(zip(tables, row, strict=True))


def positions(views: Views) -> dict[Place, int]:
    """How far the tables have come in every partition, for a comparison at a cut."""
    found = views.execute("SELECT topic, partition, next FROM cursor").fetchall()
    return {Place(topic, partition): position for topic, partition, position in found}


def lag(views: Views, settings: Settings) -> Lag:
    """How far the tables are behind the log's committed ends now."""
    query = "SELECT topic, partition, next, recorded_at FROM cursor"
    found = {Place(row[0], row[1]): (row[2], row[3]) for row in views.execute(query).fetchall()}
    facts = read_facts(settings.kafka, {place.topic for place in found}, settings.topic_prefix)
    ends = read_ends(settings.kafka, facts, settings.topic_prefix)
    behind = {place: end - found[place][0] for place, end in ends.items() if place in found}
    since = [found[place][1] for place, records in behind.items() if records > 0]
    now = datetime.now(UTC)
    seconds = max(((now - at).total_seconds() for at in since if at is not None), default=0.0)
    return Lag(sum(max(0, records) for records in behind.values()), seconds)


def _names(kind: type[Struct], *without: str) -> str:
    return ", ".join(f'"{name}"' for name in kind.__struct_fields__ if name not in without)


def _all(views: Views, kind: type[R], source: str, *given: object) -> list[R]:
    with views.cursor(row_factory=class_row(kind)) as cursor:
        query = f"SELECT {_names(kind)} FROM {source}".encode()
        return cursor.execute(query, given).fetchall()


def _one(views: Views, kind: type[R], source: str, *given: object) -> R | None:
    found = _all(views, kind, source, *given)
    return found[0] if found else None


def _value(views: Views, query: str) -> Any:
    row = views.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
