"""Charts as SVG text, drawn by matplotlib: the same input gives the same text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from math import nan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = Sequence[float | None]
SIZE = (8.0, 2.8)  # inches
SQUARE = (8.0, 3.6)
LABELS_MOST = 10
STYLE = {
    "svg.hashsalt": "memberstream",  # ids in the text do not change from run to run
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
}


def lines(labels: Sequence[str], series: Mapping[str, Values], unit: str = "") -> str:
    """One line a series over the labels; None is a gap."""

    def draw(axes: Axes) -> None:
        for name, values in series.items():
            axes.plot([nan if one is None else one for one in values], label=name, linewidth=1.4)
        _label(axes, labels, unit)

    return _drawn(draw)


def bars(labels: Sequence[str], series: Mapping[str, Values], unit: str = "") -> str:
    """Bars beside each other, one of each series for each label; None is no bar."""

    def draw(axes: Axes) -> None:
        width = 0.8 / max(1, len(series))
        for number, (name, values) in enumerate(series.items()):
            places = [place + number * width for place in range(len(labels))]
            axes.bar(places, [one or 0.0 for one in values], width, label=name)
        _label(axes, labels, unit)

    return _drawn(draw)


def against(points: Sequence[tuple[float, float, float, float]], of: str, to: str) -> str:
    """Points (x, y, lowest y, highest y), all 0 to 1, beside the line where both are the same."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", label="the same")
        for x, y, low, high in points:
            axes.plot([x, x], [low, high], color="C0", linewidth=1)
            axes.plot([x], [y], "o", color="C0", markersize=4)
        axes.set_xlabel(of)
        axes.set_ylabel(to)
        axes.set_aspect("equal")
        axes.legend(loc="upper left", frameon=False)

    return _drawn(draw, SQUARE)


def _label(axes: Axes, labels: Sequence[str], unit: str) -> None:
    step = max(1, -(-len(labels) // LABELS_MOST))
    axes.set_xticks(range(0, len(labels), step), labels[::step])
    axes.set_ylabel(unit)
    axes.legend(loc="best", frameon=False)


def _drawn(draw: Any, size: tuple[float, float] = SIZE) -> str:
    from matplotlib import rc_context  # a second, which who draws nothing need not wait for
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]  # its keys are a closed list of words
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]
