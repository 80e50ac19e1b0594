"""How well the loyalty score foretells who buys again: scored first, learned later, in one pass.

`evaluate(purchases, horizon_days, cut)` lives through the purchases up to the cut with the very agents of
production, asks for every member's chance within the horizon, and compares it with what came; beside it
stand the references. Without a cut it does so at the end of every week whose horizon lies in the data.
A cut is the end of a day (UTC): what happened on it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct, field

from evaluation.loyalty_data import Purchases
from evaluation.loyalty_play import Play
from evaluation.loyalty_references import buyers, references
from evaluation.probabilities import Bin, Figures, figures, table

DAY = 86_400_000
WEEK = 7 * DAY
Told = Callable[[str], None]


class CannotEvaluate(ValueError):
    """The data does not reach as far as was asked; the sentence says how far it does."""


class AtCut(Struct, frozen=True, kw_only=True):
    """What was foretold at the end of a day, and what came."""

    cut: str
    members: int
    came: float  # share of members who bought within the horizon
    predicted: float  # mean probability
    auc: float | None
    brier: float
    ece: float
    examples: int  # that the model had learned from
    references: dict[str, Figures]
    calibration: list[Bin] = field(default_factory=list)


class Report(Struct, frozen=True, kw_only=True):
    """One cut, or every week; of weeks `auc`, `brier`, `ece` and the references are means over weeks."""

    horizon_days: int
    rows: int
    bad_rows: int
    orders: int
    rows_without_member: int
    rows_negative: int
    first_day: str
    last_day: str
    members: int  # at the last cut
    auc: float | None
    brier: float
    ece: float
    calibration: list[Bin]  # over all cuts together
    references: dict[str, Figures]
    cuts: list[AtCut]


def evaluate(
    purchases: Purchases, horizon_days: int, cut: date | None = None, tell: Told = lambda _: None
) -> Report:
    """The figures. Raises `CannotEvaluate`; `tell` hears how far it is."""
    cuts = _cuts(purchases, horizon_days, cut)
    play = Play(purchases.orders)
    said: list[float] = []
    came: list[bool] = []
    found = []
    for at in cuts:
        tell(f"Living through {_day(at - 1)} …")
        play.live(at)
        ahead = buyers(purchases.orders, at, at + horizon_days * DAY)
        chances = list(play.chances(at, horizon_days))
        now = [chance.probability for chance in chances]
        then = [chance.member_id in ahead for chance in chances]
        said += now
        came += then
        others = references(purchases.orders, at, horizon_days, ahead)
        found.append(_at_cut(at, now, then, others, play.learner.model.examples))
    return _report(purchases, horizon_days, found, table(said, came))


def _cuts(purchases: Purchases, horizon_days: int, cut: date | None) -> list[int]:
    """The moments at which to foretell: the end of the day, or of each week from the first day on."""
    first = purchases.orders[0].at // DAY * DAY
    end = (purchases.orders[-1].at // DAY + 1) * DAY
    last = end - horizon_days * DAY
    if cut is not None:
        at = int(datetime(cut.year, cut.month, cut.day, tzinfo=UTC).timestamp() * 1000) + DAY
        if not first < at <= last:
            raise CannotEvaluate(_too_short(first, end, horizon_days))
        return [at]
    found = list(range(first + WEEK, last + 1, WEEK))
    if not found:
        raise CannotEvaluate(_too_short(first, end, horizon_days))
    return found


def _too_short(first: int, end: int, horizon_days: int) -> str:
    last = end - horizon_days * DAY - DAY
    return (
        f"The data goes from {_day(first)} to {_day(end - 1)}. With a horizon of {horizon_days} days "
        + (
            f"a cut can be from {_day(first)} to {_day(last)}."
            if last >= first
            else "there is no cut."
        )
    )


def _day(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).date().isoformat()


# ---- the report ------------------------------------------------------------------------------------


def _at_cut(
    at: int,
    said: Sequence[float],
    came: Sequence[bool],
    others: dict[str, Figures],
    examples: int,
) -> AtCut:
    own = figures(said, came)
    assert own.brier is not None
    assert own.ece is not None
    return AtCut(
        cut=_day(at - 1),
        members=len(said),
        came=sum(came) / len(came),
        predicted=sum(said) / len(said),
        auc=own.auc,
        brier=own.brier,
        ece=own.ece,
        examples=examples,
        references=others,
        calibration=table(said, came),
    )


def _report(
    purchases: Purchases, horizon_days: int, cuts: list[AtCut], calibration: list[Bin]
) -> Report:
    names = list(dict.fromkeys(name for cut in cuts for name in cut.references))
    return Report(
        horizon_days=horizon_days,
        orders=len(purchases.orders),
        rows=purchases.rows,
        bad_rows=purchases.bad_rows,
        rows_without_member=purchases.without_member,
        rows_negative=purchases.negative,
        first_day=_day(purchases.orders[0].at),
        last_day=_day(purchases.orders[-1].at),
        members=cuts[-1].members,
        auc=_mean(cut.auc for cut in cuts),
        brier=sum(cut.brier for cut in cuts) / len(cuts),
        ece=sum(cut.ece for cut in cuts) / len(cuts),
        calibration=calibration,
        references={name: _means(name, cuts) for name in names},
        cuts=cuts,
    )


def _means(name: str, cuts: Sequence[AtCut]) -> Figures:
    """Over the weeks in which the reference could be fitted."""
    found = [cut.references[name] for cut in cuts if name in cut.references]
    return Figures(
        auc=_mean(one.auc for one in found),
        brier=_mean(one.brier for one in found),
        ece=_mean(one.ece for one in found),
    )


def _mean(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
