"""The same parts in containers, for tests where a Docker engine answers."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

from local.platform import Addresses

DOCKER_HOST = "unix:///var/run/docker.sock"


@contextlib.contextmanager
def docker_addresses() -> Iterator[Addresses | None]:
    """Kafka, Postgres and Valkey in containers; None where no engine answers."""
    if not _engine_answers():
        yield None
        return
    from testcontainers.kafka import KafkaContainer
    from testcontainers.postgres import PostgresContainer
    from testcontainers.redis import RedisContainer

    with (
        KafkaContainer("apache/kafka:4.1.1").with_kraft() as kafka,
        PostgresContainer("postgres:18") as postgres,
        RedisContainer("valkey/valkey:9") as valkey,
    ):
        host, port = valkey.get_container_host_ip(), valkey.get_exposed_port(6379)
        yield Addresses(
            kafka.get_bootstrap_server(),
            postgres.get_connection_url(driver=None),
            f"redis://{host}:{port}/0",
        )


def _engine_answers() -> bool:
    if not _engine_listens(os.environ.get("DOCKER_HOST", DOCKER_HOST)):
        return False
    try:
        import docker
    except ImportError:  # testcontainers and its client come with the extra `dev`
        return False
    try:
        client = docker.from_env(timeout=2)
    except docker.errors.DockerException:
        return False
    client.close()
    return True


def _engine_listens(host: str) -> bool:
    """False when nobody is behind a local socket: Docker's client would leave one of its own open."""
    kind, _, path = host.partition("://")
    if kind != "unix":
        return True
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(path)
        return True
    return False
