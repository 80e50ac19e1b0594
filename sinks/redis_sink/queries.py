"""What can be asked of the views in Redis. Each question is one call, which also looks up the filling
that is read, so that an answer is of one moment, also while a rebuild switches over.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Struct
from redis import Redis

from sinks.redis_sink import keys
from sinks.redis_sink.views import DIGITS, VIEWS, inverted
from sinks.source import Place

# What the half-lives' names mean, in milliseconds.
HALF_LIVES_MS: Final = {"hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
LARGEST_EXPONENT = 1023.0
NAMES_MOST = 100_000


class Standing(NamedTuple):
    """A member on a board; ranks count from 1, equals are told apart by who got there first."""

    rank: int
    member_id: str
    points: int
    reached_at: int


class Hot(NamedTuple):
    """A product or a search and its weight at the moment asked for."""

    item: str
    weight: float


class AsOf(NamedTuple):
    """How far a view has come in a partition; times in milliseconds, 0: nothing heard yet."""

    view: str
    place: Place
    position: int
    occurred_at: int
    recorded_at: int


class LiveScore(NamedTuple):
    """The newest score of a kind of abuse, 0 to 1000, and what it was about."""

    kind: str
    score: int
    verdict: str
    subject_id: str
    occurred_at: int


class OpenAlert(Struct, frozen=True):
    """An alert that waits for a judgement; times in milliseconds."""

    alert_id: str
    kind: str
    score: int
    verdict: str
    count: int
    first_seen_at: int
    last_seen_at: int
    expires_at: int
    summary: str


class Offered(Struct, frozen=True):
    """A candidate: why it is offered, and its chance to be touched next."""

    product_id: str
    source: str
    reason_product_id: str | None
    score: float


class Candidates(Struct, frozen=True):
    """A member's list as of a moment (milliseconds); `degraded` or not `personal`: what all touch."""

    candidates: list[Offered]
    personal: bool
    degraded: bool
    version: int
    occurred_at: int


class Neighbours(Struct, frozen=True):
    """What stands beside a product, as of a moment (milliseconds)."""

    together: list[str]
    similar: list[str]
    occurred_at: int


