"""The main job as processes on a platform of its own: under fire, through outages, fed with rubbish.

One job lives through all of it, in this order, and after each part the auditor finds no difference;
in the end rows are spoiled on purpose, and it finds exactly those.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import psycopg
import pytest
import redis
from psycopg.rows import dict_row

from audit.auditor import OUTCOMES, Audit
from audit.log import Entry, Log
from benchmarks import refilled
from benchmarks.chaos import own_platform, rage
from benchmarks.fleet import Fire, eventually
from benchmarks.processes import Processes
from benchmarks.shop_hours import DAY, ShopHours
from local.platform import Platform
from schemas.actions import PurchaseLine, PurchaseMade, StockReceived
from schemas.codec import encode
from schemas.dead_letters import DeadLetterProblem as Problem

FIRE_SECONDS = 20.0
TRIED = {  # else the fire shows little: it must catch all of this under way
    "OrderPlaced", "OrderStateChanged", "ReturnAccepted", "PointsPending", "PointsEarned",
    "PointsCapped", "PointsExpired", "PointsReversed", "PointsHeld", "PointsSpent", "RewardRedeemed",
    "RedemptionRefused", "ScoreChanged", "BoardPartitionClosed", "StockChanged", "ProductHeated",
    "TermHeated", "FraudScored", "AlertOpened", "SegmentEntered", "MemberTargeted",
    "PersonaChanged", "LoyaltyScored", "TierProgressed", "CandidatesChanged", "NeighboursChanged",
    "FriendshipStarted", "FriendshipDissolved", "PointsWithheld", "PointsReleased", "AlertClosed",
}  # fmt: skip


@dataclass
class Life:
    """The job, its platform, and what it is told."""

    platform: Platform
    job: Processes
    told: ShopHours

    def hours(self, count: int = 6) -> None:
        """Some hours of the shop."""
        for _ in range(count):
            self.told.hour(16)

    def audit(self) -> Audit:
        """What the auditor finds when all has caught up."""
        return self.job.audit(tend=self.job.fleet.tend)

    def right(self) -> None:
        """Everything that was told is taken, and the auditor has nothing to say."""
        audit = self.audit()
        assert audit.differences == []
        assert audit.ledger_sum == 0
        assert audit.actions == len(self.told.event_ids)


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with own_platform(session_seconds=3.0) as (platform, job):
        made = Life(platform, job, ShopHours(job.addresses.kafka, members=60))
        made.told.open()
        made.hours(80)  # there is something to return, to spend and to expire when the fire begins
        job.fleet.tend()
        assert eventually(lambda: "postgres_opened" in job.sinks[0].said(), 60)
        yield made


def test_fire(life: Life) -> None:
    """Workers and sinks killed and stopped at random: nothing missing, nothing doubled, views right."""
    fire = Fire(seed=2, least_seconds=1.5, most_seconds=3.0, stop_seconds=4.5)
    found = rage(life.job, life.told, fire, FIRE_SECONDS)
    assert {blow.signal for blow in found.blows} == {signal.SIGKILL, signal.SIGSTOP}
    assert found.audit.differences == []
    assert found.right, found.figures()
    assert found.audit.dead_letters >= life.told.sent["bad"] > 0
    assert found.audit.repeats >= life.told.sent["repeats"] > 0
    assert {entry.name for entry in outcomes(life)} >= TRIED


def test_outages(life: Life) -> None:
    """Kafka stopped and started, Postgres stopped while actions come: nothing is lost."""
    life.hours()
    life.platform.kafka.stop()
    life.job.fleet.tend()
    life.platform.kafka.start()
    life.hours()
    life.platform.postgres.stop()
    life.hours()
    life.job.fleet.tend()
    life.platform.postgres.start()
    life.right()


def test_a_flushed_valkey_is_filled_again_and_rebuilt_by_one_command(life: Life) -> None:
    """The sink notices by itself; `views rebuild` makes all of it anew beside what is read."""
    with redis.Redis.from_url(life.job.addresses.redis) as client:
        client.flushall()
        life.hours(2)
        life.right()
        client.flushall()
        life.job.command("views", "rebuild", "redis")
        assert client.dbsize() > 100
    life.right()


def test_views_that_lived_through_it_are_those_that_a_rebuild_makes(life: Life) -> None:
    """Every table and every key, also those that the auditor does not know."""
    assert refilled.differences(life.job) == []


# ---- bad input ------------------------------------------------------------------------------------


class Bad(NamedTuple):
    """A record that cannot be taken: what is wrong with it, its key, its bytes."""

    problem: Problem
    key: bytes | None
    value: bytes | None


def bad_records(at: int) -> Iterator[Bad]:
    """One of each, at a moment of the shop."""
    good = purchase("bad-1", at)
    data = encode(good)
    line = msgspec.structs.replace(good.lines[0], quantity=-3)
    yield Bad(Problem.UNREADABLE, b"ann", b"\xff" * 64)
    yield Bad(Problem.UNREADABLE, b"ann", data[:-9])
    yield Bad(Problem.UNKNOWN_SCHEMA, b"ann", data[:2] + bytes(8) + data[10:])
    yield Bad(Problem.OVERSIZE, b"ann", bytes(600_000))
    yield Bad(Problem.INVALID, b"ann", encode(msgspec.structs.replace(good, lines=[line])))
    yield Bad(Problem.WRONG_TOPIC, b"cup", encode(stock("bad-2", at)))
    yield Bad(Problem.WRONG_KEY, b"bob", data)
    yield Bad(Problem.IN_THE_FUTURE, b"ann", encode(purchase("bad-3", at + 30 * DAY)))
    yield Bad(Problem.TOO_OLD, b"ann", encode(purchase("bad-4", at - 500 * DAY)))


def purchase(name: str, at: int, **fields: Any) -> PurchaseMade:
    """A purchase of ann's."""
    line = PurchaseLine(line_number=1, product_id="product-1", quantity=1, amount_minor=900)
    values: dict[str, Any] = {"currency": "GBP", "lines": [line]} | fields
    return PurchaseMade(
        event_id=name, member_id="ann", occurred_at=at, order_id=f"order-{name}", **values
    )


