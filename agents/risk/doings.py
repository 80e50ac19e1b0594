"""What a member did of late, and which devices, cards, addresses and countries are known of them.

Counts are over exact windows of event time: after `at - window`, until `at`. A kind of doing of which
nothing was ever heard has no count: that nobody tells of log-ins is not that there were none. Of each kind
the newest `TIMES_MOST` within thirty days are kept, so a count stops there; of tokens the `KNOWN_MOST`
that were used last.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from agents.calendar import DAY, HOUR
from agents.marks import mark

TIMES_MOST = 100
KNOWN_MOST = 12
MONTH = 30 * DAY
SPANS = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": MONTH}
# What is counted, over which windows, and what that is in words.
COUNTED: dict[str, tuple[tuple[str, ...], str]] = {
    "log_ins": (("24h", "7d"), "log-ins"),
    "log_ins_failed": (("1h", "24h"), "log-ins that failed"),
    "payments_failed": (("1h", "24h"), "payments that did not go through"),
    "coupons": (("24h", "7d", "30d"), "coupons applied"),
    "invitations": (("24h", "7d", "30d"), "invitations sent"),
    "redemptions": (("1h", "24h", "30d"), "gifts asked for"),
    "purchases": (("24h", "30d"), "purchases"),
    "returns": (("7d", "30d"), "returns"),
}
SINCE = ("log_ins", "redemptions", "purchases")
DISTINCT: dict[str, tuple[str, ...]] = {
    "device": ("24h", "30d"),
    "card": ("1h", "24h", "30d"),
    "address": ("30d",),
    "country": ("30d",),
    "network": ("24h",),
}
PLURAL = {"address": "addresses", "country": "countries"}


class Seen(Struct, array_like=True):
    """A token of the member: first and last use (milliseconds), and how often."""

    first_at: int
    last_at: int
    uses: int = 1


class Doings(Struct, omit_defaults=True):
    """Since when the member is known; times by kind of doing; tokens by role, as marks."""

    since_at: int | None = None
    times: dict[str, list[int]] = field(default_factory=dict)
    known: dict[str, dict[bytes, Seen]] = field(default_factory=dict)
    log_in_device: bytes | None = None
    log_in_country: bytes | None = None


# ---- remembering -----------------------------------------------------------------------------------


def remember(doings: Doings, kind: str, at: int) -> None:
    """Count a doing from now on; a late one takes its place in the order of time."""
    since(doings, at)
    times = doings.times.setdefault(kind, [])
    insort(times, at)
    gone = bisect_right(times, times[-1] - MONTH)
    del times[: max(gone, len(times) - TIMES_MOST)]


def since(doings: Doings, at: int) -> None:
    """The member was there at that moment."""
    if doings.since_at is None or at < doings.since_at:
        doings.since_at = at


def meet(doings: Doings, role: str, token: str | None, at: int) -> dict[str, float]:
    """The member uses a token: what was known of it until then, and from now on it is.

    `…_age_hours` is 0 for a token that is new beside others, and missing for a member's very first.
    """
    if token is None:
        return {}
    known = doings.known.setdefault(role, {})
    name = mark(token)
    seen = known.get(name)
    if seen is None:
        found = {f"{role}_age_hours": 0.0, f"{role}_uses": 0.0} if known else {}
        known[name] = Seen(at, at)
        if len(known) > KNOWN_MOST:
            del known[min(known, key=lambda one: (known[one].last_at, one))]
        return found
    found = {f"{role}_age_hours": _hours(seen.first_at, at), f"{role}_uses": float(seen.uses)}
    seen.first_at, seen.last_at = min(seen.first_at, at), max(seen.last_at, at)
    seen.uses += 1
    return found


def log_in(doings: Doings, tokens: Mapping[str, str | None], at: int) -> None:
    """A log-in that went well: it is told from which device and country the member is there now."""
    for role, token in tokens.items():
        meet(doings, role, token, at)
    device, country = tokens.get("device"), tokens.get("country")
    doings.log_in_device = None if device is None else mark(device)
    doings.log_in_country = None if country is None else mark(country)


# ---- telling ---------------------------------------------------------------------------------------


def features(doings: Doings, at: int) -> dict[str, float]:
    """All that is known of the member's doings at a moment, what happens at that moment included."""
    found: dict[str, float] = {}
    if doings.since_at is not None:
        found["member_age_hours"] = _hours(doings.since_at, at)
    for kind, times in doings.times.items():
        _count(found, kind, times, at)
    if found.get("purchases_30d") and "returns_30d" in found:
        found["returned_share_30d"] = found["returns_30d"] / found["purchases_30d"]
    for role, known in doings.known.items():
        for span in DISTINCT.get(role, ()):
            after = at - SPANS[span]
            found[f"{PLURAL.get(role, role + 's')}_{span}"] = float(
                sum([after < seen.last_at <= at for seen in known.values()])
            )
    _of_log_in(found, doings, at)
    return found


def _count(found: dict[str, float], kind: str, times: list[int], at: int) -> None:
    until = bisect_right(times, at)
    for span in COUNTED[kind][0]:
        found[f"{kind}_{span}"] = float(until - bisect_right(times, at - SPANS[span], 0, until))
    if kind in SINCE and until:
        found[f"hours_since_{kind[:-1]}"] = _hours(times[until - 1], at)


def _of_log_in(found: dict[str, float], doings: Doings, at: int) -> None:
    """How long the device and the country of the last log-in are known, where there are others."""
    for role, name in (("device", doings.log_in_device), ("country", doings.log_in_country)):
        known = doings.known.get(role, {})
        if name in known and len(known) > 1:
            found[f"log_in_{role}_age_hours"] = _hours(known[name].first_at, at)


def _hours(since_at: int, at: int) -> float:
    return max(0, at - since_at) / HOUR


def documentation() -> Iterator[tuple[str, str, str]]:
    """Every feature of this file: name, unit, meaning."""
    yield "member_age_hours", "hours", "since the member was first heard of"
    for kind, (spans, words) in COUNTED.items():
        for span in spans:
            yield f"{kind}_{span}", "count", f"{words} in the last {span}"
    for kind in SINCE:
        yield f"hours_since_{kind[:-1]}", "hours", f"since the last of the {COUNTED[kind][1]}"
    yield "returned_share_30d", "share", "returns for each purchase in the last 30d"
    for role, spans in DISTINCT.items():
        plural = PLURAL.get(role, role + "s")
        for span in spans:
            yield f"{plural}_{span}", "count", f"different {plural} used in the last {span}"
        yield f"{role}_age_hours", "hours", f"since this {role} was first used; 0: new"
        yield f"{role}_uses", "count", f"earlier uses of this {role}"
    for role in ("device", "country"):
        yield f"log_in_{role}_age_hours", "hours", f"since the {role} of the last log-in is known"
