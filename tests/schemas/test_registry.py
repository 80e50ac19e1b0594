"""The Confluent wire form, with a registry that speaks HTTP: ids are learnt once, and never guessed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas.actions import PurchaseMade
from schemas.codec import Problem, Unreadable, decode, encode, encode_confluent
from schemas.dead_letters import DeadLetterProblem
from schemas.emitter import Emitter
from schemas.registry import OPTIONS, ConfluentRegistry, RegistryFailed
from schemas.samples import sample
from streams.app import stage_specs
from streams.identity import partition_of
from streams.settings import SettingsRefused, read_settings
from streams.simulate import Simulation
from streams.work import StageBehaviour
from tests.streams.small_agents import START, TOPOLOGY, look

ACTIONS = "actions.members"
HOME = partition_of("m", 3)
PURCHASE = sample(PurchaseMade)


class Server(ThreadingHTTPServer):
    """The two requests of a registry that are needed; `status`: what it answers when it is ill."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.schemas: list[dict[str, Any]] = []
        self.subjects: list[str] = []
        self.asked: list[int] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Requests(BaseHTTPRequestHandler):
    """One of them."""

    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body not in self.server.schemas:
            self.server.schemas.append(body)
        self.server.subjects.append(self.path.split("/")[2])
        self._answer(200, {"id": self.server.schemas.index(body) + 1, **body})

    def do_GET(self) -> None:
        number = int(self.path.partition("?")[0].rpartition("/")[2])
        self.server.asked.append(number)
        if self.server.status != 200:
            self._answer(self.server.status, {"error_code": self.server.status, "message": "ill"})
        elif number <= len(self.server.schemas):
            self._answer(200, self.server.schemas[number - 1])
        else:
            self._answer(404, {"error_code": 40403, "message": "Schema not found"})

    def _answer(self, status: int, found: dict[str, Any]) -> None:
        data = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def registry(server: Server) -> ConfluentRegistry:
    return ConfluentRegistry(server.url)


def away() -> ConfluentRegistry:
    """Nobody listens where it should be."""
    gone = Server()
    gone.server_close()
    return ConfluentRegistry(gone.url)


def test_a_record_comes_back_and_its_id_is_asked_for_once(
    server: Server, registry: ConfluentRegistry
) -> None:
    """By a reader that did not write it, as often as it likes."""
    data = encode_confluent(PURCHASE, registry)
    assert data[:5] == b"\x00\x00\x00\x00\x01"
    assert server.subjects == ["memberstream.PurchaseMade"]
    reader = ConfluentRegistry(server.url)
    assert [decode(data, reader) for _ in range(3)] == [PURCHASE] * 3
    assert server.asked == [1]


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"schema": '"string"'},
        {"schema": '{"type": "record", "name": "Other", "fields": []}'},
        {"schema": '{"type": "record"}'},
        {"schema": "message Other {}", "schemaType": "PROTOBUF"},
        {"schema": '{"type": "object"}', "schemaType": "JSON"},
    ],
)
def test_what_is_no_schema_of_ours_is_unknown(
    server: Server, registry: ConfluentRegistry, schema: dict[str, Any] | None
) -> None:
    """An id that the registry knows not, or as something else; it is asked once for many records."""
    server.schemas += [] if schema is None else [schema]
    for _ in range(3):
        with pytest.raises(Unreadable) as refusal:
            decode(b"\x00\x00\x00\x00\x01body", registry)
        assert refusal.value.problem is Problem.UNKNOWN_SCHEMA
    assert server.asked == [1]