class RedisQueries:
    """Reads through the pointer. `root` as `keys.root(settings)`; the client decodes its answers."""

    def __init__(self, client: Redis, root: str) -> None:
        """`client` as `connection.connect(url, decoded=True)`."""
        self._root = root
        self._row = client.register_script(keys.script("read", "row"))
        self._list = client.register_script(keys.script("read", "offered"))
        self._top = client.register_script(keys.script("read", "top"))
        self._among = client.register_script(keys.script("read", "among"))
        self._members = client.register_script(keys.script("read", "members"))
        self._around = client.register_script(keys.script("read", "around"))

    def boards(self) -> list[str]:
        """Names of all boards that are kept, the newest of each kind first."""
        found: list[str] = self._top(args=[self._root, "boards", "", NAMES_MOST])
        return found[::2]

    def board_top(self, board: str, k: int = 10, *, final: bool = False) -> list[Standing]:
        """The first k; `final`: as the board was closed, before corrections; empty if it is not."""
        flat = self._top(args=[self._root, _board(final), board, k]) if k > 0 else []
        return _standings(flat, 0)

    def board_rank(self, board: str, member_id: str, *, final: bool = False) -> Standing | None:
        """The member's own standing, or none: no points there."""
        found = self.board_neighbours(board, member_id, 0, final=final)
        return found[0] if found else None

    def board_neighbours(
        self, board: str, member_id: str, n: int = 2, *, final: bool = False
    ) -> list[Standing]:
        """The member with up to n above and n below; empty when the member has no points there."""
        found = self._around(args=[self._root, _board(final), board, member_id, n])
        return _standings(found[1:], int(found[0])) if found else []

    def board_friends(self, board: str, member_id: str, *, final: bool = False) -> list[Standing]:
        """The member and the member's friends who are on the board, with their ranks among all."""
        flat = self._among(args=[self._root, _board(final), board, member_id])
        found = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        standings = (
            one
            for rank, element, points in found
            for one in _standings([element, points], int(rank))
        )
        return sorted(standings, key=lambda one: one.rank)

    def board_state(self, board: str) -> dict[str, str]:
        """How far its closing is (see `board-state` in docs/keyspace.md); empty: no word of it yet."""
        return self._fields("state", board)

    def hot(
        self, kind: Literal["products", "searches"], half_life: str, k: int, at: int
    ) -> list[Hot]:
        """The k hottest and their weights at the moment `at` (milliseconds).

        Weights are sums of 2^((t - at) / half-life) over touches at t. Raises `KeyError` for a
        half-life that there is not.
        """
        moment = at / HALF_LIVES_MS[half_life]
        flat = self._top(args=[self._root, "hot", f"{kind}:{half_life}", k]) if k > 0 else []
        return [
            Hot(item, math.exp2(min(float(log2_weight) - moment, LARGEST_EXPONENT)))
            for item, log2_weight in zip(flat[::2], flat[1::2], strict=True)
        ]

    def balance(self, member_id: str) -> dict[str, int] | None:
        """pending, active, held, debt and `occurred_at` of the newest entry; none without one."""
        return _numbers(self._fields("balances", member_id))

    def stock(self, product_id: str) -> dict[str, int] | None:
        """on_hand, reserved, available and `occurred_at` of the newest movement; none without one."""
        return _numbers(self._fields("stock", product_id))

    def live_scores(self, member_id: str) -> list[LiveScore]:
        """The member's newest score of each kind, the highest first."""
        fields = self._fields("risk", member_id)
        kinds = [name.removesuffix(":score") for name in fields if name.endswith(":score")]
        found = [
            LiveScore(
                kind,
                int(fields[f"{kind}:score"]),
                fields[f"{kind}:verdict"],
                fields[f"{kind}:subject_id"],
                int(fields[f"{kind}:occurred_at"]),
            )
            for kind in kinds
        ]
        return sorted(found, key=lambda one: (-one.score, one.kind))

    def tier(self, member_id: str) -> dict[str, str]:
        """The fields of `tier` in docs/keyspace.md; empty when nothing was said of the member."""
        return self._fields("tiers", member_id)

    def open_alerts(self, member_id: str) -> list[OpenAlert]:
        """The member's open alerts that are on show, the highest score first."""
        texts = self._fields("alerts", member_id).values()
        found = [msgspec.json.decode(text, type=OpenAlert) for text in texts]
        return sorted(found, key=lambda one: (-one.score, one.alert_id))

    def segments_of(self, member_id: str) -> dict[str, int]:
        """The segments that a member is in, and since when (milliseconds)."""
        found = self._fields("segments_of", member_id)
        return {segment_id: int(since) for segment_id, since in found.items()}

    def segment_members(self, segment_id: str) -> set[str]:
        """Who is in a segment; all of them at once, so not for large ones at every page."""
        return set(self._members(args=[self._root, "segment", segment_id]))

    def candidates(self, member_id: str) -> Candidates | None:
        """The member's list, less what cannot be offered now; none when nothing was said yet."""
        fields, gone = self._offered("candidates", member_id, "candidates")
        if not fields:
            return None
        listed = msgspec.json.decode(fields["candidates"], type=list[Offered])
        return Candidates(
            [one for one in listed if one.product_id not in gone],
            fields["personal"] == "1",
            fields["degraded"] == "1",
            int(fields["version"]),
            int(fields["occurred_at"]),
        )

    def neighbours(self, product_id: str) -> Neighbours | None:
        """What a product's page shows beside it, less what cannot be offered now; none: not touched yet."""
        fields, gone = self._offered("neighbours", product_id, "together", "similar")
        if not fields:
            return None
        together, similar = (
            [one for one in msgspec.json.decode(fields[name], type=list[str]) if one not in gone]
            for name in ("together", "similar")
        )
        return Neighbours(together, similar, int(fields["occurred_at"]))

    def unavailable(self) -> set[str]:
        """Products that are hidden or sold out; all of them at once, so not for every page."""
        return set(self._members(args=[self._root, "unavailable", ""]))

    def as_of(self) -> list[AsOf]:
        """How far each view has come in each partition."""
        return [
            AsOf(
                view.name,
                Place(view.topic, number),
                int(fields.get(f"{number}:position", 0)),
                int(fields.get(f"{number}:occurred_at", 0)),
                int(fields.get(f"{number}:recorded_at", 0)),
            )
            for view in VIEWS
            for fields in [self._fields("cursor", view.name)]
            for number in range(int(fields.get("partitions", 0)))
        ]

    def _offered(self, family: str, name: str, *lists: str) -> tuple[dict[str, str], set[str]]:
        """A hash, and the products of these lists in it that cannot be offered."""
        flat, gone = self._list(args=[self._root, family, name, *lists])
        return dict(zip(flat[::2], flat[1::2], strict=True)), set(gone)

    def _fields(self, family: str, name: str) -> dict[str, str]:
        flat: list[str] = self._row(args=[self._root, family, name])
        return dict(zip(flat[::2], flat[1::2], strict=True))


def _board(final: bool) -> str:
    return "final" if final else "board"


def _standings(flat: list[Any], first: int) -> list[Standing]:
    """Elements and scores in turn; `first` is the first one's rank from 0."""
    return [
        Standing(
            rank,
            element[DIGITS + 1 :],
            int(float(points)),
            int(inverted(int(element[:DIGITS]))),
        )
        for rank, (element, points) in enumerate(
            zip(flat[::2], flat[1::2], strict=True), start=first + 1
        )
    ]


def _numbers(fields: dict[str, str]) -> dict[str, int] | None:
    values = {name: int(value) for name, value in fields.items() if name != "event_id"}
    return values or None
