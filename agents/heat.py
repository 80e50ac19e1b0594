"""Hot lists by forward decay: the weight of a thing is the sum over touches of 2^(t / half-life).

That sum grows with every touch and is never rewritten as time goes by: at any later moment all weights
of a list are to be divided by the same 2^(now / half-life), so their order stands. It would overflow
within weeks, so its log2 is what is kept and added to (Cormode et al., Forward Decay, ICDE 2009).

A member's looks and searches count once a window, and a window is as long as the list's half-life,
from 1970 on. For that the window's members are remembered, exactly up to `MEMBERS_MOST`; beyond it any
touch counts. An order always counts.
"""

from __future__ import annotations

from math import log1p
from zlib import crc32

from msgspec import Struct, field

HOUR = 3_600_000
HALF_LIVES = {"hour": HOUR, "day": 24 * HOUR, "week": 7 * 24 * HOUR}
MEMBERS_MOST = 16
_LOG2_E = 1 / 0.6931471805599453


class Warmth(Struct, array_like=True):
    """A thing's place in one list; `members` are short hashes of those who counted in `window`.

    `told` is the weight that was last said; a weight below zero stands for none, as no touch after
    1970 makes one.
    """

    log2_weight: float = -1.0
    told: float = -1.0
    window: int = 0
    members: list[int] = field(default_factory=list)


def touch(
    warmth: Warmth, half_life: int, at: int, member: int, log2_touches: float, always: bool
) -> None:
    """A member (`member_hash`) touched it at `at` (milliseconds), counting as 2^log2_touches.

    A touch of an earlier window than the newest counts whoever it is from: its members are forgotten.
    """
    window = at // half_life
    if window > warmth.window:
        warmth.window, warmth.members = window, [member]
    elif window == warmth.window:
        members = warmth.members
        if member not in members:
            if len(members) < MEMBERS_MOST:
                members.append(member)
        elif not always:
            return
    warmth.log2_weight = added(warmth.log2_weight, at / half_life + log2_touches)


def member_hash(member_id: str) -> int:
    """Four bytes that stand for a member among the few of a window."""
    return crc32(member_id.encode())


def added(log2_weight: float, log2_touch: float) -> float:
    """The log2 of the sum of two weights, of which the first may be none.

    >>> added(10.0, 10.0), added(-1.0, 5.0), added(3.0, 400_000.0)
    (11.0, 5.0, 400000.0)
    """
    if log2_weight < 0:
        return log2_touch
    apart = log2_touch - log2_weight
    if apart > 0:
        return log2_touch + log1p(2.0**-apart) * _LOG2_E
    return log2_weight + log1p(2.0**apart) * _LOG2_E
