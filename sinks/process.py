"""A sink as a process: settings from the environment, SIGTERM, exit codes."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import structlog

from sinks.ending import ExitCode, Refused, exit_code
from sinks.settings import Settings, read_settings

Run = Callable[[Settings, threading.Event], None]


def run_process(run: Run, **given: Any) -> NoReturn:
    """Run a sink until SIGTERM or SIGINT; always ends the process, see `ExitCode`."""
    try:
        settings = read_settings(**given)
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        sys.exit(ExitCode.REFUSED)
    set_up_logging(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread of its own: the handler may have interrupted the very wait that holds the lock.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    log = structlog.get_logger()
    try:
        run(settings, stop)
    except Exception as error:
        code = exit_code(error)
        log.error("sink_ends", exit=code.name, reason=str(error) or repr(error))
        if code is ExitCode.UNEXPECTED:
            traceback.print_exc()
        sys.exit(code)
    log.info("sink_stopped")
    sys.exit(ExitCode.STOPPED)


def set_up_logging(level: str) -> None:
    """Events with fields on standard error; libraries from warnings up."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )
