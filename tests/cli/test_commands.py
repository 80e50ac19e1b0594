"""Commands without a platform: help, mistakes, settings; every answer says what to do."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import app, main
from local.platform import VARIABLES


def leaves(command: Any, *words: str) -> Iterator[str]:
    """Every command, by the words that are typed."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words)
        return
    for name, one in inner.items():
        yield from leaves(one, *words, name)


COMMANDS = sorted(leaves(get_command(app)))


class Ran:
    """A command that was run in this process: its exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty folder, where no part is named."""
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("MEMBERSTREAM_DATA", str(tmp_path / "data"))

    def ran(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["memberstream", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return ran


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """--help says what it does, in a sentence, and ends with 0."""
    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output
    said = shown.output.split("Options")[0]
    assert re.search(r"\w\)?\.\s", said), f"{command} does not say what it does"


def test_the_list_of_commands_is_whole() -> None:
    """What --help lists is what is tested here."""
    shown = CliRunner().invoke(app, ["--help"]).output
    assert len(COMMANDS) > 70
    for command in COMMANDS:
        assert command.split()[0] in shown


WITHOUT_PLATFORM = [
    "status",
    "board",
    "hot products",
    "ledger balance m-1",
    "ledger entries m-1",
    "ledger at m-1 2011-06-30",
    "orders m-1",
    "stock lamp",
    "rules list",
    "risk rules list",
    "risk rules show score-review",
    "risk rules snooze score-review 2011-12-09",
    "risk rules retire score-review",
    "risk rules dry-run score-review",
    "risk rules first",
    "loyalty member m-1",
    "loyalty cohorts",
    "loyalty drifting",
    "tiers list",
    "tiers show m-1",
    "tiers rules",
    "friends list m-1",
    "friends referrals m-1",
    "alerts list",
    "alerts show al-1",
    "alerts judge al-1 cleared",
    "alerts budget PAYMENT 10",
    "alerts tail",
    "alerts conformance",
    "candidates member m-1",
    "candidates product lamp",
    "candidates quality",
    "dead-letters list",
    "dead-letters show actions.members/0/0",
    "dead-letters replay actions.members/0/0",
    "topics list",
    "topics create",
    "views rebuild redis",
    "worker",
    "sink postgres",
    "sink redis",
    "clock",
    "replay",
    "audit",
]


@pytest.mark.parametrize("command", WITHOUT_PLATFORM)
def test_without_a_platform_it_says_how_to_start_one(run: Run, command: str) -> None:
    """Exit code 1, no traceback, and the command to type."""
    ran = run(*command.split())
    assert ran.code == 1
    assert "memberstream up" in ran.out + ran.err or "Nothing was started" in ran.out
    assert "Traceback" not in ran.err


def test_down_without_anything_is_done(run: Run, tmp_path: Path) -> None:
    """Nothing to stop is no trouble, and no folder is made for it."""
    assert run("down").code == 0
    assert not (tmp_path / "data").exists()


def test_a_folder_of_others_is_neither_used_nor_erased(run: Run, tmp_path: Path) -> None:
    """A folder that holds other things is left alone."""
    kept = tmp_path / "data" / "letters.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    for command in (["up"], ["down", "--erase"], ["demo"]):
        ran = run(*command)
        assert ran.code == 2, ran.err
        assert "was not made by memberstream" in ran.err
    assert kept.read_text() == "mine"


def test_the_demo_leaves_a_users_installation_alone(run: Run, tmp_path: Path) -> None:
    """A folder that `up` made is not replayed into."""
    marker = tmp_path / "data" / "installation.json"
    marker.parent.mkdir()
    marker.write_text("{}")
    ran = run("demo")
    assert ran.code == 2
    assert "--data" in ran.err


MISTAKES = [
    ({"MEMBERSTREAM_KAFKA": "nowhere"}, ["topics", "list"], "MEMBERSTREAM_KAFKA='nowhere'"),
    ({"MEMBERSTREAM_KAFKA": "h:1", "MEMBERSTREAM_PARTITIONS": "0"}, ["worker"], "PARTITIONS='0'"),
    ({"MEMBERSTREAM_KAFKA": "h:1"}, ["board"], "MEMBERSTREAM_REDIS is not set"),
    ({"MEMBERSTREAM_KAFKA": "h:1"}, ["sink", "postgres"], "MEMBERSTREAM_POSTGRES is not set"),
    ({"MEMBERSTREAM_REDIS": "redis://h:1/0"}, ["clock"], "MEMBERSTREAM_KAFKA is not set"),
    ({"MEMBERSTREAM_KAFKA": "h:1"}, ["up"], "MEMBERSTREAM_POSTGRES is not set"),
    (
        {"MEMBERSTREAM_KAFKA": "h:1", "MEMBERSTREAM_POSTGRES": "mysql://h"},
        ["ledger", "balance", "m-1"],
        "MEMBERSTREAM_POSTGRES='mysql://h'",
    ),
]


@pytest.mark.parametrize(("variables", "words", "named"), MISTAKES)
def test_a_wrong_setting_is_named(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    words: list[str],
    named: str,
) -> None:
    """Exit code 2, and the variable's name with what it should be."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = run(*words)
    assert ran.code == 2
    assert named in ran.err


def test_a_part_that_does_not_answer_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1: which part, and where to look."""
    monkeypatch.setenv("MEMBERSTREAM_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("MEMBERSTREAM_POSTGRES", "postgresql://postgres@127.0.0.1:1/postgres")
    monkeypatch.setenv("MEMBERSTREAM_REDIS", "redis://127.0.0.1:1/0")
    balance = run("ledger", "balance", "m-1")
    assert (balance.code, "Postgres does not answer." in balance.err) == (1, True)
    board = run("board", "all")
    assert (board.code, "Redis does not answer." in board.err) == (1, True)


LINES = [
    ('{"type": "MemberRegistered", "member_id": "m-1"}', "missing required field `occurred_at`"),
    ('{"type": "PointsEarned", "member_id": "m-1"}', "Its `type` is none of MemberRegistered"),
    ('{"type": "ClockTicked", "occurred_at": 1}', "Its `type` is none of"),
    ("nonsense", "It is no JSON"),
    ("[]", "no JSON object"),
    (
        '{"type": "StockReceived", "product_id": "lamp", "occurred_at": 1, "quantity": -1}',
        "`$.quantity`",
    ),
    (
        '{"type": "StockReceived", "product_id": "lamp", "occurred_at": "soon", "quantity": 1}',
        "occurred_at: 'soon' is no moment",
    ),
    (
        '{"type": "StockReceived", "product": "lamp", "occurred_at": 1, "quantity": 1}',
        "has no field 'product'",
    ),
    (
        '{"type": "PurchaseMade", "member_id": "m", "occurred_at": 1, "order_id": "o", "currency": "GBP", '
        '"lines": [{"line_number": 1, "product_id": "p", "quantity": 1, "amount_minor": 1, "catgory": "x"}]}',
        "has no field `$.lines[0].catgory`",
    ),
]
RIGHT = '{"type": "StockReceived", "product_id": "lamp", "occurred_at": "now", "quantity": 1}'


@pytest.mark.parametrize(("line", "why"), LINES)
def test_a_wrong_line_is_named_and_nothing_is_sent(
    run: Run, tmp_path: Path, line: str, why: str
) -> None:
    """File, line and reason; right lines of the same file are not sent either."""
    file = tmp_path / "actions.jsonl"
    file.write_text(f"{RIGHT}\n\n{line}\n")
    ran = run("emit", str(file), "--check")
    assert ran.code == 2
    assert f"{file}:3: " in ran.err
    assert why in ran.err
    assert "1 of 2 lines are wrong.\nNothing was sent." in ran.err


def test_right_lines_are_told(run: Run, tmp_path: Path) -> None:
    """--check needs no platform."""
    file = tmp_path / "actions.jsonl"
    file.write_text(f"{RIGHT}\n")
    ran = run("emit", str(file), "--check")
    assert (ran.code, ran.out) == (0, "1 actions are right; nothing was sent.\n")


@pytest.mark.parametrize("words", [["emit"], ["rules", "set"], ["rules", "dry-run"]])
def test_a_file_that_is_missing_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Exit code 2, before anything is asked of the platform."""
    monkeypatch.setenv("MEMBERSTREAM_KAFKA", "127.0.0.1:1")
    ran = run(*words, "/nowhere/file.json", *(["--check"] if words == ["emit"] else []))
    assert ran.code == 2
    assert "/nowhere/file.json cannot be read." in ran.err


def test_a_wrong_rule_is_named(run: Run, tmp_path: Path) -> None:
    """The field and what it should be."""
    file = tmp_path / "rule.json"
    file.write_text(json.dumps({"earn_rates": [], "return_window_days": -1}))
    ran = run("rules", "dry-run", str(file))
    assert ran.code == 2
    assert "$.earn_rates" in ran.err or "$.return_window_days" in ran.err


def test_a_wrong_moment_is_explained(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """How a moment is written."""
    ran = run("ledger", "at", "m-1", "gestern")
    assert ran.code == 2
    assert "2011-12-09" in ran.err


def test_settings_are_a_page(run: Run) -> None:
    """Every variable of workers and sinks, as Markdown."""
    ran = run("settings")
    assert ran.code == 0
    for variable in ("KAFKA", "POSTGRES", "REDIS", "DATA", "PARTITIONS", "SINK_RECORDS"):
        assert f"`MEMBERSTREAM_{variable}`" in ran.out


def test_the_version_is_told(run: Run) -> None:
    """As in pyproject.toml."""
    assert run("--version").out == "0.1.0\n"
