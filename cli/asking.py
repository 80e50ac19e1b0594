"""The commands that ask the views: ledger, board, hot, orders, stock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from cli.installation import Installation
from cli.terminal import (
    AsJson,
    Data,
    milliseconds,
    moment,
    print_json,
    say,
    show,
    when,
)
from cli.trouble import Trouble
from sinks.postgres import queries
from sinks.postgres.answers import Entry
from sinks.redis_sink import keys
from sinks.redis_sink.connection import connect
from sinks.redis_sink.queries import HALF_LIVES_MS, RedisQueries, Standing
from sinks.settings import Settings as ViewSettings

Member = Annotated[str, typer.Argument(help="The member's id.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Rows at most.")]
ledger = typer.Typer(help="What members have, and why.", no_args_is_help=True)
ACCOUNTS = (
    "pending",
    "active",
    "held",
    "withheld",
    "debt",
    "issued",
    "redeemed",
    "expired",
    "adjusted",
)


@contextmanager
def tables(data: Data) -> Iterator[queries.Views]:
    """The views in Postgres."""
    with queries.open_views(Installation.of(data).views_in("postgres")) as views:
        yield views


@contextmanager
def redis_views(settings: ViewSettings) -> Iterator[RedisQueries]:
    """The views in Redis."""
    with connect(settings.required("redis"), decoded=True) as client:
        yield RedisQueries(client, keys.root(settings))


def no_such(what: str, name: str, remedy: str) -> Trouble:
    """The views know no such thing."""
    return Trouble(f"There is no {what} {name!r}.", "The views do not know it.", remedy)


NO_POINTS = "It may have no points yet: memberstream board all shows who has."


@ledger.command("balance")
def balance(member: Member, data: Data = None, as_json: AsJson = False) -> None:
    """Show what a member has now, and all upcoming expiries."""
    with tables(data) as views:
        found = queries.balance(views, member)
        expiries = queries.upcoming_expiries(views, member)
    if found is None:
        raise no_such("ledger of", member, NO_POINTS)
    if as_json:
        print_json({"balance": found, "upcoming_expiries": expiries})
        return
    rows = [(name, getattr(found, name)) for name in ACCOUNTS]
    rows.append(("sum", sum(value for _, value in rows)))
    show(f"Member {member}", ["account", ">points"], rows)
    say(f"As of {found.occurred_at:%Y-%m-%d %H:%M}. Available: {found.active:,}.")
    if expiries:
        show("Upcoming expiries", ["at", ">points"], expiries)


@ledger.command("entries")
def entries(member: Member, data: Data = None, limit: Limit = 20, as_json: AsJson = False) -> None:
    """Show a member's journal, newest first: each entry with its reason, and the balance after it."""
    with tables(data) as views:
        found = queries.entries(views, member, limit)
    if not found:
        raise no_such("ledger of", member, NO_POINTS)
    if as_json:
        print_json(found)
        return
    columns = ["at", "entry", ">points", "for", "rule", *(f">{a}" for a in ACCOUNTS[:5])]
    show(f"Member {member}", columns, map(_entry_row, found))


def _entry_row(entry: Entry) -> tuple[object, ...]:
    cause = entry.return_id or entry.redemption_id or entry.order_id
    rule = entry.rule_id and f"{entry.rule_id} {entry.rule_version}"
    why = " ".join(part for part in (cause, entry.alert_id, entry.reason) if part)
    left = (getattr(entry, account) for account in ACCOUNTS[:5])
    return entry.occurred_at, entry.kind, entry.points, why or None, rule, *left


