"""A whole installation, by its commands alone: the demo, questions, own actions, the end."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli import installation as made
from cli.main import main
from local.platform import VARIABLES
from streams.settings import Settings
from tests.streams.harness import produce, read_committed

ORDERS = 60
PARTITIONS = Settings.model_fields["partitions"].default


class Installation:
    """One folder, and the commands on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command in this process; what it printed, when it ended as it should."""
        ended, printed = self._ran(*words)
        assert ended == code, f"{words}: {printed}"
        return printed

    def json(self, *words: str) -> Any:
        """What a command prints with --json, whatever its exit code."""
        return json.loads(self._ran(*words, "--json")[1])

    def _ran(self, *words: str) -> tuple[int, str]:
        printed = io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(printed),
            redirect_stderr(printed),
        ):
            for variable in VARIABLES.values():
                patch.delenv(variable, raising=False)
            patch.setenv("MEMBERSTREAM_DATA", str(self.folder))
            patch.setattr(sys, "argv", ["memberstream", *words])
            with pytest.raises(SystemExit) as ended:
                main()
        return int(ended.value.code or 0), printed.getvalue()

    def processes(self) -> dict[str, dict[str, Any]]:
        """Name → what status tells of each process."""
        return {part["name"]: part for part in self.json("status")["processes"]}

    def pids(self) -> dict[str, int]:
        """Name → pid of everything that runs."""
        return {name: part["pid"] for name, part in self.processes().items() if part["pid"]}


def run_demo(folder: Path, figures: Path) -> None:
    """In a process of its own, without a terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES.values()}
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--orders", str(ORDERS), "--json", str(figures)],
        env=kept | {"MEMBERSTREAM_DATA": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, dict[str, Any]]]:
    """A short demo that was left up, and its figures."""
    folder = tmp_path_factory.mktemp("demo")
    installation = Installation(folder / "data")
    try:
        run_demo(installation.folder, folder / "figures.json")
        yield installation, json.loads((folder / "figures.json").read_text())
    finally:
        installation.run("down", "--erase")


def test_the_demo_comes_to_its_figures(demo: tuple[Installation, dict[str, Any]]) -> None:
    """All actions told, the ledger's sum zero, every view at the end, the auditor content."""
    _, figures = demo
    assert figures["actions"] > 5 * ORDERS
    assert figures["actions_per_second"] > 0
    assert figures["ledger_sum"] == 0
    assert figures["dead_letters"] == 0
    assert figures["auditor_differences"] == 0
    assert set(figures["lag_records"]) >= {"postgres", "boards", "balances", "stock"}
    assert not any(figures["lag_records"].values())


def test_the_truth_lies_beside_the_data(demo: tuple[Installation, dict[str, Any]]) -> None:
    """And is compared with the alerts; in the first orders of all nobody misbehaves yet."""
    installation, figures = demo
    assert json.loads((installation.folder / "truth.json").read_text()) == []
    assert figures["risk"]["members"] > 0
    assert {scheme["incidents"] for scheme in figures["risk"]["schemes"].values()} == {0}


def test_status_tells_everything(demo: tuple[Installation, dict[str, Any]]) -> None:
    """Processes, lag of every stage and view, ledger, dead letters, versions."""
    installation, _ = demo
    found = installation.json("status")
    assert found["running"]
    states = {part["name"]: part["state"] for part in found["processes"]}
    assert states.keys() == {
        *("kafka", "postgres", "valkey", "supervisor"),
        *("worker-0", "worker-1", "sink-postgres", "sink-redis"),
    }
    assert set(states.values()) <= {"running", "working"}
    assert found["stages"].keys() == {"members", "products", "searches", "tokens", "training"}
    assert all(behind["records"] == 0 for behind in found["stages"].values())
    assert found["ledger_sum"] == 0
    assert found["troubles"] == []
    assert all(found["versions"].values())


def test_to_start_again_changes_nothing(demo: tuple[Installation, dict[str, Any]]) -> None:
    """`up` on what is up: the same processes, and no real clock beside the replay's."""
    installation, _ = demo
    before = installation.pids()
    assert "run already" in installation.run("up")
    assert installation.pids() == before


