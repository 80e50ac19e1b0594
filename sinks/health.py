"""Alive is not working: a sink whose database is away waits, and is alive, but gets nothing done.

Alive: its loop turned over lately. Working: also, it took and wrote (or found nothing to take) lately.
Served beside the metrics from a thread of its own, so that a stuck loop still gets an answer.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from sinks.settings import Settings

ALIVE_SECONDS = 30.0
WORKING_SECONDS = 30.0


class Health:
    """What is known of a sink; its loop says when it worked and when it only waited."""

    def __init__(self) -> None:
        self._turned_at = self._worked_at = time.monotonic()

    def worked(self) -> None:
        """What there was to take was taken and written."""
        self._turned_at = self._worked_at = time.monotonic()

    def waited(self) -> None:
        """What the sink writes to is away."""
        self._turned_at = time.monotonic()

    def alive(self) -> bool:
        """The loop turns over."""
        return time.monotonic() - self._turned_at < ALIVE_SECONDS

    def working(self) -> bool:
        """The loop gets done what it is for."""
        return self.alive() and time.monotonic() - self._worked_at < WORKING_SECONDS


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line for each look of a watcher says nothing."""


def serve(settings: Settings, health: Health) -> WSGIServer | None:
    """/alive, /working and /metrics, from a daemon thread; nothing when no port is set."""
    if not settings.http_port:
        return None
    metrics = make_wsgi_app()

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path not in ("/alive", "/working"):
            answer: Iterable[bytes] = metrics(environ, start)
            return answer
        well = health.alive() if path == "/alive" else health.working()
        status = "200 OK" if well else "503 Service Unavailable"
        start(status, [("Content-Type", "application/json")])
        return [json.dumps({path[1:]: well}).encode()]

    server = make_server(settings.http_host, settings.http_port, application, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