@ledger.command("at")
def at(
    member: Member,
    at_moment: Annotated[
        str, typer.Argument(metavar="MOMENT", help="As 2011-06-30 or 2011-06-30T12:00; UTC.")
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what a member had at a moment, summed from the postings until then."""
    asked = moment(at_moment)
    with tables(data) as views:
        if queries.balance(views, member) is None:
            raise no_such("ledger of", member, NO_POINTS)
        found = queries.balance_at(views, member, asked)
    if as_json:
        print_json({"member_id": member, "at": asked, **found})
        return
    rows = [*found.items(), ("sum", sum(found.values()))]
    show(f"Member {member} at {asked:%Y-%m-%d %H:%M}", ["account", ">points"], rows)


def board(
    name: Annotated[
        str, typer.Argument(help="As season:2011-Q4, month:2011-12 or all; without: list them.")
    ] = "",
    data: Data = None,
    top: Annotated[int, typer.Option(min=1, max=1_000, help="How many of the first.")] = 10,
    member: Annotated[str, typer.Option(help="A member's own rank and neighbours.")] = "",
    friends_of: Annotated[str, typer.Option(help="Only this member and their friends.")] = "",
    around: Annotated[int, typer.Option(min=0, max=100, help="Neighbours above and below.")] = 3,
    final: Annotated[
        bool, typer.Option("--final", help="As it was closed, before corrections.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show who leads a board, or where a member stands on it."""
    with redis_views(Installation.of(data).views_in("redis")) as views:
        if not name:
            names = views.boards()
            print_json(names) if as_json else say("\n".join(names) or "There is no board yet.")
            return
        if friends_of:
            found = views.board_friends(name, friends_of, final=final)
        elif member:
            found = views.board_neighbours(name, member, around, final=final)
        else:
            found = views.board_top(name, top, final=final)
        if not found and name not in views.boards():
            raise no_such("board", name, "memberstream board lists them.")
        state = views.board_state(name)
    if as_json:
        print_json({"board": name, "state": state, "standings": [s._asdict() for s in found]})
        return
    _show_board(name, found, state, member or friends_of, final)


def _show_board(
    name: str, found: list[Standing], state: dict[str, str], member: str, final: bool
) -> None:
    if not found:
        missing = f"{member} has no points on it" if member else "it has not been closed"
        say(f"{name}: {missing}.")
        return
    closed = "closed" if state.get("frozen") else "open"
    corrected = f", corrected {state['version']} times" if "version" in state else ""
    title = f"{name} ({'as closed' if final else closed + corrected})"
    rows = [(s.rank, s.member_id, s.points, when(s.reached_at)) for s in found]
    show(title, [">rank", "member", ">points", "reached at"], rows)


def hot(
    kind: Annotated[Literal["products", "searches"], typer.Argument(help="Which list.")],
    data: Data = None,
    half_life: Annotated[
        Literal["hour", "day", "week"], typer.Option(help="How fast interest fades.")
    ] = "day",
    top: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 10,
    at_moment: Annotated[
        str, typer.Option("--at", help="Weights at this moment; default: the view's newest.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show what members look at and buy, or search for, the most."""
    assert half_life in HALF_LIVES_MS
    installation = Installation.of(data)
    with redis_views(installation.views_in("redis")) as views:
        newest = max((v.occurred_at for v in views.as_of() if v.view == f"hot_{kind}"), default=0)
        at_ms = milliseconds(moment(at_moment)) if at_moment else newest
        found = views.hot(kind, half_life, top, at_ms)
    named = _product_names(data, [h.item for h in found]) if kind == "products" else {}
    if as_json:
        print_json([{"item": h.item, "name": named.get(h.item), "weight": h.weight} for h in found])
        return
    rows = [(n, h.item, named.get(h.item), f"{h.weight:.2f}") for n, h in enumerate(found, start=1)]
    title = f"Hot {kind} at {when(at_ms)}, half-life a {half_life}"
    columns = [">rank", kind, "name", ">weight"]
    if rows:
        show(title, columns, rows)
    else:
        say(f"There are no hot {kind} yet.")


def _product_names(data: Data, product_ids: list[str]) -> dict[str, str]:
    """Names for people, from Postgres; without it the list is shown without them."""
    with tables(data) as views:
        return queries.product_names(views, product_ids)


def orders(
    member: Member,
    data: Data = None,
    state: Annotated[str, typer.Option(help="Only these: PLACED, DELIVERED …")] = "",
    limit: Limit = 10,
    as_json: AsJson = False,
) -> None:
    """Show a member's orders with their lines, newest first; and their returns and redemptions."""
    with tables(data) as views:
        found = queries.orders(views, member, state=state.upper() or None, limit=limit)
        returned = queries.returns(views, member)
        redeemed = queries.redemptions(views, member)
    if not (found or returned or redeemed or state):
        raise no_such("order of", member, "memberstream board all shows who has bought.")
    if as_json:
        print_json({"orders": found, "returns": returned, "redemptions": redeemed})
        return
    for order in found:
        title = (
            f"{order.order_id}  {order.state}  {order.placed_at:%Y-%m-%d %H:%M}  "
            f"{order.total_minor / 100:,.2f} {order.currency}"
        )
        lines = [
            (i.line_number, i.product_id, i.quantity, f"{i.amount_minor / 100:,.2f}", i.returned)
            for i in order.items
        ]
        columns = [">line", "product", ">pieces", ">amount", ">returned"]
        show(title, columns, lines)
    rows = [(r.return_id, r.state, r.order_id, r.reason, r.occurred_at) for r in returned]
    if rows:
        show("", ["return", "state", "order", "reason", "at"], rows)
    gifts = [(r.redemption_id, r.state, r.product_id, r.points, r.reason) for r in redeemed]
    if gifts:
        show("", ["redemption", "state", "gift", ">points", "reason"], gifts)


def stock(
    product: Annotated[str, typer.Argument(help="The product's id.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what there is of a product."""
    with tables(data) as views:
        found = queries.stock(views, product)
        name = queries.product_names(views, [product]).get(product, "")
    if found is None:
        raise no_such("stock of", product, "memberstream hot products shows some.")
    if as_json:
        print_json(found)
        return
    rows = [
        ("on hand", found.on_hand),
        ("reserved", found.reserved),
        ("available", found.available),
    ]
    show(f"{product} {name}".strip(), ["", ">pieces"], rows)
    say(f"As of {found.occurred_at:%Y-%m-%d %H:%M}.")
