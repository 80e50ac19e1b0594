"""How well the fraud score of payments works: scored first, learned later, in one pass, beside a batch model.

`evaluate(payments, …)` lives through anybody's labelled payments with the very agents of production and
gives the figures over a span of days; learning goes on before it. The references stand beside, over the
same payments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from agents.risk.publication import FIRST, First
from evaluation import fraud_play, fraud_reference
from evaluation.columns import BadRow
from evaluation.fraud_agreement import Agreement, agreement
from evaluation.fraud_data import Payments
from evaluation.fraud_measures import DAY, Figures, Frauds, Scored, figures
from evaluation.fraud_play import Lived

Told = Callable[[str], None]
Said = Mapping[str, float | None]  # probabilities by payment; none: there was no model yet
EPOCH = date(1970, 1, 1)


class CannotEvaluate(ValueError):
    """There is nothing to measure in the span that was asked for; the sentence says why."""


class Report(Figures, frozen=True, kw_only=True):
    """The figures of the champion over the span, of the others beside it, and what they rest on."""

    events: int  # scored in the span
    frauds: int  # among them
    days: int
    score_from: str
    score_to: str
    label_delay_days: int
    events_lived: int  # of the whole stream, learning included
    events_per_second: float
    milliseconds_p50: float  # from a payment to its score, within the agents
    milliseconds_p99: float
    versions: int  # of the model, published on the way
    without_model: int  # payments of the span that came before the first one; they count as 0
    frauds_learned: int
    honest_learned: int
    unlearned: int  # payments that gave way before their label came
    rows: int
    bad_rows: int
    bad_rows_named: list[BadRow]
    missing: dict[str, int]
    numbers: list[str]
    left_out: dict[str, str]
    references: dict[str, Figures]
    in_process: Agreement | None  # where it ran through Kafka


def evaluate(
    data: Payments,
    label_delay_days: int,
    score_from: date | None = None,
    score_to: date | None = None,
    reference_days: int = 7,
    tell: Told = lambda _: None,
    *,
    first: First = FIRST,
    through_kafka: bool = False,
) -> Report:
    """The figures from the day `score_from` to `score_to`, both included.

    Without them: from the first day on which all payments had a model, to the last. `reference_days` is
    how often the batch model is retrained; 0: no batch model. With `through_kafka` a Kafka and a worker
    are started for it, and what they say is compared with what is said in process; `first` is what the
    first version of the model takes. Raises `CannotEvaluate`, and then `PlatformError`.
    """
    if not data.payments:
        raise CannotEvaluate("There is no payment to score.")
    batch = reference_days > 0 and fraud_reference.there()
    lived = _way(through_kafka)(
        data.payments, data.fraud, label_delay_days, tell, first=first, keep_examples=batch
    )
    if not lived.versions:
        raise CannotEvaluate(_no_version(lived, first))
    scored = _scored(data, lived.probabilities)
    begin, end = _span(scored, lived, data, score_from, score_to)
    delay = label_delay_days * DAY
    frauds = Frauds(((o.member_id, o.paid_at) for o in scored if o.fraud), delay)
    others: dict[str, Said] = {f"challenger {one}": p for one, p in lived.challengers.items()}
    if batch:
        others[f"LightGBM, retrained every {_days(reference_days)}"] = fraud_reference.retrained(
            scored,
            [payment.payment_id for payment in data.payments],
            lived.examples,
            delay,
            reference_days,
            begin,
            tell,
        )
    agreed = None
    if through_kafka:
        here = fraud_play.live(
            data.payments, data.fraud, label_delay_days, tell, first=first, keep_examples=False
        ).probabilities
        agreed, others["the same in process"] = agreement(lived.probabilities, here), here

    def inside(said: Said) -> list[Scored]:
        return [one for one in _scored(data, said) if begin <= one.paid_at // DAY <= end]

    own = inside(lived.probabilities)
    references = {name: figures(inside(said), frauds, delay) for name, said in others.items()}
    return _report(
        data, lived, own, figures(own, frauds, delay), references, label_delay_days, agreed
    )


def _way(through_kafka: bool) -> Callable[..., Lived]:
    if not through_kafka:
        return fraud_play.live
    from evaluation import fraud_kafka  # its clients are not wanted otherwise

    return fraud_kafka.live


def _scored(data: Payments, said: Said) -> list[Scored]:
    """The payments that something was said of; before there was a model nothing speaks for fraud."""
    return [
        Scored(payment.occurred_at, payment.member_id, said[payment.payment_id] or 0.0, is_fraud)
        for payment, is_fraud in zip(data.payments, data.fraud, strict=True)
        if payment.payment_id in said
    ]


def _span(
    scored: Sequence[Scored],
    lived: Lived,
    data: Payments,
    score_from: date | None,
    score_to: date | None,
) -> tuple[int, int]:
    first, last = scored[0].paid_at // DAY, scored[-1].paid_at // DAY
    if score_from is not None:
        begin = _number(score_from)
    else:
        blind = [p for p in data.payments if lived.probabilities[p.payment_id] is None]
        begin = blind[-1].occurred_at // DAY + 1 if blind else first
    end = last if score_to is None else min(_number(score_to), last)
    if not any(begin <= o.paid_at // DAY <= end for o in scored):
        raise CannotEvaluate(
            f"The payments go from {_day(first)} to {_day(last)}, and there is nothing to score from "
            f"{_day(begin)} to {_day(end)}. The first label comes with the label delay; choose "
            "--score-from and --score-to, or a shorter --label-delay."
        )
    return begin, end


def _report(
    data: Payments,
    lived: Lived,
    inside: Sequence[Scored],
    own: Figures,
    references: dict[str, Figures],
    label_delay_days: int,
    agreed: Agreement | None,
) -> Report:
    took = sorted(lived.nanoseconds)
    return Report(
        **{name: getattr(own, name) for name in Figures.__struct_fields__},
        events=len(inside),
        frauds=sum(o.fraud for o in inside),
        days=len({o.paid_at // DAY for o in inside}),
        score_from=_day(inside[0].paid_at // DAY),
        score_to=_day(inside[-1].paid_at // DAY),
        label_delay_days=label_delay_days,
        events_lived=len(data.payments),
        events_per_second=len(data.payments) / lived.seconds,
        milliseconds_p50=took[len(took) // 2] / 1e6,
        milliseconds_p99=took[len(took) * 99 // 100] / 1e6,
        versions=lived.versions,
        without_model=_without_model(data, lived, inside),
        frauds_learned=lived.frauds,
        honest_learned=lived.honest,
        unlearned=lived.unlearned,
        rows=data.rows,
        bad_rows=data.bad_rows,
        bad_rows_named=data.bad_rows_named,
        missing=data.missing,
        numbers=data.numbers,
        left_out=data.left_out,
        references=references,
        in_process=agreed,
    )


def _no_version(lived: Lived, first: First) -> str:
    if lived.frauds >= first.frauds and lived.honest >= first.honest:
        return (
            "No version of the model came out: a version comes at the end of an hour, and no payment came "
            "after the one in which enough labels were known. More days, or a shorter --label-delay, will do."
        )
    return (
        f"No version of the model came out: it had learned from {lived.frauds:,} frauds and "
        f"{lived.honest:,} honest payments, and the first takes {first.frauds:,} and {first.honest:,}. "
        "Less will do with --first-frauds and --first-honest, and finds less."
    )


def _without_model(data: Payments, lived: Lived, inside: Sequence[Scored]) -> int:
    begin, end = inside[0].paid_at, inside[-1].paid_at
    return sum(
        begin <= payment.occurred_at <= end and lived.probabilities[payment.payment_id] is None
        for payment in data.payments
    )


def _number(day: date) -> int:
    return (day - EPOCH).days


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).isoformat()


def _days(count: int) -> str:
    return "day" if count == 1 else f"{count} days"
