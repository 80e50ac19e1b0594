"""When Python's collector of cycles runs: while a worker lingers, and hardly ever in the midst of a pass.

States that are kept in memory are many objects without cycles. The collector looks through all that came
since its last run, which takes half a microsecond and more an object: by its usual thresholds it would look
all the time, by large ones it stops a worker for a tenth of a second and more whenever they are reached. So
the thresholds are large, for a worker that is never idle, and one that lingers is tidied up before.
"""

from __future__ import annotations

import gc

THRESHOLDS = (200_000, 1_000, 100)
YOUNG = 5_000  # objects since the last run: some milliseconds of it


def begin() -> None:
    """What there is at the start stays, and is looked at never again."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def tidy() -> bool:
    """Look through what came since the last run, if that is worth it; returns whether it was."""
    worth = gc.get_count()[0] >= YOUNG
    if worth:
        gc.collect(0)
    return worth
