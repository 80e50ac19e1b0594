"""The files for Docker name what is there: variables, commands and metrics of this version.

No engine is needed for these checks; whether the containers come up is for those who have one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from typer.main import get_command

import sinks.metrics
import streams.metrics
from cli.main import app
from sinks.settings import Settings as SinkSettings
from streams.settings import Settings as WorkerSettings

ROOT = Path(__file__).parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DASHBOARD = json.loads(
    (ROOT / "deploy/grafana/dashboards/memberstream.json").read_text(encoding="utf-8")
)
METRICS = [
    metric
    for module in (streams.metrics, sinks.metrics)
    for metric in vars(module).values()
    if isinstance(metric, MetricWrapperBase)
]
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("service", sorted(OURS))
def test_variables_are_settings(service: str) -> None:
    """A variable that nobody reads would be a silent mistake."""
    fields = WorkerSettings.model_fields.keys() | SinkSettings.model_fields.keys()
    known = {f"MEMBERSTREAM_{name.upper()}" for name in fields}
    assert set(OURS[service]["environment"]) <= known


@pytest.mark.parametrize("service", sorted(OURS))
def test_commands_are_there(service: str) -> None:
    """What a container runs is a command of this version."""
    command: Any = get_command(app)
    for word in OURS[service]["command"]:
        if not hasattr(command, "commands"):
            break
        assert word in command.commands, f"{service}: there is no {word}"
        command = command.commands[word]


@pytest.mark.parametrize("service", sorted(set(SERVICES) - set(OURS)))
def test_images_are_pinned(service: str) -> None:
    """The same version tomorrow as today."""
    tag = SERVICES[service]["image"].partition(":")[2]
    assert re.search(r"\d", tag), SERVICES[service]["image"]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_ports_are_on_loopback(service: str) -> None:
    """Nothing is offered to the network unless somebody changes it on purpose."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", []))


@pytest.mark.parametrize("service", sorted(set(OURS) - {"setup", "clock"}))
def test_what_is_scraped_listens_there(service: str) -> None:
    """Prometheus looks at every worker and sink, at the port that each of them opens."""
    scraped = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text(encoding="utf-8"))
    targets = [
        target
        for job in scraped["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    ]
    assert f"{service}:9100" in targets
    environment = OURS[service]["environment"]
    assert environment["MEMBERSTREAM_HTTP_HOST"] == "0.0.0.0"
    assert environment["MEMBERSTREAM_HTTP_PORT"] == "9100"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_dashboard_asks_for_metrics_that_exist(expression: str) -> None:
    """A panel over a metric that nobody exports stays empty."""
    assert streams.metrics
    assert sinks.metrics
    known = {
        name
        for metric in REGISTRY.collect()
        for name in (metric.name, f"{metric.name}_total", f"{metric.name}_bucket")
    }
    asked = set(re.findall(r"memberstream_\w+", expression))
    assert asked, expression
    assert asked <= known


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_labels_are_those_of_the_metrics(expression: str) -> None:
    """Grouped by a label that the metric has."""
    by = re.findall(r"by \(([^)]*)\)", expression)
    labels = {label.strip() for found in by for label in found.split(",")} - {"le"}
    asked = re.findall(r"memberstream_\w+", expression)[0].removesuffix("_bucket")
    metric = next(m for m in METRICS if asked in (m._name, f"{m._name}_total"))
    assert labels <= set(metric._labelnames)
