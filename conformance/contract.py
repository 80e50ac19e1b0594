"""The contract test of the topic `alerts`: any consumer is given the golden records and watched.

    python -m conformance.contract --kafka localhost:9092 --consumer "java -jar team.jar" --judge "./judge"

The consumer finds a topic of its own by MEMBERSTREAM_KAFKA and MEMBERSTREAM_TOPIC_PREFIX, its schemas in
MEMBERSTREAM_SCHEMAS, a name for its group in MEMBERSTREAM_CONSUMER_GROUP, and prints a line of JSON for
each event that it acts on: event_id, alert_id, state; score, verdict, count, recomputed if it likes.
It is stopped by SIGTERM, and started once more. Nothing here knows how it is made.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_reader
from fastavro.schema import fingerprint, to_parsing_canonical_form

from conformance.broker import LINGER_SECONDS, PARTITIONS, Fields, murmur2, read, topics, write

HERE = Path(__file__).parent
GOLDEN = HERE / "golden.json"
SCHEMAS = HERE.parent / "schemas" / "avsc"
EXAMPLE = f"{shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'consumer.py'))}"
PATIENCE_SECONDS = 30.0
STOP_SECONDS = 15.0
TOLD = ("score", "verdict", "count")  # compared where a consumer prints them


class Finding(NamedTuple):
    """A rule of the contract, whether it was kept, and what was seen where it was not."""

    rule: str
    kept: bool
    seen: str = ""


def run(
    kafka: str, consumer: str, judge: str = "", *, patience_seconds: float = PATIENCE_SECONDS
) -> list[Finding]:
    """Every rule with what was found. Raises `KafkaException` when Kafka is away, `OSError` for a
    command that cannot be started.
    """
    cases = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
    prefix = f"conformance-{uuid.uuid4().hex[:8]}."
    with topics(kafka, [f"{prefix}alerts", f"{prefix}actions.members"]):
        trial = Trial(kafka, prefix, consumer, patience_seconds)
        findings = trial.run(cases)
        if judge:
            findings.append(trial.judged(judge))
    return findings


class Trial:
    """One consumer on a topic of its own."""

    def __init__(self, kafka: str, prefix: str, command: str, patience_seconds: float) -> None:
        self._kafka = kafka
        self._prefix = prefix
        self._command = shlex.split(command)
        self._patience = patience_seconds
        self._environment = os.environ | {
            "MEMBERSTREAM_KAFKA": kafka,
            "MEMBERSTREAM_TOPIC_PREFIX": prefix,
            "MEMBERSTREAM_SCHEMAS": str(SCHEMAS),
            "MEMBERSTREAM_CONSUMER_GROUP": f"{prefix}team",
        }

    def run(self, cases: Sequence[Fields]) -> list[Finding]:
        """The first cases, a restart, and the last."""
        *before, last = cases
        write(self._kafka, f"{self._prefix}alerts", before)
        first, ended = self._watch(before)
        write(self._kafka, f"{self._prefix}alerts", [last])
        second, ended_again = self._watch([last])
        said = first + second
        return [
            *(_ends(case, said) for case in before),
            *_behaves(cases, said),
            Finding("It ends by itself when it is told to (SIGTERM), with 0.", not (ended or ended_again),
                    f"exit code {ended or ended_again}"),
            _goes_on(last, second),
        ]  # fmt: skip

    def _watch(self, cases: Sequence[Fields]) -> tuple[list[Fields], int]:
        """Run the consumer until it came to every state and a little longer; its lines and exit code."""
        lines: queue.Queue[str] = queue.Queue()
        said: list[Fields] = []
        with subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, text=True
        ) as process:
            reader = threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True)
            reader.start()
            _until(lambda: _done(cases, _drain(lines, said)), process, self._patience)
            _until(lambda: _drain(lines, said) is None, process, LINGER_SECONDS)
            ended = _stopped(process)
            reader.join(STOP_SECONDS)
        _drain(lines, said)
        return said, ended

    def judged(self, command: str) -> Finding:
        """Whether an answer lies where all that people cause lies, under its member's key."""
        rule = "It answers by an AlertJudged on actions.members, key member_id, murmur2."
        given = ["al-1", "member-judged", "CONFIRMED", "analyst-1", "why: ü"]
        ran = subprocess.run(
            [*shlex.split(command), *given],
            env=self._environment,
            timeout=self._patience,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            return Finding(rule, False, f"exit code {ran.returncode}: {ran.stderr.strip()}")
        found = read(self._kafka, f"{self._prefix}actions.members")
        if len(found) != 1:
            return Finding(rule, False, f"{len(found)} records")
        return Finding(rule, *_right_answer(*found[0], given))


# ---- what is judged --------------------------------------------------------------------------------


def _ends(case: Fields, said: Sequence[Fields]) -> Finding:
    """The last line of each alert says its state."""
    last = {line.get("alert_id"): line for line in said}
    wrong = [
        f"{wanted['alert_id']}: {_seen(wanted, last.get(wanted['alert_id']))}"
        for wanted in case["expected"]
        if not _same(wanted, last.get(wanted["alert_id"]))
    ]
    return Finding(f"{case['name']}: {case['rule']}", not wrong, "; ".join(wrong))


def _same(wanted: Fields, line: Fields | None) -> bool:
    if line is None or line.get("state") != wanted["state"]:
        return False
    return all(line[name] == wanted[name] for name in TOLD if name in line)


def _seen(wanted: Fields, line: Fields | None) -> str:
    if line is None:
        return f"{wanted['state']} was to be printed, and nothing was"
    told = {name: line[name] for name in ("state", *TOLD) if name in line}
    return (
        f"{wanted['state']} {[wanted[name] for name in TOLD]} was to be printed, and it was {told}"
    )


def _behaves(cases: Sequence[Fields], said: Sequence[Fields]) -> Iterator[Finding]:
    """Rules over all that was printed."""
    times = Counter(line["event_id"] for line in said if "event_id" in line)
    twice = [event_id for event_id, count in times.items() if count > 1]
    yield Finding("It acts once on an event, however often it comes.", not twice, f"twice: {twice}")
    never = {
        record["reads"]["event_id"]
        for case in cases
        for record in case["records"]
        if record.get("aborted")
    }
    seen = sorted(never & times.keys())
    yield Finding("It reads committed records only.", not seen, f"aborted ones: {seen}")
    again = [line for line in said if "recomputed" in line]
    if again:
        wrong = [line for line in again if line["recomputed"] != line["scored"]]
        yield Finding("Its own computing of scores agrees.", not wrong, f"{wrong[:3]}")


def _goes_on(last: Fields, said: Sequence[Fields]) -> Finding:
    """After a restart only what is new."""
    new = {record["reads"]["event_id"] for record in last["records"]}
    old = [line["event_id"] for line in said if "event_id" in line and line["event_id"] not in new]
    found = _ends(last, said)
    seen = f"acted again on {old}" if old else found.seen
    return Finding("Started again it goes on where it stopped.", found.kept and not old, seen)


def _done(cases: Sequence[Fields], said: Sequence[Fields] | None) -> bool:
    return all(_ends(case, said or []).kept for case in cases)


def _right_answer(
    partition: int, key: bytes | None, value: bytes | None, given: Sequence[str]
) -> tuple[bool, str]:
    if key != given[1].encode():
        return False, f"its key is {key!r}, not the member_id in UTF-8"
    wanted = murmur2(key) % PARTITIONS
    if partition != wanted:
        return False, f"it lies in partition {partition}; murmur2 says {wanted}"
    schema = json.loads((SCHEMAS / "AlertJudged.avsc").read_text(encoding="utf-8"))
    head = b"\xc3\x01" + bytes.fromhex(
        fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    )
    if value is None or not value.startswith(head):
        return False, f"it begins with {(value or b'')[:10].hex()}, not with {head.hex()}"
    found: Any = schemaless_reader(BytesIO(value[10:]), parse_schema(schema), None)
    told = [found[n] for n in ("alert_id", "member_id", "judgement", "analyst", "reason")]
    if told != list(given) or not found["event_id"]:
        return False, f"it says {found}"
    return True, ""


# ---- the consumer's lines --------------------------------------------------------------------------


def _pump(stream: Any, lines: queue.Queue[str]) -> None:
    for line in stream:
        lines.put(line)


def _drain(lines: queue.Queue[str], said: list[Fields]) -> list[Fields]:
    """What was printed so far; lines that are no JSON object are passed over."""
    while not lines.empty():
        try:
            found = json.loads(lines.get())
        except json.JSONDecodeError:
            continue
        if isinstance(found, dict):
            said.append(found)
    return said


def _stopped(process: subprocess.Popen[str]) -> int:
    """Tell it to end; its exit code, or -1 when it had to be killed."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return -1


def _until(done: Callable[[], bool], process: subprocess.Popen[str], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not done() and time.monotonic() < ends and process.poll() is None:
        time.sleep(0.05)


# ---- the command -----------------------------------------------------------------------------------


def told(findings: Sequence[Finding]) -> Iterator[str]:
    """A line each, and a last one."""
    for one in findings:
        yield f"{'kept  ' if one.kept else 'BROKEN'}  {one.rule}"
        if not one.kept:
            yield f"        {one.seen}"
    broken = sum(not one.kept for one in findings)
    yield f"{len(findings) - broken} of {len(findings)} rules were kept."


def main() -> None:
    """Exit code 1 when a rule was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--kafka", required=True, help="bootstrap servers; two topics are made and deleted"
    )
    parser.add_argument("--consumer", default=EXAMPLE, help="the command; default: the example")
    parser.add_argument(
        "--judge", default="", help="a command that answers: ALERT MEMBER CONFIRMED WHO WHY"
    )
    given = parser.parse_args()
    findings = run(given.kafka, given.consumer, given.judge)
    for line in told(findings):
        print(line)
    sys.exit(any(not one.kept for one in findings))


if __name__ == "__main__":
    main()
