"""The replay, as the commands start it: its year, and its writer held near the workers."""

from __future__ import annotations

from cli.lag import Log
from cli.trouble import Trouble
from replay.pace import LEAD_HOURS, Lead, Place, Rate
from replay.writer import Writer
from replay.year import Year
from schemas import topics
from streams.settings import Settings


def reading(orders: int | None, seed: int, *, risk: bool = False) -> Year:
    """The data, cleaned; with `risk` also payments, and some who misbehave."""
    try:
        return Year.read(orders, seed, risk=risk)
    except OSError as error:
        raise Trouble(
            "The data of the replay cannot be read.",
            f"{error}.",
            "It is part of the project: replay/data/online_retail.parquet. Fetch it again.",
        ) from error


def writer(
    settings: Settings,
    year: Year,
    *,
    rate: float | None = None,
    lead_hours: int = LEAD_HOURS,
) -> Writer:
    """The writer of a year, which asks the workers' group how far they have come."""
    log = Log(settings)
    places = log.places(topics.actions(stage) for stage in topics.STAGES)
    prefix = settings.topic_prefix

    def committed() -> dict[Place, int]:
        return {(prefix + at.topic, at.partition): n for at, n in log.committed(places).items()}

    return Writer(
        settings.kafka,
        year,
        prefix=prefix,
        rate=Rate(rate),
        lead=Lead(committed, lead_hours),
    )
