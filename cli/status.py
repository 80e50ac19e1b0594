"""What `memberstream status` tells: processes, lag by stage and view, the ledger, dead letters."""

from __future__ import annotations

import platform as machine
from collections.abc import Mapping
from importlib.metadata import version
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import redis
from confluent_kafka import KafkaException
from msgspec import Struct

from cli.installation import Installation
from cli.lag import Lag, Log, Positions
from cli.supervised import Supervised
from cli.supervisor import ProcessState
from cli.trouble import Trouble, explained
from local import kafka
from local.process import PlatformError
from sinks.ending import Refused
from sinks.postgres import queries
from sinks.redis_sink import keys
from sinks.redis_sink.connection import connect
from sinks.redis_sink.queries import RedisQueries
from sinks.source import Place
from streams.ending import Refused as TopicRefused

LOOK_SECONDS = 1.0
AWAY = (
    Trouble,
    PlatformError,
    KafkaException,
    psycopg.Error,
    redis.RedisError,
    Refused,
    TopicRefused,
)


class Part(Struct, frozen=True):
    """A process: of the platform, or one that the supervisor keeps running."""

    name: str
    pid: int | None
    state: str  # working, starting, stuck, running, stopped, ended <exit code>
    restarts: int = 0


class Behind(Struct, frozen=True):
    """How far something is behind the log."""

    records: int
    seconds: float


class Status(Struct, kw_only=True):
    """Everything; what could not be asked is none, and `troubles` says why."""

    folder: str
    running: bool = False  # every process that is to run does
    processes: list[Part]
    stages: dict[str, Behind] = {}
    views: dict[str, Behind] = {}
    ledger_sum: int | None = None
    dead_letters: int | None = None
    dead_letters_by_problem: dict[str, int] = {}
    versions: dict[str, str | None]
    troubles: list[str] = []


def status(installation: Installation) -> Status:
    """Ask all parts; one that does not answer is told, and does not hide the others."""
    found = Status(
        folder=str(installation.folder), processes=processes(installation), versions=versions()
    )
    found.running = bool(found.processes) and all(
        part.state in ("working", "running") for part in found.processes
    )
    for ask in (_ask_kafka, _ask_postgres, _ask_redis):
        try:
            ask(installation, found)
        except AWAY as error:
            found.troubles.append(_told(error))
    found.troubles = list(dict.fromkeys(found.troubles))
    return found


def _told(error: Exception) -> str:
    trouble = explained(error)
    return f"{trouble.fact} {trouble.detail}".strip() if trouble else str(error)


def processes(installation: Installation) -> list[Part]:
    """The platform's, the supervisor, and what it keeps running."""
    parts: list[Part] = []
    if installation.embedded and (installation.folder / "platform").exists():
        for part in installation.platform.parts:
            parts.append(_server(part.server.name, part.server.process))
    supervised = Supervised(installation.folder)
    if states := supervised.states():
        parts.append(_server(supervised.server.name, supervised.server.process))
        parts += [_part(state) for state in states]
    return parts


def _server(name: str, process: object | None) -> Part:
    pid = getattr(process, "pid", None)
    return Part(name, pid, "stopped" if pid is None else "running")


def _part(state: ProcessState) -> Part:
    if not state.running:
        ended = "stopped" if not state.exit_code else f"ended {state.exit_code}"
        return Part(state.name, None, ended, state.restarts)
    return Part(state.name, state.pid, _health(state.http_port), state.restarts)


def _health(port: int) -> str:
    """Alive is not working: a worker says itself whether it gets done what it has to do."""
    if not port:
        return "running"
    try:
        with urlopen(f"http://127.0.0.1:{port}/working", timeout=LOOK_SECONDS) as answer:
            return "working" if answer.status == 200 else "stuck"
    except URLError as error:
        return "stuck" if getattr(error, "code", None) == 503 else "starting"
    except (TimeoutError, ConnectionError):
        return "stuck"


def versions() -> dict[str, str | None]:
    """Of ourselves and of what we stand on; Postgres and Valkey are asked when they answer."""
    return {
        "memberstream": version("memberstream"),
        "python": machine.python_version(),
        "faust": version("faust-streaming"),
        "kafka": None,
        "postgres": None,
        "valkey": None,
    }


def _ask_kafka(installation: Installation, found: Status) -> None:
    log = Log(installation.settings())
    found.stages = {
        stage: _behind(log.lag(positions, ends))
        for stage, (positions, ends) in log.stages().items()
    }
    # The protocol does not tell a broker's version; of the embedded one it is known.
    found.versions["kafka"] = kafka.VERSION if installation.embedded else "not told by the broker"


def _ask_postgres(installation: Installation, found: Status) -> None:
    with queries.open_views(installation.views_in("postgres")) as views:
        found.versions["postgres"] = views.execute("SHOW server_version").fetchall()[0][0]
        found.ledger_sum = queries.ledger_sum(views)
        found.dead_letters_by_problem = queries.dead_letter_counts(views)
        found.dead_letters = sum(found.dead_letters_by_problem.values())
        positions = queries.positions(views)
    found.views |= _view_lags(installation, {"postgres": positions})


def _ask_redis(installation: Installation, found: Status) -> None:
    settings = installation.views_in("redis")
    with connect(settings.redis, decoded=True) as client:
        server = client.info("server")
        found.versions["valkey"] = server.get("valkey_version") or server.get("redis_version")
        positions = redis_positions(RedisQueries(client, keys.root(settings)))
    found.views |= _view_lags(installation, positions)


def redis_positions(asked: RedisQueries) -> dict[str, dict[Place, int]]:
    """View → how far it has come in each partition."""
    found: dict[str, dict[Place, int]] = {}
    for one in asked.as_of():
        found.setdefault(one.view, {})[one.place] = one.position
    return found


def _view_lags(installation: Installation, positions: Mapping[str, Positions]) -> dict[str, Behind]:
    log = Log(installation.settings())
    every = {place for found in positions.values() for place in found}
    ends = log.ends(every)
    return {
        view: _behind(log.lag(found, {place: ends[place] for place in found}))
        for view, found in positions.items()
    }


def _behind(lag: Lag) -> Behind:
    return Behind(lag.records, round(lag.seconds, 3))
