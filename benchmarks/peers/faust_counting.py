"""Stock Faust, exactly_once: count per key in a rocksdict table, one output an event.

What the engine's users would write without the engine. Bytes in, no format to decode; the table's
driver is the one the engine uses too.
"""

from __future__ import annotations

import argparse
from typing import Any

import faust


def build(given: argparse.Namespace) -> faust.App:
    """The app with its table and its agent."""
    app = faust.App(
        given.group,
        broker=f"kafka://{given.bootstrap}",
        store="rocksdb://",
        datadir=given.data,
        processing_guarantee="exactly_once",
        topic_partitions=12,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )
    source = app.topic(given.topic_in, key_type=bytes, value_type=bytes, value_serializer="raw")
    target = app.topic(given.topic_out, key_type=bytes, value_type=bytes, value_serializer="raw")
    counts = app.Table("counts", key_type=bytes, default=int, options={"driver": "rocksdict"})

    @app.agent(source)  # type: ignore[untyped-decorator]  # faust counts as untyped
    async def count(stream: Any) -> None:
        async for key, _ in stream.items():
            counts[key] += 1
            await target.send(key=key, value=b"%d" % counts[key])

    return app


def main() -> None:
    """Count until stopped."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "topic-in", "topic-out", "data", "group"):
        parser.add_argument(f"--{name}", required=True)
    app = build(parser.parse_args())
    app.finalize()
    faust.Worker(app, loglevel="warn").execute_from_commandline()


if __name__ == "__main__":
    main()
