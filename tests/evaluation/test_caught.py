"""Truth against alerts: a row is incidents, alerts, and what anybody can count by head."""

from __future__ import annotations

import msgspec
import pytest

from evaluation.caught import DAY, HOUR, LATE_DAYS, Alarm, Figures, figures
from replay.misbehaviour.truth import Incident, Scheme, Taken

AT = 1_323_432_000_000


def incident(
    name: str, *members: str, scheme: Scheme = Scheme.CARD_TESTING, hours: int = 10
) -> Incident:
    """Takes 100 at its beginning and at each third hour."""
    return Incident(
        incident_id=name,
        scheme=scheme,
        members=list(members),
        started_at=AT,
        ended_at=AT + hours * HOUR,
        payments=[],
        taken=[Taken(AT + hour * HOUR, 100) for hour in range(0, hours, 3)],
    )


def alarm(member: str, hour: float, kind: str = "PAYMENT") -> Alarm:
    return Alarm(member, kind, AT + round(hour * HOUR))


def short(found: Figures, scheme: Scheme = Scheme.CARD_TESTING) -> str:
    caught = found.schemes[scheme.value]
    return (
        f"{caught.caught}/{caught.incidents} in kind {caught.in_kind} after {caught.hours} h, "
        f"{caught.taken_before_minor}/{caught.taken_minor}; {found.false_alarms}/{found.alerts} false"
    )


A, B = incident("a", "m1", "m2"), incident("b", "m3")
LATE = 10 + LATE_DAYS * 24
ROWS = [
    ("nothing", [], [], "0/0 in kind 0 after None h, 0/0; 0/0 false"),
    ("missed", [A], [], "0/1 in kind 0 after None h, 400/400; 0/0 false"),
    ("caught at once", [A], [alarm("m1", 0)], "1/1 in kind 1 after 0.0 h, 0/400; 0/1 false"),
    ("caught later", [A], [alarm("m2", 4)], "1/1 in kind 1 after 4.0 h, 200/400; 0/1 false"),
    ("the first counts", [A], [alarm("m1", 8), alarm("m2", 1)],
     "1/1 in kind 1 after 1.0 h, 100/400; 0/2 false"),
    ("of another kind", [A], [alarm("m1", 1, "PROMOTION")],
     "1/1 in kind 0 after 1.0 h, 100/400; 0/1 false"),
    ("one of two", [A, B], [alarm("m1", 4)], "1/2 in kind 1 after 4.0 h, 600/800; 0/1 false"),
    ("the median", [A, B], [alarm("m1", 4), alarm("m3", 1)],
     "2/2 in kind 2 after 2.5 h, 300/800; 0/2 false"),
    ("about somebody else", [A], [alarm("n", 1)], "0/1 in kind 0 after None h, 400/400; 1/1 false"),
    ("before it began", [A], [alarm("m1", -1)], "0/1 in kind 0 after None h, 400/400; 1/1 false"),
    ("on the last day", [A], [alarm("m1", LATE)], f"1/1 in kind 1 after {LATE}.0 h, 400/400; 0/1 false"),
    ("long after", [A], [alarm("m1", LATE + 1)], "0/1 in kind 0 after None h, 400/400; 1/1 false"),
    ("the same member in two of them", [A, incident("c", "m1")], [alarm("m1", 1)],
     "2/2 in kind 2 after 1.0 h, 200/800; 0/1 false"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_name", "incidents", "alarms", "expected"), ROWS, ids=[r[0] for r in ROWS]
)
def test_rows(_name: str, incidents: list[Incident], alarms: list[Alarm], expected: str) -> None:
    """The order in which alerts are told does not matter."""
    assert short(figures(incidents, alarms, 5)) == expected
    assert figures(incidents, alarms[::-1], 5) == figures(incidents, alarms, 5)


def test_false_alarms_by_kind() -> None:
    """Where an analyst's time goes; and their share of all."""
    found = figures([A], [alarm("m1", 0), alarm("n", 1), alarm("o", 2, "REFUND")], 7)
    assert found.false_by_kind == {"PAYMENT": 1, "REFUND": 1}
    assert found.false_share == pytest.approx(2 / 3)
    assert found.members == 7
    assert figures([], [], 0).false_share is None
    assert DAY == 24 * HOUR


def test_every_scheme_has_its_line() -> None:
    """Also what nobody did."""
    found = msgspec.to_builtins(figures([incident("t", "m", scheme=Scheme.TAKEOVER)], [], 0))
    told = {name: line["incidents"] for name, line in found["schemes"].items()}
    assert told.keys() == {scheme.value for scheme in Scheme} - {"UNKNOWN"}
    assert sum(told.values()) == told["TAKEOVER"] == 1
