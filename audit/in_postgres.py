"""What Postgres shows: the tables of the view, all of one moment, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from audit.boards import Score
from audit.books import Key, Tables
from audit.ledger import ACCOUNTS, OWN
from audit.log import Cut
from audit.stock import Pieces

NAME = "Postgres"


def _ms(column: str) -> str:
    """A moment in milliseconds."""
    return f"(extract(epoch FROM {column}) * 1000)::bigint"


KEYS_AND_VALUES = {
    "members": "SELECT member_id, true FROM members",
    "balances": f"SELECT member_id, {', '.join(ACCOUNTS)} FROM balances",
    "entries": "SELECT member_id, count(*) FROM entries GROUP BY member_id",
    "lots": f"SELECT member_id, lot_id, {', '.join(OWN)} FROM lots",
    "lot_times": f"SELECT member_id, lot_id, {_ms('activates_at')}, {_ms('expires_at')} FROM lots",
    "orders": "SELECT member_id, order_id, currency, state FROM orders",
    "order_items": "SELECT member_id, order_id, line_number, quantity, returned FROM order_items",
    "returns": "SELECT member_id, return_id, state FROM returns WHERE state = 'ACCEPTED'",
    "redemptions": "SELECT member_id, redemption_id, state FROM redemptions WHERE points IS NOT NULL",
    "board_scores": (
        f"SELECT member_id, board, points, {_ms('reached_at')} FROM board_scores WHERE points <> 0"
    ),
    "hidden": "SELECT member_id, true FROM hidden_members WHERE hidden",
    "closed_boards": "SELECT board, members FROM closed_boards",
    "closed_ranks": (
        f"SELECT member_id, board, points, {_ms('reached_at')} FROM closed_ranks "
        "WHERE rank IS NOT NULL"
    ),
    "stock": "SELECT product_id, on_hand, reserved FROM stock",
    "stock_movements": "SELECT product_id, count(*) FROM stock_movements GROUP BY product_id",
    "alerts": "SELECT member_id, alert_id, state, score, count FROM alerts",
    "tiers": "SELECT member_id, tier, qualifying_points FROM tiers",
    "segment_members": "SELECT member_id, segment_id, inside FROM segment_members",
    "campaign_members": (
        "SELECT member_id, campaign_id, lot, shown, clicked, orders, amount_minor "
        "FROM campaign_members"
    ),
}
RANKS = (
    "SELECT board, rank, points, reached_at FROM closed_ranks WHERE rank IS NOT NULL ORDER BY 1, 2"
)


class Postgres:
    """The view in a schema."""

    name = NAME

    def __init__(self, url: str, schema: str = "memberstream") -> None:
        self._url = url
        self._schema = schema

    def cursors(self) -> list[Cut]:
        """How far the tables have come, by topic and partition; nowhere before they are made."""
        with self._connect() as connection:
            made = connection.execute("SELECT to_regclass('cursor')").fetchone()
            if made is None or made[0] is None:
                return [{}]
            rows = connection.execute('SELECT topic, partition, "next" FROM cursor').fetchall()
        return [{(topic, partition): position for topic, partition, position in rows}]

    def tables(self) -> Tables:
        """Every table that is audited, by key."""
        with self._connect() as connection:
            return {
                table: dict(_row(table, row) for row in connection.execute(query))
                for table, query in KEYS_AND_VALUES.items()
            }

    def kept(self, board: str) -> bool:
        """Boards are kept for ever."""
        return bool(board)

    def contradictions(self) -> list[str]:
        """Where the view contradicts itself: ranks that are not those of the scores."""
        with self._connect() as connection:
            rows = connection.execute(RANKS).fetchall()
        return list(_wrong_ranks(rows))

    def _connect(self) -> psycopg.Connection[TupleRow]:
        connection = psycopg.connect(self._url)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(SQL("SET search_path TO {}").format(Identifier(self._schema)))
        return connection


def _row(table: str, row: TupleRow) -> tuple[Key, object]:
    match table:
        case "balances":
            return row[:1], dict(zip(ACCOUNTS, row[1:], strict=True))
        case "lots":
            return row[:2], dict(zip(OWN, row[2:], strict=True))
        case "orders" | "lot_times" | "alerts" | "campaign_members":
            return row[:2], tuple(row[2:])
        case "tiers":
            return row[:1], tuple(row[1:])
        case "order_items":
            return row[:3], tuple(row[3:])
        case "board_scores" | "closed_ranks":
            return row[:2], Score(*row[2:])
        case "stock":
            return row[:1], Pieces(*row[1:])
        case _:
            return row[:-1], row[-1]


def _wrong_ranks(rows: list[TupleRow]) -> Iterator[str]:
    """Ranks count from 1 without gaps; fewer points never rank before more, nor later before earlier."""
    board, expected, last = None, 0, (0, 0)
    for name, rank, points, reached_at in rows:
        place = -points, reached_at
        if name != board:
            board, expected, last = name, 0, place
        expected += 1
        if rank != expected:
            yield f"Postgres closed_ranks {name}: rank {rank} where {expected} should be"
        if place < last:
            yield f"Postgres closed_ranks {name}: rank {rank} has the better score of the two"
        last = place
