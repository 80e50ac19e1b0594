"""Folders are layers and imports go one way; what is pure imports nothing that is not."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EVERYTHING = {
    "agents",
    "audit",
    "benchmarks",
    "cli",
    "conformance",
    "evaluation",
    "local",
    "replay",
    "reports",
    "schemas",
    "sinks",
    "streams",
}
LAYERS = {
    "schemas": set(),
    "agents": {"schemas"},
    "streams": {"schemas", "agents"},
    "sinks": {"schemas"},
    "audit": set(),
    "local": set(),
    "conformance": {"schemas", "agents"},
    "reports": {"schemas", "sinks"},
    "replay": {"schemas", "streams"},
    "evaluation": EVERYTHING - {"cli", "benchmarks"},
    "benchmarks": EVERYTHING,
    "cli": EVERYTHING,
}
# The pass and its parts: the same in a worker, a simulation and an evaluation.
WITHOUT_KAFKA = [
    "counters",
    "due",
    "identity",
    "intake",
    "memory",
    "outbox",
    "overlay",
    "partition",
    "passes",
    "plan",
    "simulate",
    "state",
    "topology",
    "trouble",
    "work",
]
KAFKA = {"aiokafka", "confluent_kafka", "faust", "mode", "rocksdict"}
# Of the standard library, what agents may not touch: the world, the clock, chance.
IMPURE = {
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
}
IMPURE_CALLS = {"now", "utcnow", "today", "time", "time_ns", "uuid1", "uuid4", "open", "print"}


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The first names of all that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("folder", sorted(LAYERS))
def test_imports_go_one_way(folder: str) -> None:
    """schemas ← agents ← streams; schemas ← sinks; audit and local stand alone."""
    allowed = LAYERS[folder] | {folder}
    for path in sources(folder):
        wrong = (set(imported(path)) & EVERYTHING) - allowed
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_every_folder_has_its_layer() -> None:
    """A new folder is put into its place here first."""
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert found <= set(LAYERS)
    assert sources("agents")


def test_the_auditor_stands_alone() -> None:
    """It reads the log and the views with their clients and shares no code with what it judges."""
    allowed = {"audit", "confluent_kafka", "fastavro", "psycopg", "redis"} | sys.stdlib_module_names
    for path in sources("audit"):
        assert set(imported(path)) <= allowed, path.name


@pytest.mark.parametrize("name", ["broker", "consumer", "contract"])
def test_what_a_fraud_team_gets_stands_alone(name: str) -> None:
    """Files to be copied and run elsewhere: two client libraries and nothing of ours."""
    own = set() if name == "consumer" else {"conformance"}
    allowed = {"confluent_kafka", "fastavro"} | own | sys.stdlib_module_names
    assert set(imported(ROOT / "conformance" / f"{name}.py")) <= allowed


@pytest.mark.parametrize("path", sources("agents"), ids=lambda path: path.stem)
def test_agents_are_pure(path: Path) -> None:
    """No I/O, no clock, no chance, no logging: plain computing on what is given."""
    allowed = {"agents", "schemas", "msgspec", "numpy", "river", "cel_expr_python"} | (
        sys.stdlib_module_names - IMPURE
    )
    assert set(imported(path)) <= allowed
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            assert name not in IMPURE_CALLS, f"{path.name}:{node.lineno} calls {name}()"


@pytest.mark.parametrize("module", WITHOUT_KAFKA)
def test_the_work_of_a_stage_knows_no_kafka(module: str) -> None:
    """What a stage does stands behind the engine's seam."""
    path = ROOT / "streams" / f"{module}.py"
    assert not set(imported(path)) & KAFKA