def test_views_answer(demo: tuple[Installation, dict[str, Any]]) -> None:
    """A real member of the board has a ledger that sums to zero, entries that say why, and orders."""
    installation, _ = demo
    first = installation.json("board", "all")["standings"][0]
    member = first["member_id"]
    around = installation.json("board", "all", "--member", member)["standings"]
    assert around[0] == first
    balance = installation.json("ledger", "balance", member)["balance"]
    own = ("pending", "active", "held", "withheld", "debt")
    accounts = (*own, "issued", "redeemed", "expired", "adjusted")
    assert sum(balance[name] for name in accounts) == 0
    entries = installation.json("ledger", "entries", member)
    assert entries[0]["active"] == balance["active"]
    before = installation.json("ledger", "at", member, "2010-11-30")
    assert all(before[name] == 0 for name in accounts)
    ordered = installation.json("orders", member)["orders"]
    product = ordered[0]["items"][0]["product_id"]
    assert installation.json("stock", product)["product_id"] == product
    assert len(installation.json("hot", "products")) == 10
    assert installation.json("rules", "list")[0]["rule_id"] == "standard"
    assert f"{PARTITIONS} " in installation.run("topics", "list")
    assert "Everything holds." in installation.run("audit")


def test_what_is_unknown_is_said(demo: tuple[Installation, dict[str, Any]]) -> None:
    """Exit code 1, and where to look."""
    installation, _ = demo
    assert "no ledger of 'nobody'" in installation.run("ledger", "balance", "nobody", code=1)
    assert "no board 'season:1999-Q1'" in installation.run("board", "season:1999-Q1", code=1)
    letter = "actions.members/0/99999999"
    assert "list shows them" in installation.run("dead-letters", "show", letter, code=1)


def test_own_actions_and_their_dead_letters(
    demo: tuple[Installation, dict[str, Any]], tmp_path: Path
) -> None:
    """What is taken says what followed; a dead letter is corrected, sent again, and twice is once."""
    installation, _ = demo
    line = {"type": "PurchaseMade", "member_id": "m-1", "order_id": "o-1", "currency": "GBP"}
    line["lines"] = [{"line_number": 1, "product_id": "lamp", "quantity": 1, "amount_minor": 500}]
    file = tmp_path / "actions.jsonl"
    file.write_text(json.dumps(line | {"occurred_at": "2030-01-01"}))
    assert "IN_THE_FUTURE" in installation.run("emit", str(file), code=1)
    letter = _eventually(lambda: installation.json("dead-letters", "list"))[0]
    source = letter["source"]
    shown = json.loads(installation.run("dead-letters", "show", source, "--json"))
    again = installation.run("dead-letters", "replay", source, code=1)
    assert "sent again and was not taken: IN_THE_FUTURE" in again
    fixed = tmp_path / "fixed.json"
    fixed.write_text(json.dumps(shown | {"occurred_at": "now"}))
    words = ("dead-letters", "replay", source, "--file", str(fixed))
    taken = installation.run(*words)
    assert "taken. What followed: " in taken
    assert "OrderPlaced" in taken
    assert "PointsPending" in taken
    first = _eventually(lambda: installation.json("orders", "m-1")["orders"])
    assert "it had been taken before" in installation.run(*words)
    assert installation.json("orders", "m-1")["orders"] == first


def test_an_operator_hides_a_product(
    demo: tuple[Installation, dict[str, Any]], tmp_path: Path
) -> None:
    """Out of lists that were said before, at once, and back in."""
    installation, _ = demo
    file = tmp_path / "actions.jsonl"
    hot = installation.json("hot", "products")[0]["item"]
    look = {"type": "ProductBrowsed", "member_id": "m-looks", "product_id": hot}
    file.write_text(json.dumps(look | {"occurred_at": "now"}))
    assert "CandidatesChanged" in installation.run("emit", str(file))

    def offered() -> list[str]:
        found = installation.json("candidates", "member", "m-looks")
        return [one["product_id"] for one in found["candidates"]]

    before = _eventually(offered)
    for hidden in (True, False):
        word = {"type": "ProductHidden", "product_id": before[0], "hidden": hidden}
        file.write_text(json.dumps(word | {"occurred_at": "now"}))
        assert "AvailabilityChanged" in installation.run("emit", str(file))
        expected = before[1:] if hidden else before
        assert _eventually(lambda wanted=expected: offered() == wanted)


