"""Whether the boards leave a member out: blocks that wait for their alert's end, and those confirmed.

A block hides until its alert ends, and for good when that confirms it, unless the member was the victim.
An alert that ends again otherwise hides or shows again. What nobody ends lapses, as what is withheld does.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from agents.cases import NEVER, WITHHELD_MOST, Suspicion, covers
from schemas.outcomes import MemberHidden, MemberShown
from schemas.risk import AbuseKind, AlertClosed, AlertEnd, FraudScored, Verdict

CONFIRMED_MOST = 50

Said = Iterator[MemberHidden | MemberShown]


class Blocks(Struct):
    """The newest block of each kind of abuse, by what was scored; and the alerts that made one stay.

    A member has one open alert of a kind at most, and what comes belongs to it: the newest block is
    covered by the alert that ends the others of its kind.
    """

    waiting: dict[str, Suspicion] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)

    @property
    def hide(self) -> bool:
        """True while the boards leave the member out."""
        return bool(self.waiting or self.confirmed)

    def due(self) -> int:
        """When the first of those that wait lapses."""
        moments = [block.scored_at + WITHHELD_MOST for block in self.waiting.values()]
        return min(moments, default=NEVER)

    def begin(self, scored: FraudScored) -> Said:
        """A verdict of BLOCK."""
        if scored.verdict is not Verdict.BLOCK:
            return
        hid, kind = self.hide, scored.kind.value
        self.waiting = {name: one for name, one in self.waiting.items() if one.kind != kind}
        self.waiting[scored.subject_id] = Suspicion(kind, scored.occurred_at)
        if not hid:
            yield _hidden(scored)

    def end(self, closed: AlertClosed) -> Said:
        """The alert that has seen the kind's block ended; an older one of the kind ends only its own."""
        hid, known = self.hide, self.waiting.items()
        self.waiting = {name: one for name, one in known if not covers(closed, name, one)}
        self.confirmed = [alert for alert in self.confirmed if alert != closed.alert_id]
        if _stays(closed):
            self.confirmed = [*self.confirmed, closed.alert_id][-CONFIRMED_MOST:]
        if self.hide and not hid:
            yield _hidden(closed)
        elif hid and not self.hide:
            yield MemberShown(member_id=closed.member_id, occurred_at=closed.occurred_at)

    def lapse(self, member_id: str, now: int) -> Said:
        """What has waited long enough is over."""
        hid, known = self.hide, self.waiting.items()
        self.waiting = {name: one for name, one in known if one.scored_at + WITHHELD_MOST > now}
        if hid and not self.hide:
            yield MemberShown(member_id=member_id, occurred_at=now)


def _stays(closed: AlertClosed) -> bool:
    offends = closed.kind is not AbuseKind.ACCOUNT_TAKEOVER
    return closed.end is AlertEnd.CONFIRMED and closed.verdict is Verdict.BLOCK and offends


def _hidden(why: FraudScored | AlertClosed) -> MemberHidden:
    return MemberHidden(member_id=why.member_id, occurred_at=why.occurred_at, kind=why.kind)
