"""The commands about alerts, on a log and tables of the test's own: what is listed, shown, tailed, judged."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest
from msgspec import structs

from cli.main import main
from local.platform import Addresses
from schemas import codec, topics
from schemas.record import Outcome
from schemas.risk import AlertBudgetChanged, AlertJudged, AlertOpened, Judgement, Verdict
from sinks.settings import Settings
from streams.identity import partition_of
from streams.settings import read_settings
from streams.topics import all_topics, create_topics
from tests.agents.risk.alerts_told import Desk, alert_of, budget, judged, scored
from tests.sinks.log import Log
from tests.sinks.postgres_harness import follow
from tests.streams.harness import read_committed

PARTITIONS = 3
STORY = (
    scored("p", 0, order="o1"),
    scored("q", 1, Verdict.HOLD, 900),
    judged("p", 2, Judgement.CLEARED, analyst="bob"),
    scored("r", 3, Verdict.BLOCK, 990),
    scored("s", 4, member="n"),
)
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def told(platform: Addresses) -> Iterator[Settings]:
    """The story in a log and in tables; no worker runs."""
    prefix, schema = "alerts-told.", "alerts_told"
    streams = read_settings(kafka=platform.kafka, topic_prefix=prefix, partitions=PARTITIONS)
    create_topics(streams.kafka, all_topics(streams))
    log, desk = Log(platform.kafka, prefix), Desk(budget(2))
    for number, one in enumerate(desk.hear(*STORY)):
        log.write(topics.ALERTS, [identified(one, number)], partition_of(one.key, PARTITIONS))
    settings = Settings(
        kafka=platform.kafka,
        postgres=platform.postgres,
        topic_prefix=prefix,
        postgres_schema=schema,
    )
    follow(settings)
    yield settings
    with psycopg.connect(platform.postgres, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE; DROP SCHEMA {schema}_v1 CASCADE")


def identified(outcome: Outcome, number: int) -> Outcome:
    """As the shell fills it in."""
    return structs.replace(outcome, event_id=f"{number}", caused_by=f"c{number}")  # type: ignore[call-arg]


@pytest.fixture
def run(
    platform: Addresses,
    told: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """A command's exit code and what it printed; the environment names the installation."""
    given = {
        "MEMBERSTREAM_KAFKA": told.kafka,
        "MEMBERSTREAM_POSTGRES": told.postgres,
        "MEMBERSTREAM_REDIS": platform.redis,
        "MEMBERSTREAM_TOPIC_PREFIX": told.topic_prefix,
        "MEMBERSTREAM_POSTGRES_SCHEMA": told.postgres_schema,
        "MEMBERSTREAM_PARTITIONS": str(PARTITIONS),
    }
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)

    def ran(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["memberstream", "alerts", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return ran


def sent(settings: Settings, kind: type) -> list[tuple[int, bytes | None, object]]:
    """Partition, key and record of what was emitted."""
    topic = settings.topic_prefix + topics.actions("members")
    found = [
        (message.partition() or 0, message.key(), codec.decode(message.value()))
        for message in read_committed(settings.kafka, topic, PARTITIONS)
    ]
    return [one for one in found if isinstance(one[2], kind)]


def test_list_and_show(run: Run) -> None:
    """A queue by strictness with reasons; one alert with contributions and its score computed again."""
    code, printed = run("list")
    assert code == 0
    assert alert_of("r") in printed
    assert "+990 too much" in printed
    assert "1 CLEARED, 1 OPEN, 1 SUPPRESSED" in printed
    assert alert_of("p") not in printed
    assert alert_of("s", member="n") in run("list", "--state", "suppressed")[1]
    printed = run("list", "--state", "all")[1]
    assert printed.index(alert_of("r")) < printed.index(alert_of("p"))
    listed = json.loads(run("list", "--state", "ended", "--json")[1])
    assert [(one["alert_id"], one["analyst"]) for one in listed] == [(alert_of("p"), "bob")]
    assert run("list", "--kind", "nonsense")[0] == 2
    code, printed = run("show", alert_of("p"))
    assert code == 0
    assert printed.count("recomputed: same") == 2
    assert "CLEARED by bob: seen" in printed
    assert "o1" in printed
    shown = json.loads(run("show", alert_of("p"), "--json")[1])
    assert shown["score_follows"] == {"p": True, "q": True}
    code, printed = run("show", "al-0")
    assert code == 1
    assert "There is no alert 'al-0'." in printed


def test_tail(run: Run) -> None:
    """From the start, a line each; as JSON what the schema says."""
    code, printed = run("tail", "--from-start", "--limit", "5")
    assert code == 0
    words = sorted(line.split()[2] for line in printed.splitlines())
    assert words == ["CLEARED", "OPENED", "OPENED", "SUPPRESSED", "UPDATED"]
    lines = run("tail", "--from-start", "--limit", "5", "--json")[1].splitlines()
    opened = [one for one in map(json.loads, lines) if one["type"] == AlertOpened.__name__]
    assert {one["evidence"]["score"] for one in opened} == {700, 990}


def test_judge_and_budget_are_actions(run: Run, told: Settings) -> None:
    """With the member as the key, where every producer of ours would put it; budgets go everywhere."""
    code, printed = run(
        "judge", alert_of("r"), "confirmed", "--by", "ada", "--reason", "stolen card"
    )
    assert code == 0
    assert "Sent." in printed
    ((partition, key, action),) = sent(told, AlertJudged)
    assert isinstance(action, AlertJudged)
    assert (partition, key) == (partition_of("m", PARTITIONS), b"m")
    assert (action.alert_id, action.judgement) == (alert_of("r"), Judgement.CONFIRMED)
    assert (action.analyst, action.reason) == ("ada", "stolen card")
    assert run("judge", "al-0", "cleared")[0] == 1
    assert run("budget", "payment", "7")[0] == 0
    budgets = [one for _, _, one in sent(told, AlertBudgetChanged)]
    assert [one.alerts_a_day for one in budgets if isinstance(one, AlertBudgetChanged)] == [7, 7, 7]


@pytest.mark.parametrize("wrong", [("--reason", "x" * 600), ("--by", "")])
def test_what_an_analyst_cannot_say_is_told(
    run: Run, told: Settings, wrong: tuple[str, str]
) -> None:
    """Which limit was broken, and nothing is sent."""
    before = sent(told, AlertJudged)
    code, printed = run("judge", alert_of("r"), "confirmed", *wrong)
    assert code == 2
    assert "Nothing was sent." in printed
    assert ("reason" if wrong[0] == "--reason" else "analyst") in printed
    assert sent(told, AlertJudged) == before


def test_a_score_that_does_not_follow_is_found_out(run: Run, told: Settings) -> None:
    """Exit code 1, and it is said where."""
    forged = structs.replace(scored("f", 9, score=640, member="forged"), base=1.5)
    (opened,) = Desk().hear(forged)
    log = Log(told.kafka, told.topic_prefix)
    log.write(topics.ALERTS, [identified(opened, 99)], partition_of("forged", PARTITIONS))  # type: ignore[arg-type]
    follow(told)
    code, printed = run("show", alert_of("f", member="forged"))
    assert code == 1
    assert "recomputed: NOT the same" in printed


def test_a_consumer_is_tried(run: Run) -> None:
    """One that prints nothing reaches no state, and is said to; one that is not there is a mistake."""
    code, printed = run("conformance", "--consumer", "true")
    assert code == 1
    assert "BROKEN  opened" in printed
    assert "OPEN was to be printed, and nothing was" in printed
    assert "kept    It reads committed records only." in printed
    code, printed = run("conformance", "--consumer", "/nowhere/consumer --fast")
    assert code == 2
    assert "No such file or directory: /nowhere/consumer" in printed
