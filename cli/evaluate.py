"""The commands that say how good a learned score is, on anybody's own file of data."""

from __future__ import annotations

import typer

from cli import evaluate_fraud, evaluate_loyalty, evaluate_recommendations

app = typer.Typer(help="How good a learned score is, on your own data.", no_args_is_help=True)
app.command("fraud")(evaluate_fraud.fraud)
app.command("loyalty")(evaluate_loyalty.loyalty)
app.command("recommendations")(evaluate_recommendations.recommendations)
