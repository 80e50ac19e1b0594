"""The commands about the risk model: its variants and versions, who decides, and how good it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from cli.asking import no_such, tables
from cli.installation import Installation
from cli.json_actions import derived_id
from cli.sending import send, shown, time_of
from cli.terminal import AsJson, Data, print_json, say, show
from cli.trouble import Trouble
from schemas.risk import ModelChoiceRefused, ModelChosen
from sinks.postgres import model_queries

models = typer.Typer(help="The model's variants and versions; who decides.", no_args_is_help=True)
MODEL = "payment"
Model = Annotated[str, typer.Option(help="The model.")]
By = Annotated[str, typer.Option(help="The operator who does it.")]


@models.command("list")
def list_models(data: Data = None, model: Model = MODEL, as_json: AsJson = False) -> None:
    """List the model's variants with their last versions; the champion decides."""
    with tables(data) as views:
        variants = model_queries.variants(views, model)
        versions = {
            v.variant: model_queries.versions(views, model, v.variant, 10) for v in variants
        }
    if as_json:
        print_json({"variants": variants, "versions": versions})
        return
    if not variants:
        raise no_such(
            "model", model, "It appears when enough frauds and honest payments were learned from."
        )
    show(
        f"Model {model}",
        ["variant", "decides", ">version out", ">newest", "since"],
        [(v.variant, "yes" if v.champion else "", v.version, v.newest, v.occurred_at) for v in variants],
    )  # fmt: skip
    show(
        "Versions, newest first",
        ["variant", ">version", ">examples", ">fraud", "learned until", "published"],
        [
            (one.variant, one.version, one.examples, one.frauds, one.learned_until, one.occurred_at)
            for found in versions.values()
            for one in found
        ],
    )


@models.command("choose")
def choose(
    variant: Annotated[str, typer.Argument(help="The variant that is to decide.")],
    data: Data = None,
    version: Annotated[
        int | None,
        typer.Option(min=1, max=10**9, help="An earlier version to go back to; none: the newest."),
    ] = None,
    model: Model = MODEL,
    by: By = "operator",
) -> None:
    """Let another variant decide from now on, or go back to an earlier version of one."""
    settings = Installation.of(data).settings()
    at = time_of(settings)
    chosen = ModelChosen(
        event_id=derived_id("ModelChosen", model, variant, version, time.time_ns()),
        model=model,
        occurred_at=at,
        variant=variant,
        version=version,
        chosen_by=by,
    )
    followed = send(settings, [chosen])
    refused = [o for o in followed.outcomes if isinstance(o, ModelChoiceRefused)]
    if refused:
        raise Trouble(
            "The choice was refused.", " ".join(refused[0].reasons), "See: risk models list."
        )
    shown(followed)


def yardstick(
    data: Data = None,
    model: Model = MODEL,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days of payments to report.")] = 7,
    payments: Annotated[
        int, typer.Option(min=100, help="Learn from so many of the newest labelled payments.")
    ] = 200_000,
) -> None:
    """Retrain a batch model for each of the last days and report it beside the online model."""
    from evaluation import fraud_reference, yardstick
    from evaluation.examples import newest_examples

    if not fraud_reference.there():
        raise Trouble(
            "The batch model is not installed.", "It is an extra.",
            "pip install 'memberstream[evaluation]'",
        )  # fmt: skip
    settings = Installation.of(data).settings()
    examples = newest_examples(
        settings.kafka, settings.partitions, payments, prefix=settings.topic_prefix, model=model
    )
    reported = list(yardstick.days(examples, days, time_of(settings)))
    if not reported:
        raise Trouble(
            "There is no day that a batch model could say something of.",
            f"{len(examples):,} labelled payments were found.",
            f"At least {fraud_reference.LEAST_FRAUDS} frauds must be known when a day begins.",
        )
    shown(send(settings, reported))
    say("See: memberstream risk report.")


def report(
    data: Data = None,
    model: Model = MODEL,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days of payments.")] = 60,
    html: Annotated[
        Path | None, typer.Option(help="Write the report with its pictures to this file.")
    ] = Path("risk-report.html"),
    as_json: AsJson = False,
) -> None:
    """Show how good the model was, day by day, and write it as a page with pictures."""
    from reports import risk

    with tables(data) as views:
        found = model_queries.quality(views, model, days)
    if not found:
        raise no_such(
            "measured day of the model", model,
            "A day is measured when its labels have come and been quiet for a day.",
        )  # fmt: skip
    summaries = risk.summaries(found)
    if as_json:
        print_json({"summary": summaries, "days": found})
        return
    columns = list(risk.Summary.__struct_fields__)
    show(
        f"Model {model}, {found[0].day} to {found[-1].day}: means over days",
        [c.replace("_", " ") for c in columns],
        [[risk.shown(getattr(one, name)) for name in columns] for one in summaries],
    )
    if html is not None:
        html.write_text(risk.page(model, found), encoding="utf-8")
        say(f"With pictures: {html.resolve()}")
