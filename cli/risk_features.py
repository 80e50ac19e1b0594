"""The command `risk features`: every feature that the model weighs and rules may ask for, as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agents.risk.features import (
    BESIDE,
    FORM,
    MEMBER,
    OF_DOINGS,
    OF_SEEN,
    OF_TOKENS,
    ROLES,
    Feature,
    Grid,
)

ABOUT = f"""# Features of risk

What is known of a payment when it is made; `memberstream risk features` prints this page. The model weighs
these features, and rules may ask for them by name. A feature that is not known is absent, which is not
zero: the model has a bin of its own for it, and a rule that needs it does not hold.

Each feature is cut into fixed bins, and the model has one weight a bin (form `{FORM}`). A bin goes from one
edge to below the next. The numbers that a platform sends along with a payment are features too: `number_`
and their name, in a rule `numbers.NAME`, on a grid of four bins a doubling from a millionth to a billion,
on either side of zero.
"""
PARTS: tuple[tuple[str, str, tuple[Feature, ...]], ...] = (
    ("The member's payments", "`agents/risk/habits.py`", MEMBER),
    ("What the member used before", "`agents/risk/habits.py`", OF_SEEN),
    ("What else the member did, by window", "`agents/risk/habits.py`", OF_DOINGS),
    ("Beside the counts", "`agents/risk/doings.py`", BESIDE),
)
EDGES_SHOWN = 3


def features() -> None:
    """Print every feature with its unit, its meaning and its bins, as a page of Markdown."""
    for line in page():
        print(line)


def page() -> Iterator[str]:
    """The page, line by line."""
    yield ABOUT.rstrip()
    for title, where, part in PARTS:
        yield from _table(f"{title} ({where})", part)
    roles = ", ".join(f"`{role}`" for role in ROLES)
    yield ""
    yield "## The token (`agents/risk/reputation.py`)"
    yield ""
    yield f"ROLE is one of {roles}."
    yield from _rows(
        Feature(f"ROLE_{name}", unit, meaning, grid) for name, unit, meaning, grid in OF_TOKENS
    )


def _table(title: str, part: Iterable[Feature]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield from _rows(part)


def _rows(part: Iterable[Feature]) -> Iterator[str]:
    yield ""
    yield "| feature | unit | meaning | bins |"
    yield "|---|---|---|---|"
    for one in part:
        yield f"| `{one.name}` | {one.unit} | {one.meaning} | {_bins(one.grid)} |"


def _bins(grid: Grid) -> str:
    """How many bins there are, and their first and last edges."""
    shown = [f"{edge:g}" for edge in grid]
    if len(shown) > 2 * EDGES_SHOWN:
        shown = [*shown[:EDGES_SHOWN], "…", *shown[-1:]]
    return f"{len(grid) + 1}: {' '.join(shown)}"
