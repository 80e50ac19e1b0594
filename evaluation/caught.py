"""How many of those who misbehaved were caught: the truth, kept apart, against the alerts that were opened.

An incident is caught by the first alert about one of its accounts, from its beginning until `LATE_DAYS`
after its end; whatever kind the alert is of. An alert that belongs to no incident is a false alarm. What was
taken before the first alert is what it cost to learn of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from msgspec import Struct

from replay.misbehaviour.truth import Incident, Scheme

DAY = 86_400_000
HOUR = 3_600_000
LATE_DAYS = 30


class Alarm(NamedTuple):
    """An alert as it was opened."""

    member_id: str
    kind: str
    opened_at: int


class Caught(Struct, frozen=True, kw_only=True):
    """What became of one scheme; money in minor units, times in hours from the beginning."""

    incidents: int
    caught: int
    in_kind: int  # by an alert of the kind it is most of all
    hours: float | None  # median until the first alert; none: nothing was caught
    taken_minor: int
    taken_before_minor: int  # before the first alert; of what was not caught, all


class Figures(Struct, frozen=True, kw_only=True):
    """What came of all, by scheme; and of the honest."""

    schemes: dict[str, Caught]
    alerts: int
    false_alarms: int
    false_by_kind: dict[str, int]
    members: int  # who were told of, those who misbehave left out

    @property
    def false_share(self) -> float | None:
        """Of all alerts; none without alerts."""
        return self.false_alarms / self.alerts if self.alerts else None


def figures(incidents: Iterable[Incident], alarms: Iterable[Alarm], members: int) -> Figures:
    """Compare truth and alerts; `members` is how many honest ones there were."""
    incidents, alarms = list(incidents), sorted(alarms, key=_opened_at)
    of_member: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        of_member[alarm.member_id].append(alarm)
    theirs = {incident.incident_id: _theirs(incident, of_member) for incident in incidents}
    true = {alarm for found in theirs.values() for alarm in found}
    false = [alarm for alarm in alarms if alarm not in true]
    by_kind: dict[str, int] = defaultdict(int)
    for alarm in false:
        by_kind[alarm.kind] += 1
    return Figures(
        schemes={
            scheme.value: _caught([i for i in incidents if i.scheme is scheme], theirs)
            for scheme in Scheme
            if scheme is not Scheme.UNKNOWN
        },
        alerts=len(alarms),
        false_alarms=len(false),
        false_by_kind=dict(sorted(by_kind.items())),
        members=members,
    )


def _theirs(incident: Incident, of_member: Mapping[str, Sequence[Alarm]]) -> list[Alarm]:
    """The alerts about an incident, in the order of time."""
    until = incident.ended_at + LATE_DAYS * DAY
    return sorted(
        (
            alarm
            for member in incident.members
            for alarm in of_member.get(member, ())
            if incident.started_at <= alarm.opened_at <= until
        ),
        key=_opened_at,
    )


def _caught(incidents: Sequence[Incident], theirs: Mapping[str, Sequence[Alarm]]) -> Caught:
    hours, in_kind, before = [], 0, 0
    for incident in incidents:
        found = theirs[incident.incident_id]
        first_at = found[0].opened_at if found else None
        if first_at is not None:
            hours.append((first_at - incident.started_at) / HOUR)
        in_kind += any(alarm.kind == incident.kind for alarm in found)
        before += sum(
            taken.amount_minor
            for taken in incident.taken
            if first_at is None or taken.at < first_at
        )
    return Caught(
        incidents=len(incidents),
        caught=len(hours),
        in_kind=in_kind,
        hours=round(median(hours), 2) if hours else None,
        taken_minor=sum(taken.amount_minor for i in incidents for taken in i.taken),
        taken_before_minor=before,
    )


def _opened_at(alarm: Alarm) -> int:
    return alarm.opened_at