def test_an_id_that_was_unknown_is_asked_for_again(
    server: Server, registry: ConfluentRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been given since."""
    monkeypatch.setattr("schemas.registry.UNKNOWN_SECONDS", 0.0)
    assert registry.fingerprint_of(1) is None
    encode_confluent(PURCHASE, ConfluentRegistry(server.url))
    assert registry.fingerprint_of(1) == encode(PURCHASE)[2:10]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_answer_that_is_no_registrys_raises(
    server: Server, registry: ConfluentRegistry, status: int
) -> None:
    """A bare 404 is a wrong address: it says nothing of the id."""
    data = encode_confluent(PURCHASE, registry)
    server.status = status
    with pytest.raises(RegistryFailed, match="is it up, and is the address right"):
        decode(data, registry)
    server.status = 200
    assert decode(data, registry) == PURCHASE


def test_while_the_registry_is_away_nothing_is_a_dead_letter(registry: ConfluentRegistry) -> None:
    """The worker raises, and so ends; the record is still to be read."""
    simulation = Simulation(TOPOLOGY, registry=away())
    data = encode_confluent(look("1", "m", "a"), registry)
    simulation.append(ACTIONS, HOME, START, b"m", data)
    with pytest.raises(RegistryFailed):
        simulation.drain()
    assert simulation.committed == []
    for worker in simulation.workers:
        assert worker.read[ACTIONS] == 0


def test_a_registry_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took the connection and hangs: a worker must raise before it loses its partitions."""
    monkeypatch.setitem(OPTIONS, "timeout", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = ConfluentRegistry(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(RegistryFailed):
            hung.fingerprint_of(1)


def test_without_the_registry_single_object_encoding_goes_on() -> None:
    """Who sends no ids needs no registry."""
    simulation = Simulation(TOPOLOGY, registry=away())
    simulation.emit(look("1", "m", "a"))
    simulation.drain()
    assert len(list(simulation.outcomes())) == 3


@pytest.mark.parametrize("confluent", [(True,), (True, False), (False, True), (True, True)])
def test_an_event_counts_once_in_whichever_forms(
    registry: ConfluentRegistry, confluent: tuple[bool, ...]
) -> None:
    """The content is the same without the header: a repeat, and no conflict."""
    simulation = Simulation(TOPOLOGY, registry=registry)
    event = look("1", "m", "a")
    for so in confluent:
        data = encode_confluent(event, registry) if so else encode(event)
        simulation.append(ACTIONS, HOME, START, b"m", data)
    simulation.drain()
    assert simulation.dead_letters() == []
    assert sum(w.work.counters.repeats for w in simulation.workers) == len(confluent) - 1
    plain = Simulation(TOPOLOGY)
    plain.emit(event)
    plain.drain()
    assert list(simulation.outcomes()) == list(plain.outcomes())


def test_an_unknown_id_is_a_dead_letter_and_the_next_is_taken(registry: ConfluentRegistry) -> None:
    """Named UNKNOWN_SCHEMA."""
    simulation = Simulation(TOPOLOGY, registry=registry)
    simulation.append(ACTIONS, HOME, START, b"m", b"\x00\x00\x00\x00\x63body")
    simulation.emit(look("2", "m", "a"))
    simulation.drain()
    problems = [letter.problem for letter in simulation.dead_letters()]
    assert problems == [DeadLetterProblem.UNKNOWN_SCHEMA]
    assert len(list(simulation.outcomes())) == 3


def test_a_worker_that_is_told_of_a_registry_uses_it(server: Server) -> None:
    """From the variable's value to the stage's door."""
    settings = read_settings(kafka="localhost:9092", schema_registry=server.url)
    data = encode_confluent(look("1", "m", "a"), ConfluentRegistry(server.url))
    for url, problems in (
        (settings.schema_registry, []),
        ("", [DeadLetterProblem.UNKNOWN_SCHEMA]),
    ):
        simulation = Simulation(TOPOLOGY)
        behaviour = stage_specs(TOPOLOGY, url)[0].behaviour
        assert isinstance(behaviour, StageBehaviour)
        simulation.workers[HOME].behaviour = behaviour
        simulation.workers[HOME].reopen()
        simulation.append(ACTIONS, HOME, START, b"m", data)
        simulation.drain()
        assert [letter.problem for letter in simulation.dead_letters()] == problems


@pytest.mark.parametrize(
    "url", ["registry:8081", "ftp://registry", "http://", "http://a b", "http://a,http://b"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """At the start, with the variable's name."""
    with pytest.raises(SettingsRefused, match="MEMBERSTREAM_SCHEMA_REGISTRY"):
        read_settings(kafka="localhost:9092", schema_registry=url)


def test_the_emitter_sends_the_form_of_its_registry(registry: ConfluentRegistry) -> None:
    """And sends nothing while it cannot learn the id."""
    with Emitter("127.0.0.1:1", registry=registry) as emitter:
        assert emitter._encode(PURCHASE) == encode_confluent(PURCHASE, registry)
    with Emitter("127.0.0.1:1", registry=away()) as emitter, pytest.raises(RegistryFailed):
        emitter.emit(PURCHASE)
