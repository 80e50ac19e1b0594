"""What Redis shows: boards with their order, balances, stock, by the documented names of its keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from redis import Redis

from audit.boards import Score
from audit.books import Tables
from audit.log import Cut
from audit.stock import Pieces

NAME = "Redis"
LATEST = 999_999_999_999_999  # an element begins with LATEST - reached_at, in as many digits
DIGITS = 15
AT_ONCE = 1_000
TOPIC_OF = {
    "boards": "outcomes.members",
    "balances": "outcomes.members",
    "stock": "outcomes.products",
    "alerts": "alerts",
}
SHOWN = ("board:", "board-final:")
BESIDE = ("board-hidden:", "board-final-hidden:")  # where the scores of who is hidden are kept
BALANCE = ("pending", "active", "held", "withheld", "debt")


class Valkey:
    """The keys of one installation."""

    name = NAME

    def __init__(self, url: str, root: str = "ms:") -> None:
        """`root`: what every key begins with, the topics' prefix included."""
        self._client: Any = Redis.from_url(url, decode_responses=True)
        self._root = root
        self._hidden: set[str] = set()
        self._found: dict[str, dict[tuple[str, str], Score]] = {}

    def cursors(self) -> list[Cut]:
        """How far each view has come, by topic and partition; one that is lost has come nowhere."""
        found: list[Cut] = []
        for view, topic in TOPIC_OF.items():
            fields = self._client.hgetall(self._key(f"cursor:{view}"))
            places = (name for name in fields if name.endswith(":position"))
            come = {(topic, int(n.partition(":")[0])): int(fields[n]) for n in places}
            # Without a cursor its topic is named all the same: no other one is waited for.
            found.append(come or {(topic, 0): 0})
        return found

    def tables(self) -> Tables:
        """Boards, closed boards, balances, stock, tiers and open alerts, by key."""
        self._hidden = self._read_hidden()
        self._found = {family: dict(self._scores(family)) for family in (*SHOWN, *BESIDE)}
        return {
            "board_scores": self._found["board:"] | self._found["board-hidden:"],
            "closed_ranks": self._found["board-final:"] | self._found["board-final-hidden:"],
            "hidden": {(member,): True for member in self._hidden},
            "balances": {
                (member,): {account: int(row.get(account, 0)) for account in BALANCE}
                for member, row in self._rows("balance:")
            },
            "stock": {
                (product,): Pieces(int(row["on_hand"]), int(row["reserved"]))
                for product, row in self._rows("stock:")
            },
            "tiers": {
                (member,): (row["tier"], int(row["qualifying_points"]))
                for member, row in self._rows("tier:")
            },
            "open_alerts": {
                (member, alert_id): (shown["score"], shown["count"])
                for member, row in self._rows("alerts:")
                for alert_id, text in row.items()
                for shown in [json.loads(text)]
            },
        }

    def kept(self, board: str) -> bool:
        """False for a board that was dropped for its age."""
        kind = board.partition(":")[0]
        horizon = self._client.hget(self._key("boards-horizon"), kind)
        return horizon is None or board > str(horizon)

    def contradictions(self) -> list[str]:
        """Elements that their members do not lead to, members who are hidden and shown, or neither."""
        return [
            f"Redis {board}: {member} has an element that board-elements does not name"
            for board in sorted({*self._names("board:"), *self._names("board-hidden:")})
            for member in self._strays(board)
        ] + list(self._wrongly_shown())

    def _wrongly_shown(self) -> Iterator[str]:
        """Of the tables as they were read; whoever was hidden or shown since is not judged."""
        moved = self._hidden ^ self._read_hidden()
        for family, scores in self._found.items():
            for member, board in scores:
                wrong = (member in self._hidden) != (family in BESIDE)
                if wrong and member not in moved:
                    yield f"Redis {family}{board}: {member} is not to be there"

    def _read_hidden(self) -> set[str]:
        found: set[str] = self._client.smembers(self._key("members-hidden"))
        return found

    def _strays(self, board: str) -> set[str]:
        named = self._client.hgetall(self._key(f"board-elements:{board}"))
        elements = [
            element
            for family in ("board:", "board-hidden:")
            for element in self._client.zrange(self._key(family + board), 0, -1)
        ]
        found = {(element[DIGITS + 1 :], element[:DIGITS]) for element in elements}
        return {member for member, _ in found ^ set(named.items())}

    def _scores(self, family: str) -> Iterator[tuple[tuple[str, str], Score]]:
        for board in self._names(family):
            flat = self._client.zrange(self._key(family + board), 0, -1, withscores=True)
            for element, points in flat:
                reached_at = LATEST - int(element[:DIGITS])
                yield (element[DIGITS + 1 :], board), Score(int(points), reached_at)

    def _rows(self, family: str) -> Iterator[tuple[str, dict[str, str]]]:
        names = list(self._names(family))
        for first in range(0, len(names), AT_ONCE):
            chunk = names[first : first + AT_ONCE]
            pipeline = self._client.pipeline(transaction=False)
            for name in chunk:
                pipeline.hgetall(self._key(family + name))
            yield from zip(chunk, pipeline.execute(), strict=True)

    def _names(self, family: str) -> Iterable[str]:
        start = self._key(family)
        pattern = "".join(f"\\{one}" if one in "*?[]\\^" else one for one in start) + "*"
        found = {
            name[len(start) :] for name in self._client.scan_iter(match=pattern, count=AT_ONCE)
        }
        return sorted(found)

    def _key(self, name: str) -> str:
        filling = self._client.get(f"{self._root}current") or "v1"
        return f"{self._root}{filling}:{name}"
