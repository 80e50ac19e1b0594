"""The Postgres sink as a process: `python -m sinks.postgres`."""

from sinks.postgres.sink import run
from sinks.process import run_process

if __name__ == "__main__":
    run_process(run)
