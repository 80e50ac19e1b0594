"""A member's alerts as state: what each has come to, what it is about, which are open, which have ended.

What an alert is about (payments, orders, redemptions) grows with it, so it is kept in pages that fit an
entry of the store. Beyond `PAGES_MOST` pages evidence is counted and no longer listed. Ended alerts are
remembered for `KEPT`, at most `ENDED_MOST` of them, so that a late judgement finds what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field, structs

from agents import StateMap
from agents.calendar import DAY
from agents.marks import digest
from schemas.risk import AbuseKind, AlertEnd, FraudScored, Verdict

KEPT = 180 * DAY
ENDED_MOST = 50
PAGE = 40  # pieces: with ids of any length within the 64 KiB of an entry
PAGES_MOST = 50
CURRENCIES_MOST = 4
SEVERITY = {verdict: number for number, verdict in enumerate(Verdict)}


class Alert(Struct, frozen=True, array_like=True):
    """What an alert has come to."""

    kind: AbuseKind
    opened_at: int
    first_seen_at: int
    last_seen_at: int
    count: int
    score: int  # the highest
    verdict: Verdict  # the strictest
    reason: str  # the first of the highest score
    shown: bool = False  # False: all of it was suppressed so far
    pages: int = 1
    amounts: dict[str, int] = field(default_factory=dict)  # minor units by currency
    end: AlertEnd | None = None


class Page(Struct, frozen=True, array_like=True):
    """Up to `PAGE` pieces of evidence, and the orders and redemptions that they name."""

    subjects: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    redemptions: tuple[str, ...] = ()


class Open(Struct, frozen=True, array_like=True):
    """The open alert of a kind, and when it expires."""

    alert_id: str
    expires_at: int


class Alerts(Struct):
    """Open alerts by kind; when others ended; all of them, and pages by `<alert>/<number>`."""

    open: dict[str, Open] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    alerts: StateMap[Alert] = field(default_factory=StateMap)
    pages: StateMap[Page] = field(default_factory=StateMap)

    def pages_of(self, alert_id: str) -> Iterator[Page]:
        """An alert's pages in their order."""
        for number in range(self.alerts[alert_id].pages):
            yield self.pages[_page(alert_id, number)]

    def newest_pages(self, alert_id: str) -> tuple[Page, Page]:
        """The last page but one (empty if there is none) and the last."""
        last = self.alerts[alert_id].pages - 1
        before = self.pages[_page(alert_id, last - 1)] if last else Page()
        return before, self.pages[_page(alert_id, last)]

    def begin(self, scored: FraudScored) -> str:
        """A new alert with its first piece of evidence; returns its id."""
        alert_id = identity(scored)
        self.alerts[alert_id] = Alert(
            kind=scored.kind,
            opened_at=scored.occurred_at,
            first_seen_at=scored.occurred_at,
            last_seen_at=scored.occurred_at,
            count=1,
            score=scored.score,
            verdict=scored.verdict,
            reason=_reason(scored),
            amounts=_added({}, scored),
        )
        self.pages[_page(alert_id, 0)] = _with(Page(), scored)
        return alert_id

    def add(self, alert_id: str, scored: FraudScored) -> None:
        """Another piece of evidence. One that is listed already counts only by what it raises."""
        alert, again = self.alerts[alert_id], self._lists(alert_id, scored.subject_id)
        higher = scored.score > alert.score
        self.alerts[alert_id] = structs.replace(
            alert,
            first_seen_at=min(alert.first_seen_at, scored.occurred_at),
            last_seen_at=max(alert.last_seen_at, scored.occurred_at),
            count=alert.count + (not again),
            score=max(alert.score, scored.score),
            verdict=max(alert.verdict, scored.verdict, key=SEVERITY.__getitem__),
            reason=_reason(scored) if higher else alert.reason,
            amounts=alert.amounts if again else _added(alert.amounts, scored),
        )
        if not again:
            self._list(alert_id, scored)

    def says_nothing_new(self, alert_id: str, scored: FraudScored) -> bool:
        """True when this piece is listed already and raises neither score nor verdict."""
        alert = self.alerts[alert_id]
        return (
            scored.score <= alert.score
            and not stricter(scored.verdict, alert.verdict)
            and self._lists(alert_id, scored.subject_id)
        )

    def show(self, alert_id: str, shown: bool) -> None:
        """It is on show from now on, or still suppressed."""
        alert = self.alerts[alert_id]
        if alert.shown is not shown:
            self.alerts[alert_id] = structs.replace(alert, shown=shown)

    def close(self, alert_id: str, end: AlertEnd, at: int) -> None:
        """The alert ended, or ended otherwise than before; of too many ended ones the first is forgotten."""
        alert = self.alerts[alert_id]
        self.alerts[alert_id] = structs.replace(alert, end=end)
        opened = self.open.get(alert.kind)
        if opened is not None and opened.alert_id == alert_id:
            del self.open[alert.kind]
        self.ended[alert_id] = at
        if len(self.ended) > ENDED_MOST:
            self.forget(min(self.ended, key=self.ended.__getitem__))

    def forget(self, alert_id: str) -> None:
        """Let an ended alert go."""
        for number in range(self.alerts[alert_id].pages):
            del self.pages[_page(alert_id, number)]
        del self.alerts[alert_id], self.ended[alert_id]

    def _lists(self, alert_id: str, subject_id: str) -> bool:
        return any(subject_id in page.subjects for page in self.newest_pages(alert_id))

    def _list(self, alert_id: str, scored: FraudScored) -> None:
        alert = self.alerts[alert_id]
        last = alert.pages - 1
        page = self.pages[_page(alert_id, last)]
        if len(page.subjects) == PAGE:
            if alert.pages == PAGES_MOST:
                return
            page, last = Page(), last + 1
            self.alerts[alert_id] = structs.replace(alert, pages=alert.pages + 1)
        self.pages[_page(alert_id, last)] = _with(page, scored)


def identity(scored: FraudScored) -> str:
    """The id of the alert that this evidence opens: of member, kind and subject, the same in every run."""
    return f"al-{digest(scored.member_id, scored.kind.value, scored.subject_id).hex()[:24]}"


def stricter(one: Verdict, other: Verdict) -> bool:
    """True when one verdict is stricter than the other."""
    return SEVERITY[one] > SEVERITY[other]


def _page(alert_id: str, number: int) -> str:
    return f"{alert_id}/{number:02d}"


def _with(page: Page, scored: FraudScored) -> Page:
    return Page(
        (*page.subjects, scored.subject_id),
        _once(page.orders, scored.order_id),
        _once(page.redemptions, scored.redemption_id),
    )


def _once(ids: tuple[str, ...], another: str | None) -> tuple[str, ...]:
    return ids if another is None or another in ids else (*ids, another)


def _added(amounts: dict[str, int], scored: FraudScored) -> dict[str, int]:
    """The sums with this piece's; of more than `CURRENCIES_MOST` currencies the first ones."""
    currency = scored.currency
    if scored.amount_minor is None or currency is None:
        return amounts
    if currency not in amounts and len(amounts) == CURRENCIES_MOST:
        return amounts
    return amounts | {currency: amounts.get(currency, 0) + scored.amount_minor}


def _reason(scored: FraudScored) -> str:
    """That of the rule which adds most, or of the strictest: what a model sees are many small parts."""
    of_rules = (one.reason for one in scored.reasons if one.source.startswith("rule:"))
    return next(of_rules, "")
