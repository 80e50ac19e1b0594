"""The contract test finds what is wrong with a consumer, and nothing wrong with the example."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from conformance import consumer
from conformance.broker import murmur2
from conformance.contract import EXAMPLE, run, told
from streams import identity

SOURCE = Path(consumer.__file__).read_text(encoding="utf-8")


@pytest.fixture
def mutant(tmp_path: Path) -> Path:
    return tmp_path / "consumer.py"


def command(path: Path) -> str:
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))}"


def test_the_example_keeps_every_rule(kafka: str) -> None:
    """Its answers too; and no topic is left behind."""
    findings = run(kafka, EXAMPLE, f"{EXAMPLE} judge")
    assert [one for one in findings if not one.kept] == []
    assert len(findings) > 18
    assert list(told(findings))[-1] == f"{len(findings)} of {len(findings)} rules were kept."
    left = AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=10).topics
    assert not [name for name in left if name.startswith("conformance-")]


@pytest.mark.parametrize(
    ("taken", "given", "broken"),
    [
        pytest.param(
            "read_committed", "read_uncommitted", ["aborted", "It reads committed"], id="aborted"
        ),
        pytest.param(' or record["event_id"] in self._seen', "", ["It acts once"], id="repeats"),
        pytest.param("say(skipped=str(error))", "raise", ["unreadable"], id="dies"),
        pytest.param(
            "consumer.commit(asynchronous=False)", "pass", ["Started again"], id="forgets"
        ),
        pytest.param('record["end"] if', '"CONFIRMED" if', ["cleared", "expired"], id="ends"),
        pytest.param('evidence["base"] + sum', "sum", ["Its own computing"], id="scores"),
    ],
)
def test_a_consumer_that_breaks_a_rule_is_found_out(
    kafka: str, mutant: Path, taken: str, given: str, broken: list[str]
) -> None:
    """The example with one thing taken out: the control that must fail."""
    assert SOURCE.count(taken) == 1
    mutant.write_text(SOURCE.replace(taken, given), encoding="utf-8")
    findings = run(kafka, command(mutant), patience_seconds=10)
    seen = [one.rule for one in findings if not one.kept]
    for words in broken:
        assert any(rule.startswith(words) for rule in seen), seen


def test_an_answer_in_the_wrong_place_is_found_out(kafka: str, mutant: Path) -> None:
    """librdkafka's own partitioner puts keys elsewhere."""
    line = '"partitioner": "murmur2_random",'
    assert SOURCE.count(line) == 1
    mutant.write_text(SOURCE.replace(line, '"partitioner": "consistent_random",'), encoding="utf-8")
    (answer,) = [
        one for one in run(kafka, EXAMPLE, f"{command(mutant)} judge") if "answers" in one.rule
    ]
    assert not answer.kept
    assert "murmur2" in answer.seen


def test_murmur2_is_the_emitters() -> None:
    """Two tellings of one hash."""
    for key in (b"", b"m", b"member-1", "für".encode(), bytes(range(37))):
        assert murmur2(key) == identity.murmur2(key)