def test_a_long_dead_letter_is_sent_again_whole(
    demo: tuple[Installation, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter keeps 256 KiB of it; what comes into the log again is all of it."""
    installation, _ = demo
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    kafka = made.Installation.of(installation.folder).settings().kafka
    value = b"\xff" * 300_000
    produce(kafka, "actions.members", [(b"m-1", value)])
    words = ("dead-letters", "list", "--problem", "UNREADABLE")
    source = _eventually(lambda: installation.json(*words))[0]["source"]
    assert "the whole lies in the log" in installation.run("dead-letters", "show", source)
    again = installation.run("dead-letters", "replay", source, code=1)
    assert "sent again and was not taken: UNREADABLE" in again
    sent = [m.value() for m in read_committed(kafka, "actions.members", PARTITIONS)]
    assert [data for data in sent if data and len(data) > 100_000] == [value, value]


def test_rules_are_set_in_the_installations_time(
    demo: tuple[Installation, dict[str, Any]], tmp_path: Path
) -> None:
    """The next version; what breaks a rule's own rules is refused with the reasons."""
    installation, _ = demo
    now = installation.json("rules", "list")
    file = tmp_path / "rule.json"
    file.write_text(json.dumps(now[0]["rule"] | {"cap_per_order": 100}))
    assert "RuleAccepted" in installation.run("rules", "set", str(file), "--by", "operator-2")
    after = _eventually(
        lambda: [r for r in installation.json("rules", "list") if r["changed_by"] == "operator-2"]
    )
    assert (after[0]["version"], after[0]["rule"]["cap_per_order"]) == (len(now) + 1, 100)


def test_risk_rules_are_set_snoozed_and_retired(
    demo: tuple[Installation, dict[str, Any]], tmp_path: Path
) -> None:
    """Each a version of its own, kept by the workers; what they would refuse is said before it is sent."""
    installation, _ = demo
    rules = ("risk", "rules")
    first = {rule["rule_id"]: rule for rule in installation.json(*rules, "list")["rules"]}
    assert "score-block" in first
    file = tmp_path / "rule.json"
    shown = installation.json(*rules, "show", "score-hold")
    file.write_text(json.dumps(shown | {"expression": "score >= 750", "shadow": True}))
    assert "RiskRuleAccepted" in installation.run(*rules, "set", "score-hold", str(file))
    assert "score-hold" in _eventually(lambda: _versions(installation, "score-hold", 2))
    now = installation.json(*rules, "list")["rules"]
    assert [r["rule"]["shadow"] for r in now if r["rule_id"] == "score-hold"] == [True]
    assert "RiskRuleAccepted" in installation.run(*rules, "snooze", "score-block", "2011-02-01")
    assert "snoozed until 2011-02-01" in _eventually(
        lambda: _versions(installation, "score-block", 2)
    )
    assert "RiskRuleAccepted" in installation.run(*rules, "retire", "points-rush")
    assert "retired" in _eventually(lambda: _versions(installation, "points-rush", 2))
    left = {rule["rule_id"] for rule in installation.json(*rules, "list")["rules"]}
    assert left == first.keys() - {"points-rush"}
    file.write_text(json.dumps(shown | {"expression": "scor >= 750"}))
    refused = installation.run(*rules, "set", "score-hold", str(file), code=2)
    assert "did you mean score?" in refused
    tried = installation.json(*rules, "dry-run", "card-testing", "--last", "20")
    assert (tried["payments"], tried["verdict"]) == (20, "HOLD")
    asked = installation.json(*rules, "dry-run", "coupon-rush", "--actions", "3000")
    assert asked["kind"] == "PROMOTION"
    assert 0 < asked["actions"] <= 3000
    assert f"All {len(first)} are there" in installation.run(*rules, "first")


def test_a_campaign_is_set_up_and_ended(demo: tuple[Installation, dict[str, Any]]) -> None:
    """A segment that is not there is named; the same again is the same, another of its id is refused."""
    installation, _ = demo
    start = ("campaigns", "start", "spring", "--segment", "nobody", "--at", "2011-03-01")
    said = installation.run(*start)
    assert "CampaignAccepted" in said
    assert "no segment nobody yet" in said
    assert "CampaignRefused" in installation.run(*start, "--holdout", "0.5", code=1)
    _eventually(lambda: "spring" in installation.run("campaigns", "list"))
    assert "Nothing to compare yet" in installation.run("campaigns", "show", "spring")
    assert "CampaignAccepted" in installation.run("campaigns", "end", "spring")
    assert "no campaign 'autumn'" in installation.run("campaigns", "show", "autumn", code=1)


def _versions(installation: Installation, rule_id: str, version: int) -> str | None:
    """The list, once it knows this version."""
    found = installation.json("risk", "rules", "list", "--all")["rules"]
    known = [r for r in found if (r["rule_id"], r["version"]) == (rule_id, version)]
    return installation.run("risk", "rules", "list", "--all") if known else None


def test_an_alert_from_the_payment_to_the_judgement(
    demo: tuple[Installation, dict[str, Any]], tmp_path: Path
) -> None:
    """Many payments fail, one goes through: it is held, shown with its reasons, and judged."""
    installation, _ = demo
    opened = _tested_cards(installation, tmp_path, "tester")
    alert_id = opened["alert_id"]
    assert (opened["kind"], opened["verdict"]) == ("PAYMENT", "HOLD")
    shown = installation.run("alerts", "show", alert_id)
    assert "rule:card-testing" in shown
    assert "recomputed: same" in shown
    judge = ("alerts", "judge", alert_id, "cleared", "--by", "ada")
    assert "1 AlertClosed" in installation.run(*judge)
    ended = ("alerts", "list", "--member", "tester", "--state", "ended")
    found = _eventually(lambda: installation.json(*ended))
    assert [(one["state"], one["analyst"]) for one in found] == [("CLEARED", "ada")]
    wrong = ("alerts", "judge", alert_id, "confirmed", "--member", "m-1")
    assert "This member has no alert" in installation.run(*wrong, code=1)


def _tested_cards(installation: Installation, folder: Path, member: str) -> dict[str, Any]:
    """The alert of a member who tries one card after the other until one goes through."""
    who = {"member_id": member, "occurred_at": "now", "currency": "GBP"}
    tried = [
        {"type": "PaymentFailed", **who, "payment_id": f"{member}-{n}", "amount_minor": 100,
         "card": f"{member}-card-{n}"}
        for n in range(5)
    ]  # fmt: skip
    paid = {"type": "PaymentCaptured", **who, "payment_id": f"{member}-paid", "amount_minor": 9_000}
    file = folder / f"{member}.jsonl"
    file.write_text("\n".join(map(json.dumps, [*tried, paid | {"card": f"{member}-card-9"}])))
    assert "1 AlertOpened" in installation.run("emit", str(file))
    (found,) = _eventually(lambda: installation.json("alerts", "list", "--member", member))
    return dict(found)


def test_what_a_wrong_rule_stopped_is_let_go(
    demo: tuple[Installation, dict[str, Any]], tmp_path: Path
) -> None:
    """All undecided alerts of one rule at once, after they were shown; those of others stay."""
    installation, _ = demo
    opened = _tested_cards(installation, tmp_path, "wronged")
    shown = installation.run("alerts", "clear", "card-testing")
    assert "wronged" in shown
    assert "--yes clears them" in shown
    undecided = len(installation.json("alerts", "list"))
    said = installation.run("alerts", "clear", "card-testing", "--yes", "--by", "ada")
    cleared = int(re.search(r"(\d+) AlertClosed", said)[1])  # type: ignore[index]
    ended = ("alerts", "list", "--member", "wronged", "--state", "ended")
    found = _eventually(lambda: installation.json(*ended))
    assert [(one["alert_id"], one["state"]) for one in found] == [(opened["alert_id"], "CLEARED")]
    assert len(installation.json("alerts", "list")) <= undecided - cleared
    again = installation.run("alerts", "clear", "card-testing")
    assert "No undecided alert rests on card-testing alone." in again


@pytest.mark.parametrize("view", ["postgres", "redis"])
def test_views_are_rebuilt(demo: tuple[Installation, dict[str, Any]], view: str) -> None:
    """The same answers from the new version."""
    installation, _ = demo
    before = installation.json("board", "all"), installation.json("rules", "list")
    assert "is read now" in installation.run("views", "rebuild", view)
    assert (installation.json("board", "all"), installation.json("rules", "list")) == before


def test_a_crash_is_seen_and_mended(demo: tuple[Installation, dict[str, Any]]) -> None:
    """A killed worker comes back, and status counts it."""
    installation, _ = demo
    pid = installation.pids()["worker-1"]
    os.kill(pid, signal.SIGKILL)

    def came_back() -> bool:
        worker = installation.processes()["worker-1"]
        return worker["pid"] != pid and (worker["state"], worker["restarts"]) == ("working", 1)

    assert _eventually(came_back)


def test_down_leaves_no_process(demo: tuple[Installation, dict[str, Any]]) -> None:
    """Also what a killed supervisor left; twice is fine; the last test of this installation."""
    installation, _ = demo
    pids = installation.pids()
    os.kill(pids["supervisor"], signal.SIGKILL)
    assert "Nothing runs any more." in installation.run("down")
    left = [name for name, pid in pids.items() if _lives(pid)]
    assert left == []
    installation.run("down")
    assert installation.folder.exists()


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _eventually(ask: Any, seconds: float = 60) -> Any:
    """Views follow within a moment: ask until there is an answer."""
    until = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < until:
        time.sleep(0.2)
    assert found
    return found
