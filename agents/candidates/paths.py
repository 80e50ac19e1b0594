"""The paths that led past a product: for each of its last touches, what stood around it.

A path is a row of `ROW` bytes: the `WINDOW` products touched before, the farthest first, then the
`WINDOW` touched after, the nearest first. A byte is the slot of a neighbour in the product's list, or
`NOBODY`. Rows lie in one string of bytes, the newest last, which numpy reads as a matrix.

That gives the source "members like this one": paths that share products with the path of the member who
asks count by what they share (session nearest neighbours, Jannach and Ludewig, RecSys 2017, here around
one product).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

WINDOW = 10
ROW = 2 * WINDOW
PATHS_MOST = 40
BYTES_MOST = PATHS_MOST * ROW
NOBODY = 255
NO_BYTE = bytes([NOBODY])
SLOTS = NOBODY + 1


def nearness(distance: int) -> float:
    """How much a product counts that was touched so many touches away: 1 / √distance.

    >>> nearness(1), nearness(4)
    (1.0, 0.5)
    """
    return float(distance**-0.5)


NEARNESS = tuple(nearness(distance) for distance in range(1, WINDOW + 1))
BY_PLACE = np.array([*reversed(NEARNESS), *NEARNESS])  # in a row


def row_of(before: Iterable[int], after: Iterable[int]) -> bytes:
    """The row of a touch: slots, each list with the nearest first; at most `WINDOW` of each count."""
    near = list(before)[:WINDOW]
    far = list(after)[:WINDOW]
    return (
        NO_BYTE * (WINDOW - len(near))
        + bytes(reversed(near))
        + bytes(far)
        + NO_BYTE * (WINDOW - len(far))
    )


def walked(paths: bytes, row: bytes) -> bytes:
    """The paths with one more, and without the oldest when there are too many."""
    return (paths + row)[-BYTES_MOST:]


def forgotten(paths: bytes, slot: int) -> bytes:
    """The paths without a neighbour whose slot another takes over."""
    return paths.replace(bytes([slot]), NO_BYTE)


def alike(paths: bytes, shared: Mapping[int, float]) -> np.ndarray:
    """What paths that share products with a member's path hold: a weight by slot, 256 of them.

    `shared` says how much a shared neighbour counts, by its slot. A path counts by the sum of what it
    shares, a product in it also by its `nearness` to the product whose paths these are.
    """
    found = np.zeros(SLOTS)
    if not shared or not paths:
        return found
    counts = np.zeros(SLOTS)
    counts[list(shared)] = list(shared.values())
    rows = np.frombuffer(paths, np.uint8).reshape(-1, ROW)
    overlaps = counts[rows].sum(axis=1)
    some = overlaps > 0.0
    if some.any():
        weights = overlaps[some, None] * BY_PLACE
        found += np.bincount(rows[some].ravel(), weights.ravel(), SLOTS)
        found[NOBODY] = 0.0
    return found
