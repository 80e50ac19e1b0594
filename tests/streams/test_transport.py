"""When a fetch leaves: as soon as it is asked for, and not for ever later when nobody asks."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from streams.transport import HELD_SECONDS, Gate


class Fetcher:
    """What the gate sees of aiokafka's fetcher: one node that could be asked for records at any time."""

    def __init__(self) -> None:
        self._wait_consume_future = asyncio.get_running_loop().create_future()

    def _get_actions_per_node(self, _assignment: Any) -> tuple[list[str], dict[str, str], float]:
        return ["a fetch"], {"node": "a reset"}, 10.0

    @staticmethod
    def _notify(future: asyncio.Future[None]) -> None:
        future.set_result(None)


def test_a_fetch_waits_until_it_is_asked_for() -> None:
    """Other work of the fetcher goes on meanwhile, and it looks again by itself before the time is up."""

    async def fetching() -> None:
        fetcher, gate = Fetcher(), Gate()
        gate.guard(fetcher)
        assert fetcher._get_actions_per_node(None) == (["a fetch"], {"node": "a reset"}, 10.0)
        gate.close()
        fetches, resets, timeout = fetcher._get_actions_per_node(None)
        assert (fetches, resets) == ([], {"node": "a reset"})
        assert 0 < timeout <= HELD_SECONDS
        await asyncio.to_thread(gate.open)
        await asyncio.wait_for(fetcher._wait_consume_future, 5)  # it looks at once
        assert fetcher._get_actions_per_node(None)[0] == ["a fetch"]

    asyncio.run(fetching())


def test_a_fetch_that_nobody_asks_for_leaves_after_all() -> None:
    """What a rebalance dropped makes no pass, and so nobody would ask again."""

    async def fetching() -> None:
        fetcher, gate = Fetcher(), Gate()
        gate.guard(fetcher)
        gate.guard(fetcher)  # a drain later: it is guarded once
        gate.close()
        closed_at = time.monotonic()
        while not fetcher._get_actions_per_node(None)[0]:
            await asyncio.sleep(0.01)
        assert time.monotonic() - closed_at >= HELD_SECONDS * 0.9

    asyncio.run(fetching())
