"""The commands about risk: its rules, its model, and the report on the model's quality."""

from __future__ import annotations

import typer

from cli import risk_features, risk_models, risk_rules

app = typer.Typer(help="Fraud and abuse: rules, models, quality.", no_args_is_help=True)
app.add_typer(risk_rules.app, name="rules")
app.add_typer(risk_models.models, name="models")
app.command("features")(risk_features.features)
app.command("report")(risk_models.report)
app.command("yardstick")(risk_models.yardstick)
