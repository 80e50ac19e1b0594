"""The connection to Redis: no retries of its own, because the sink looks at its cursors instead."""

from __future__ import annotations

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, ReadOnlyError, TimeoutError
from redis.retry import Retry

SECONDS = 10.0
# Redis is away, starting, or not the one that takes writes: wait and come again.
AWAY = (ConnectionError, TimeoutError, ReadOnlyError)


def connect(url: str, *, decoded: bool = False) -> Redis:
    """A client; it connects when it is first used. `decoded`: answers are str, not bytes."""
    for scheme in ("valkey", "valkeys"):
        if url.startswith(f"{scheme}://"):
            url = url.replace("valkey", "redis", 1)
    return Redis.from_url(
        url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=decoded,
    )
