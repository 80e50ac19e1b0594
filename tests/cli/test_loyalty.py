"""The commands about loyalty, tiers and friends, on a log and tables of the test's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator

import psycopg
import pytest
from msgspec import structs

from agents.loyalty import models
from agents.loyalty.scoring import LOYALTY
from cli.main import main
from local.platform import Addresses
from schemas import topics
from schemas.friends import FriendshipStarted, ReferralQualified, ReferralRole
from schemas.outcomes import OrderPlaced
from schemas.record import Outcome
from schemas.tiers import TierRuleAccepted
from sinks.postgres.views import wanted
from sinks.settings import Settings
from streams.identity import partition_of
from tests.agents.loyalty.purchases_told import START, day
from tests.agents.rows import Life
from tests.agents.test_tiers import YEARLY, back, bought
from tests.agents.test_tiers import member as in_programme
from tests.sinks.log import Log
from tests.sinks.postgres_harness import follow

PARTITIONS = 2
BOUGHT = {"late": [0, 20, 41, 60], "in time": [1, 41, 82, 122], "once": [3]}
Run = Callable[..., tuple[int, str]]


def loyal() -> Iterator[Outcome]:
    """What the agent says of those members by day 130."""
    for member_id, days in BOUGHT.items():
        life = Life(LOYALTY, {models.NAME: models.Published()})
        for number, at in enumerate(days):
            order = OrderPlaced(
                member_id=member_id,
                occurred_at=day(at),
                order_id=f"{number}",
                currency="GBP",
                lines=[],
                total_minor=1_000,
            )
            life.hear(order)
        life.wait(member_id, START + 130 * 86_400_000)
        yield from life.said


def tiered() -> Iterator[Outcome]:
    """The programme, and a member who comes to gold and loses it by a return."""
    yield TierRuleAccepted(occurred_at=0, version=1, changed_by="olga", effective_at=0, rule=YEARLY)
    life = in_programme(YEARLY)
    life.hear(bought("a", 1, 350), back("a", 2, 100))
    yield from life.said


def befriended() -> Iterable[Outcome]:
    friend = {"member_id": "m", "occurred_at": day(1), "friend_id": "ann", "invitation_id": "i"}
    yield FriendshipStarted(**friend)
    yield ReferralQualified(
        **friend,
        role=ReferralRole.INVITER,
        order_id="o-ann",
        rule_id="standard",
        rule_version=1,
        points=500,
    )


@pytest.fixture(scope="module")
def told(platform: Addresses) -> Iterator[Settings]:
    """All of it in a log and in tables; no worker runs."""
    schema = "loyalty_told"
    log = Log(platform.kafka, "loyalty-told.").create(*wanted(), partitions=PARTITIONS)
    said = [
        structs.replace(one, event_id=f"{number}", caused_by=f"c{number}")  # type: ignore[call-arg]
        for number, one in enumerate([*loyal(), *tiered(), *befriended()])
    ]
    for partition in range(PARTITIONS):
        here = [one for one in said if partition_of(one.key, PARTITIONS) == partition]
        log.write(topics.outcomes("members"), here, partition)
    settings = Settings(
        kafka=platform.kafka,
        postgres=platform.postgres,
        topic_prefix=log.prefix,
        postgres_schema=schema,
    )
    follow(settings)
    yield settings
    with psycopg.connect(platform.postgres, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE; DROP SCHEMA {schema}_v1 CASCADE")


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
    }
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)

    def ran(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["memberstream", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return ran


def test_loyalty_of_a_member(run: Run) -> None:
    """As last said; none of who bought nothing."""
    code, printed = run("loyalty", "member", "late", "--json")
    found = json.loads(printed)
    assert (code, found["repeat_purchases"], found["interval_days"]) == (0, 3, 20.0)
    assert 0 < found["probability"] < 1
    assert "interval days" in run("loyalty", "member", "late")[1]
    code, printed = run("loyalty", "member", "nobody")
    assert (code, "There is no buyer 'nobody'" in printed) == (1, True)


def test_cohorts(run: Run) -> None:
    """One month, three members, two of whom came back."""
    (found,) = json.loads(run("loyalty", "cohorts", "--json")[1])
    assert (found["members"], round(found["repeat_rate"], 2)) == (3, 0.67)
    assert "66.7%" in run("loyalty", "cohorts")[1]


def test_drifting(run: Run) -> None:
    """Who is later than is usual for them, and nobody else."""
    found = json.loads(run("loyalty", "drifting", "--json")[1])
    assert [one["member_id"] for one in found] == ["late"]
    assert "in time" not in run("loyalty", "drifting")[1]


def test_tiers(run: Run) -> None:
    """Sizes, a member's tier with each change and its reason, and the programme."""
    (gold, silver) = (
        next(
            (one for one in json.loads(run("tiers", "list", "--json")[1]) if one["tier"] == tier),
            {},
        )
        for tier in ("gold", "silver")
    )
    assert (gold["members"], gold["raised"]) == (0, 1)
    assert (silver["members"], silver["lowered"], silver["qualifying_points"]) == (1, 1, 250.0)
    code, printed = run("tiers", "show", "m")
    assert code == 0
    assert "missing to gold" in printed
    assert printed.index("RETURNED") < printed.index("QUALIFIED") < printed.index("JOINED")
    assert "gold 300 (150 %)" in run("tiers", "rules")[1]
    assert run("tiers", "show", "nobody")[0] == 1


def test_friends(run: Run) -> None:
    """Whose friend, and what the invitation earned."""
    (found,) = json.loads(run("friends", "list", "m", "--json")[1])
    assert (found["friend_id"], found["invitation_id"]) == ("ann", "i")
    printed = run("friends", "referrals", "m")[1]
    assert "INVITER" in printed
    assert "500" in printed
    assert "no friends here" in run("friends", "list", "nobody")[1]
