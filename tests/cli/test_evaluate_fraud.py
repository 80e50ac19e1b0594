"""`memberstream evaluate fraud`: a file in, figures out; mistakes are told with what to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from pyarrow import csv
from typer.testing import CliRunner

from cli.evaluate_fraud import delay_days, names
from cli.main import app
from cli.trouble import Trouble
from tests.evaluation.payments_made import made, table

FIGURES = {"auc", "ap", "ap_daily", "card_precision_100", "brier", "events", "events_per_second"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with names of its own, one row that is bad and one number beside."""
    columns = made(12, members=20, terminals=8)
    columns["is_bad"] = columns.pop("label")
    columns["paid"] = columns.pop("amount")
    columns["distance"] = [number % 17 for number in range(len(columns["paid"]))]
    path = tmp_path / "payments.csv"
    csv.write_csv(table(columns), path)
    with path.open("a", encoding="utf-8") as end:
        end.write("e-last,m1,soon,t1,0,5.0,3\n")
    return path


def test_figures_for_people_and_machines(file: Path, tmp_path: Path) -> None:
    """Names are mapped, the bad row is named, the span is kept."""
    figures = tmp_path / "figures.json"
    options = ["--map", "label=is_bad", "--map", "amount=paid", "--label-delay", "2d"]
    options += ["--first-frauds", "5", "--first-honest", "20"]
    span = ["--score-from", "2018-04-06", "--score-to", "2018-04-10"]
    beside = ["--reference", "none", "--json", str(figures)]
    done = CliRunner().invoke(app, ["evaluate", "fraud", str(file), *options, *span, *beside])
    assert done.exit_code == 0, done.output
    assert "column occurred_at: 'soon' is no moment" in done.output
    assert "numbers sent along: distance" in done.output
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found.keys() >= FIGURES
    assert (found["score_from"], found["score_to"], found["days"]) == (
        "2018-04-06",
        "2018-04-10",
        5,
    )
    assert (found["bad_rows"], found["bad_rows_named"][0]["column"]) == (1, "occurred_at")
    assert 0 < found["milliseconds_p99"] < 1_000
    assert 0 <= found["auc"] <= 1


def test_a_file_without_ids_and_tokens(tmp_path: Path) -> None:
    """Members, amounts and labels are enough; a number with gaps is one, and every bad row is named."""
    columns = made(10, members=20, terminals=8)
    del columns["event_id"], columns["terminal_id"]
    count = len(columns["label"])
    columns["velocity"] = [None if n % 4 == 0 else n % 13 for n in range(count)]
    path, figures = tmp_path / "payments.csv", tmp_path / "figures.json"
    csv.write_csv(table(columns), path)
    with path.open("a", encoding="utf-8") as end:
        end.write(",2018-04-02,5.0,0,1\nm1,2018-04-02,-5.0,0,1\nm1,2018-04-02,5.0,maybe,1\n")
    options = ["--label-delay", "2d", "--first-frauds", "5", "--first-honest", "20"]
    beside = ["--score-from", "2018-04-06", "--reference", "none", "--json", str(figures)]
    done = CliRunner().invoke(app, ["evaluate", "fraud", str(path), *options, *beside])
    assert done.exit_code == 0, done.output
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert (found["rows"], found["bad_rows"], found["events_lived"]) == (count + 3, 3, count)
    named = [(bad["row"] - count, bad["column"]) for bad in found["bad_rows_named"]]
    first = named[0][0]
    assert named == [(first, "member_id"), (first + 1, "amount"), (first + 2, "label")]
    assert found["missing"] == {"velocity": -(-count // 4)}
    assert found["numbers"] == ["velocity"]


def test_too_few_labels(file: Path) -> None:
    """A file that brings no version of the model has no figures, and is told what was missing."""
    options = ["--map", "label=is_bad,amount=paid", "--label-delay", "2d", "--reference", "none"]
    with pytest.raises(Trouble, match="cannot be evaluated") as told:
        CliRunner().invoke(app, ["evaluate", "fraud", str(file), *options], catch_exceptions=False)
    assert "the first takes 30 and 1,000" in str(told.value.detail)


def test_rows_left_out_are_told_when_nothing_comes_of_it(tmp_path: Path) -> None:
    """They may be the reason: here every honest payment has a label that is no label."""
    columns = made(12, members=20, terminals=8)
    columns["label"] = ["1" if one else "ok" for one in columns["label"]]
    path = tmp_path / "payments.csv"
    csv.write_csv(table(columns), path)
    done = CliRunner().invoke(app, ["evaluate", "fraud", str(path), "--label-delay", "2d"])
    assert isinstance(done.exception, Trouble)
    assert "column label: 'ok'" in done.output


def test_ended_in_the_middle(file: Path, tmp_path: Path) -> None:
    """SIGTERM ends the Kafka that was started for it and removes its folder, as Ctrl-C does."""
    room = tmp_path / "room"
    room.mkdir()
    command = ["evaluate", "fraud", str(file), "--map", "label=is_bad,amount=paid"]
    started = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *command, "--label-delay", "2d", "--through-kafka"],
        env=os.environ | {"TMPDIR": str(room)},
    )
    broker = room / "kafka.pid"
    until = time.monotonic() + 60
    while not broker.exists() or not broker.read_text(encoding="utf-8"):
        broker = next(room.glob("memberstream-*/kafka/kafka.pid"), broker)
        assert time.monotonic() < until
        time.sleep(0.05)
    pid = json.loads(broker.read_text(encoding="utf-8"))["pid"]
    assert psutil.pid_exists(pid)
    started.terminate()
    assert started.wait(60) == 128 + signal.SIGTERM
    assert not psutil.pid_exists(pid)
    assert list(room.glob("memberstream-*")) == []


def test_a_file_that_is_not_there() -> None:
    """Exit code 2, in words."""
    with pytest.raises(Trouble, match="cannot be evaluated") as told:
        CliRunner().invoke(app, ["evaluate", "fraud", "nowhere.csv"], catch_exceptions=False)
    assert told.value.exit_code == 2


@pytest.mark.parametrize("delay", ["", "0d", "30d", "7 days", "-1d", "1h"])
def test_a_wrong_delay(delay: str) -> None:
    """Whole days, from 1 to 29: what silence labels after 30 days is out of the windows."""
    with pytest.raises(Trouble, match="no label delay"):
        delay_days(delay)


@pytest.mark.parametrize("part", ["member_id", "=x", "member_id=", ","])
def test_a_wrong_map(part: str) -> None:
    """Ours, =, theirs."""
    with pytest.raises(Trouble, match="maps no column"):
        names([part])
