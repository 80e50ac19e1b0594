"""A page: sections of text, picture and table, in one HTML file that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATE = "page.html"


@dataclass(frozen=True)
class Section:
    """A part of a page; `picture` is SVG, a table has columns and rows of what is to be read."""

    title: str
    text: str = ""
    picture: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = field(default=())


def written(title: str, introduction: str, sections: Sequence[Section]) -> str:
    """The page as HTML; all text is escaped, pictures are ours."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(TEMPLATE).render(
        title=title,
        introduction=introduction,
        sections=sections,
        safe_picture=lambda section: Markup(section.picture),
    )


def percent(share: float | None) -> str | None:
    """A share for people."""
    return None if share is None else f"{share:.1%}"
