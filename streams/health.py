"""Alive is not working: a worker can answer and yet do nothing. Both are told apart by progress.

Alive: the event loop turned over lately. Working: also, every stage that has something to do has
committed lately, and no partition has been waiting for its restore for too long. Served from a thread
of its own, so that a stuck loop still gets an answer.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from streams.stage import Progress

LOOP_SECONDS = 5.0
PASS_SECONDS = 30.0
ACQUIRE_SECONDS = 300.0


@dataclass(slots=True)
class Health:
    """What is known of a worker; `beat` is called by its event loop."""

    stages: Mapping[str, Callable[[], Progress]]
    beaten_at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """The loop turned over."""
        self.beaten_at = time.monotonic()

    def alive(self) -> bool:
        """The event loop turns over."""
        return time.monotonic() - self.beaten_at < LOOP_SECONDS

    def stuck(self) -> list[str]:
        """Stages that have something to do and do not get it done, or do not look whether they have."""
        now = time.monotonic()
        found = []
        for name, read in self.stages.items():
            progress = read()
            most = ACQUIRE_SECONDS if progress.acquiring else PASS_SECONDS
            busy = progress.acquiring or progress.queued_records > 0
            fetches = busy or not progress.owned or now - progress.drained_at <= PASS_SECONDS
            if (busy and now - progress.passed_at > most) or not fetches:
                found.append(name)
        return found

    def working(self) -> bool:
        """Alive, and no stage is stuck."""
        return self.alive() and not self.stuck()

    def answer(self, path: str) -> tuple[bool, dict[str, Any]]:
        """What a path answers: whether it is well, and why."""
        if path == "/alive":
            return self.alive(), {"alive": self.alive()}
        owned = {name: read().owned for name, read in self.stages.items()}
        return self.working(), {
            "working": self.working(), "stuck": self.stuck(), "partitions": owned,
        }  # fmt: skip


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line for each look of a watcher says nothing."""


def serve(health: Health, host: str, port: int) -> WSGIServer:
    """/alive, /working and /metrics, from a daemon thread; port 0 picks one."""
    metrics = make_wsgi_app()

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path not in ("/alive", "/working"):
            answer: Iterable[bytes] = metrics(environ, start)
            return answer
        well, why = health.answer(path)
        status = "200 OK" if well else "503 Service Unavailable"
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(why).encode()]

    server = make_server(host, port, application, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
