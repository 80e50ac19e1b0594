"""Log-ins: counted, their tokens kept, and once a day the device is asked who else logs in with it.

The answer is kept for what the member does next: one device at which many members take coupons or gifts is
a farm, or a thief with a list of passwords. A log-in is not scored by itself, as nothing is taken by it.
Tokens of a log-in that failed are those of somebody else, until one goes well.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents.marks import mark
from agents.risk.doings import keep_tokens, note
from agents.risk.payment_book import Risk
from agents.risk.questions import ask_about_log_in
from agents.risk.windows import DAY
from schemas.risk import LoggedIn, LogInFailed, TokenAssessed, TokenPresented

OTHERS = "device_others_30d"


def log_in(state: Risk, event: LoggedIn) -> Iterator[TokenPresented]:
    """The member is there; their device is asked when it is new, another one, or was not asked today."""
    doings, at, device = state.doings, event.occurred_at, event.device
    note(doings, state.habits, "log_ins", at)
    tokens = {"device": device, "network": event.network, "country": event.country}
    keep_tokens(doings, state.habits, tokens, at)
    name = b"" if device is None else mark(device)
    if name != doings.device:
        doings.device, doings.device_others, doings.asked_at = name, None, None
    if device is None or (doings.asked_at is not None and at - doings.asked_at < DAY):
        return
    doings.asked_at, doings.asked = at, mark(event.event_id)
    yield ask_about_log_in(event, device)


def fail_to_log_in(state: Risk, event: LogInFailed) -> None:
    """Counted, and no more."""
    note(state.doings, state.habits, "log_ins_failed", event.occurred_at)


def answered_log_in(state: Risk, event: TokenAssessed) -> None:
    """The device says how many others use it; an answer about an earlier log-in is out of date."""
    if mark(event.payment_id) == state.doings.asked:
        found = {one.name: one.value for one in event.features}
        state.doings.device_others = found.get(OTHERS)
