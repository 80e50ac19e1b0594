"""Worker slots: stable names for workers on a host, so that a restarted worker takes up its own.

A slot is a file that its worker holds locked; the kernel lets go when the process dies. The slot's
number is in the transactional ids (the broker then aborts what the slot's former holder left open)
and in the path of its stores (which are then warm).
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from streams.ending import Refused

MOST = 1000


@dataclass(frozen=True, slots=True)
class Slot:
    """A held slot; it is free again when the process ends or `release` is called."""

    number: int
    folder: Path  # of the slot's stores
    _file: int

    def release(self) -> None:
        """Let go."""
        os.close(self._file)


def hold_slot(data: Path, wanted: int | None = None) -> Slot:
    """The wanted slot, or the lowest that is free. Raises `Refused` when it is held."""
    for number in range(MOST) if wanted is None else [wanted]:
        folder = data / f"worker-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        return Slot(number, folder, file)
    raise Refused(
        f"No worker slot is free in {data}: slot {wanted} is held by a running worker. Stop that "
        "one, or leave MEMBERSTREAM_SLOT unset to take the lowest that is free."
    )
