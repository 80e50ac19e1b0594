"""The commands that ask about candidates: a member's list, a product's page, and how good the lists were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.asking import Member, no_such, redis_views, tables
from cli.installation import Installation
from cli.terminal import AsJson, Data, print_json, say, show, when
from sinks.postgres import candidate_queries, queries
from sinks.postgres.candidate_queries import Quality
from sinks.redis_sink.queries import Candidates, RedisQueries

app = typer.Typer(help="What members may want next, and why.", no_args_is_help=True)
ANSWERS = ("hits", "shown", "clicked", "bought", "dismissed")
TRENDING = 20


@app.command("member")
def member(member_id: Member, data: Data = None, as_json: AsJson = False) -> None:
    """Show a member's candidates with their reasons; of one who is not known, what all touch."""
    with redis_views(Installation.of(data).views_in("redis")) as views:
        found = views.candidates(member_id)
        hot = [] if found else _hot(views)
    if found is None and not hot:
        raise no_such("list of", member_id, "It may have touched nothing yet.")
    if as_json:
        print_json(found or {"degraded": True, "candidates": [{"product_id": p} for p in hot]})
        return
    if found is None:
        names = named(data, hot)
        say(f"Nothing is known of {member_id} yet: what all touch.")
        show("", [">rank", "product", "name"], [(n, p, names.get(p)) for n, p in _ranked(hot)])
        return
    _show(member_id, found, data)


def _hot(views: RedisQueries) -> list[str]:
    newest = max((v.occurred_at for v in views.as_of() if v.view == "hot_products"), default=0)
    gone = views.unavailable()
    hot = views.hot("products", "week", TRENDING + len(gone), newest)
    return [one.item for one in hot if one.item not in gone][:TRENDING]


def _show(member_id: str, found: Candidates, data: Data) -> None:
    reasons = [one.reason_product_id for one in found.candidates if one.reason_product_id]
    names = named(data, [*(one.product_id for one in found.candidates), *reasons])
    rows = [
        (
            rank,
            one.product_id,
            names.get(one.product_id),
            why(one.source, one.reason_product_id, names),
            f"{one.score:.4f}",
        )
        for rank, one in enumerate(found.candidates, 1)
    ]
    show(
        f"Candidates of {member_id} as of {when(found.occurred_at)}, weights {found.version}",
        [">rank", "product", "name", "why", ">chance"],
        rows,
    )
    if not found.personal:
        say("The member refused personalisation: what all touch.")
    elif found.degraded:
        say("No product has told its neighbours to this member yet: what all touch.")


def why(source: str, reason: str | None, names: dict[str, str]) -> str:
    """A source in words.

    >>> why("TOGETHER", "p-1", {"p-1": "lamp"}), why("TRENDING_DAY", None, {})
    ('together with lamp', 'all touch it today')
    """
    of = names.get(reason, reason) if reason else "what was touched"
    return {
        "TOGETHER": f"together with {of}",
        "ALIKE": f"others on this way past {of}",
        "CONTENT": f"described like {of}",
        "AGAIN": "bought before, again and again",
        "TRENDING_DAY": "all touch it today",
        "TRENDING_WEEK": "all touch it this week",
        "NEW": "new in the shop",
    }.get(source, source)


def named(data: Data, product_ids: Sequence[str]) -> dict[str, str]:
    """Names for people."""
    with tables(data) as views:
        return queries.product_names(views, [*dict.fromkeys(product_ids)])


@app.command("product")
def product(
    product_id: Annotated[str, typer.Argument(help="The product's id.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what a product's page shows beside it: touched together with it, and similar."""
    with redis_views(Installation.of(data).views_in("redis")) as views:
        found = views.neighbours(product_id)
    if found is None:
        raise no_such("neighbour of", product_id, "It may not have been touched yet.")
    if as_json:
        print_json(found)
        return
    names = named(data, [product_id, *found.together, *found.similar])
    title = f"{names.get(product_id, product_id)}, as of {when(found.occurred_at)}"
    for heading, products in (("touched together", found.together), ("similar", found.similar)):
        rows = [(rank, one, names.get(one)) for rank, one in _ranked(products)]
        show(f"{title}: {heading}", [">rank", "product", "name"], rows)


def _ranked(products: Sequence[str]) -> list[tuple[int, str]]:
    return [*enumerate(products, 1)]


@app.command("quality")
def quality(
    data: Data = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days to show.")] = 14,
    as_json: AsJson = False,
) -> None:
    """Show by day how often the next touch was on the list, beside what all touch and item-kNN's list."""
    with tables(data) as views:
        found = candidate_queries.quality(views, days)
    if as_json:
        print_json(found)
        return
    if not found:
        say("No list was judged yet.")
        return
    columns = ["day", ">lists", ">hit rate", ">popular", ">kNN", ">mrr", ">popular", ">kNN"]
    more = [">offered", ">touched", ">diversity", ">popular", ">novel"]
    show("Judged by the next touch, lists of 20", [*columns, *more], [_day(one) for one in found])
    show("By source, these days", ["source", *(f">{a}" for a in ANSWERS)], by_source(found))


def _day(one: Quality) -> tuple[object, ...]:
    hits = (_share(one.hit_rate), _share(one.popular_hit_rate), _share(one.knn_hit_rate))
    ranks = (_share(one.mrr), _share(one.popular_mrr), _share(one.knn_mrr))
    products = one.offered_products, one.touched_products
    shares = (f"{share:.2f}" for share in (one.diversity, one.popularity_bias, one.novelty))
    return one.day, one.lists, *hits, *ranks, *products, *shares


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def by_source(found: Sequence[Quality]) -> list[tuple[object, ...]]:
    """Sums over days of what members did with each source's candidates."""
    sums: dict[str, Counter[str]] = {}
    for day in found:
        for of in day.sources:
            counts = sums.setdefault(str(of["source"]), Counter())
            counts.update({answer: int(of[answer]) for answer in ANSWERS})
    return [(source, *(counts[a] for a in ANSWERS)) for source, counts in sums.items()]
