"""The commands about risk: its rules."""

from __future__ import annotations

import typer

from cli import risk_rules

app = typer.Typer(help="Fraud and abuse: rules.", no_args_is_help=True)
app.add_typer(risk_rules.app, name="rules")
