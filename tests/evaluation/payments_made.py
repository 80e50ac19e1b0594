"""Made payments with two kinds of fraud, seeded: thieves who pay many times the usual, and bad terminals."""

from __future__ import annotations

from random import Random
from typing import Any

import pyarrow as pa

START = 1_522_540_800_000
DAY = 86_400_000
COMPROMISED_DAYS = 14


def made(
    days: int, *, members: int = 60, terminals: int = 40, seed: int = 1
) -> dict[str, list[Any]]:
    """Columns as of a file. Each day brings a bad terminal, for two weeks, and a robbed member, for one."""
    random = Random(seed)
    means = [random.uniform(5, 100) for _ in range(members)]
    bad: dict[int, int] = {}
    robbed: dict[int, int] = {}
    rows: list[tuple[int, int, int, float, int]] = []
    for day in range(days):
        if day % 3 == 0:
            bad[random.randrange(terminals)] = day + COMPROMISED_DAYS
        robbed[random.randrange(members)] = day + 7
        for member, mean in enumerate(means):
            for _ in range(random.randint(0, 4)):
                terminal = random.randrange(terminals)
                amount, fraud = max(1.0, random.gauss(mean, mean / 3)), 0
                if bad.get(terminal, -1) > day:
                    fraud = 1
                if robbed.get(member, -1) > day and random.random() < 0.3:
                    amount, fraud = amount * 6, 1
                at = START + day * DAY + random.randrange(DAY)
                rows.append((at, member, terminal, round(amount, 2), fraud))
    rows.sort()
    return {
        "event_id": [f"e{number}" for number in range(len(rows))],
        "member_id": [f"m{row[1]}" for row in rows],
        "occurred_at": [row[0] for row in rows],
        "terminal_id": [f"t{row[2]}" for row in rows],
        "amount": [row[3] for row in rows],
        "label": [row[4] for row in rows],
    }


def table(columns: dict[str, list[Any]]) -> pa.Table:
    """The same as a table, moments as moments."""
    moments = pa.array(columns["occurred_at"], pa.timestamp("ms"))
    return pa.table(columns | {"occurred_at": moments})
