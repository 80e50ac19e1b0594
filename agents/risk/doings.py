"""What a member does beside paying, and the features that this gives to whatever is examined.

Log-ins, coupons, invitations, gifts and returns are counted in the member's `Habits`; here is what a count
does not tell: when a device, card, address, network or country was last new beside others, how long ago
things happened, how much of what was bought came back. A thing that is told again under another event
counts once, while its id is among the newest `IDS_MOST` of its kind.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from msgspec import Struct, field

from agents.marks import mark
from agents.risk.habits import Habits, keep_doing, keep_token
from agents.risk.windows import DAY, HOUR, KEPT, WINDOWS, tally

IDS_MOST = 16
COUPON = "coupon"
SINCE = {"log_ins": "log_in", "purchases": "purchase", "redemptions": "redemption"}


class Doings(Struct, omit_defaults=True):
    """Since when the member is known, when a token was last new by role, newest ids by kind (marks).

    `device` is that of the last log-in (a mark), `device_others` how many others use it, as it answered
    the question that was `asked` (the log-in's mark) at `asked_at`.
    """

    since_at: int | None = None
    new_at: dict[str, int] = field(default_factory=dict)
    ids: dict[str, list[bytes]] = field(default_factory=dict)
    device: bytes = b""
    device_others: float | None = None
    asked: bytes = b""
    asked_at: int | None = None


def told_before(doings: Doings, kind: str, its_id: str) -> bool:
    """True for an id among the newest of its kind; from now on it is."""
    ids, name = doings.ids.setdefault(kind, []), mark(its_id)
    if name in ids:
        return True
    ids.append(name)
    del ids[:-IDS_MOST]
    return False


def note(doings: Doings, habits: Habits, kind: str, at: int, amount_minor: int = 0) -> None:
    """Count what the member did."""
    meet(doings, at)
    keep_doing(habits, kind, at, amount_minor)


def meet(doings: Doings, at: int) -> None:
    """The member was there at that moment."""
    if doings.since_at is None or at < doings.since_at:
        doings.since_at = at


def see_new(doings: Doings, habits: Habits, tokens: Mapping[str, str | None], at: int) -> None:
    """Note which of these tokens (by role) are new beside others; before they are kept as seen."""
    for role, token in tokens.items():
        seen = habits.seen.get(role)
        if token is not None and seen and token not in seen:
            doings.new_at[role] = max(at, doings.new_at.get(role, at))


def keep_tokens(doings: Doings, habits: Habits, tokens: Mapping[str, str | None], at: int) -> None:
    """The member was there with these tokens."""
    see_new(doings, habits, tokens, at)
    for role, token in tokens.items():
        if token is not None:
            keep_token(habits, role, token, at)


def apply_coupon(habits: Habits, coupon_id: str, at: int) -> float:
    """The coupon is used: 1 when the member used it before, as far back as is remembered."""
    repeated = coupon_id in habits.seen.get(COUPON, ())
    keep_token(habits, COUPON, coupon_id, at)
    return float(repeated)


# ---- telling ---------------------------------------------------------------------------------------


def beside(doings: Doings, habits: Habits, at: int) -> dict[str, float]:
    """What is known at a moment beside the counts; what happens at that moment is included."""
    found: dict[str, float] = {}
    if doings.since_at is not None:
        found["days_known"] = max(0, at - doings.since_at) / DAY
    for role, new_at in doings.new_at.items():
        if at >= new_at:
            found[f"hours_since_new_{role}"] = (at - new_at) / HOUR
    for kind, name in SINCE.items():
        window = habits.doings.get(kind)
        until = 0 if window is None else bisect_right(window.at, at)
        if window is not None and until:
            found[f"hours_since_{name}"] = (at - window.at[until - 1]) / HOUR
    _share_returned(found, habits, at)
    return found


def _share_returned(found: dict[str, float], habits: Habits, at: int) -> None:
    bought, returned = habits.doings.get("purchases"), habits.doings.get("returns")
    if bought is not None and returned is not None:
        amount = tally(bought, at, KEPT).amount
        if amount:
            found["returned_share_30d"] = tally(returned, at, KEPT).amount / amount


def features(doings: Doings, habits: Habits, at: int) -> dict[str, float]:
    """All that is known at a moment when nothing is paid: counts by window, and what is beside them."""
    found = beside(doings, habits, at)
    if doings.device_others is not None:
        found["device_others_30d"] = doings.device_others
    for kind, window in habits.doings.items():
        for name, length in WINDOWS.items():
            count, amount = tally(window, at, length)
            if count:
                found[f"{kind}_{name}"] = count
            if amount:
                found[f"{kind}_amount_{name}"] = amount
    return found