def stock(name: str, at: int) -> StockReceived:
    """One piece more."""
    return StockReceived(event_id=name, product_id="cup", occurred_at=at, quantity=1)


def test_bad_input_stops_nothing_and_is_told_to_people(life: Life) -> None:
    """Each is a dead letter with a sentence, or a refusal by name; put right, it is taken."""
    life.told.hour(0)
    at = life.told.at
    sent = list(bad_records(at))
    before = dead_letters(life)
    for bad in sent:
        life.told.produce("members", bad.key, bad.value)
    foreign = purchase("foreign", at, currency="JPY")
    again = purchase("again", at)
    life.told.tell(foreign, *[again] * 10)
    other = purchase("again", at, postage_minor=7)
    life.told.produce("members", b"ann", encode(other))
    life.right()

    found = [letter for letter in dead_letters(life) if letter not in before]
    assert Counter(letter["problem"] for letter in found) == Counter(
        [*(bad.problem.value for bad in sent), Problem.CONFLICTS.value]
    )
    assert all(letter["detail"].endswith(".") for letter in found)
    said = {(e.name, e.fields.get("order_id")): e.fields for e in outcomes(life, "ann")}
    assert said["EarningRefused", foreign.order_id]["reason"] == "NO_RATE_FOR_CURRENCY"
    assert len([e for e in outcomes(life, "ann") if e.name == "OrderPlaced"]) == 2

    wrong_key = next(letter for letter in found if letter["problem"] == "WRONG_KEY")
    life.job.command("dead-letters", "replay", wrong_key["source"])
    assert "OrderPlaced" in {
        e.name for e in outcomes(life, "ann") if e.fields.get("order_id") == "order-bad-1"
    }
    life.told.event_ids.add("bad-1")


def dead_letters(life: Life) -> list[dict[str, Any]]:
    """All that the view shows."""
    with psycopg.connect(life.job.addresses.postgres, row_factory=dict_row) as connection:
        return connection.execute(
            "SELECT source, problem, detail FROM memberstream.dead_letters"
        ).fetchall()


def outcomes(life: Life, member: str = "") -> list[Entry]:
    """All that was said in the log, or all of a member."""
    log = Log(life.job.addresses.kafka)
    said = log.read(log.ends(OUTCOMES))
    return [entry for entry in said if not member or entry.fields.get("member_id") == member]


# ---- the control ----------------------------------------------------------------------------------


def test_the_auditor_finds_what_is_spoiled(life: Life) -> None:
    """One row in Postgres and one element in Redis of each kind: each is a difference, and no more."""
    life.right()
    addresses = life.job.addresses
    with psycopg.connect(addresses.postgres, autocommit=True) as connection:
        for statement in SPOILED_ROWS:
            changed = connection.execute(statement).rowcount
            assert changed == 1, statement
    with redis.Redis.from_url(addresses.redis, decode_responses=True) as client:
        spoil_keys(client)
    found = life.audit()
    for place in SPOILED_PLACES:
        assert any(place in sentence for sentence in found.differences), place
    assert found.view_differences == len(found.differences) >= len(SPOILED_PLACES)
    assert not found.right


SPOILED_ROWS = (
    "UPDATE memberstream.balances SET active = active + 1 WHERE member_id = 'ann'",
    "DELETE FROM memberstream.orders WHERE order_id = 'order-again'",
    "UPDATE memberstream.stock SET on_hand = on_hand - 1 WHERE product_id = 'product-1'",
    "UPDATE memberstream.board_scores SET points = points + 1 WHERE member_id = 'ann' AND board = 'all'",
)
SPOILED_PLACES = (
    "Postgres balances ann",
    "Postgres orders ann/order-again",
    "Postgres stock product-1",
    "Postgres board_scores ann/all",
    "Redis board_scores",
    "Redis balances ann",
    "Redis stock product-1",
)


def spoil_keys(client: Any) -> None:
    """Two members of a board change places in time; a balance and a stock are one off."""
    root = f"ms:{client.get('ms:current')}:"
    board = f"{root}board:all"
    element, points = client.zrevrange(board, 0, 0, withscores=True)[0]
    client.zrem(board, element)
    digits, _, member = element.partition(":")
    client.zadd(board, {f"{int(digits) - 1:015d}:{member}": points})
    client.hincrby(f"{root}balance:ann", "active", 1)
    client.hincrby(f"{root}stock:product-1", "reserved", 1)
