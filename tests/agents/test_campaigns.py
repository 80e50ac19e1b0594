"""Campaigns, row by row: the table, who is targeted and when, who is held out, what counts."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest

from agents import Place
from agents.campaigns.definitions import CAMPAIGNS, CAMPAIGNS_MOST, NAME, Campaigns
from agents.campaigns.lots import drawn
from agents.campaigns.targeting import TARGETING
from agents.loyalty.snapshots import WEEK
from schemas.campaigns import (
    Campaign,
    CampaignAccepted,
    CampaignClicked,
    CampaignEnded,
    CampaignRefused,
    CampaignShown,
    CampaignStarted,
    Group,
    MemberResponded,
    MemberTargeted,
    SurveyAnswered,
)
from schemas.candidates import ConsentGiven, ConsentPurpose, ConsentWithdrawn
from schemas.outcomes import OrderPlaced, OrderState, OrderStateChanged
from schemas.segments import Exit, SegmentEntered, SegmentLeft
from tests.agents.rows import Life, stored, table_of

DAY = 86_400_000
START = 15_000 * DAY
MEMBER = "m"
OUT = "y"  # with this salt the member is drawn among nine in ten


def day(number: float) -> int:
    return START + round(number * DAY)


def campaign(**fields: Any) -> Campaign:
    usual: dict[str, Any] = {
        "name": "c", "segment_id": "s", "starts_at": day(10), "ends_at": day(60), "salt": "x",
        "holdout_share": 0.0,
    }  # fmt: skip
    return Campaign(**(usual | fields))


def started(campaign_id: str = "c", number: float = 0, **fields: Any) -> CampaignStarted:
    return CampaignStarted(
        event_id=f"start-{campaign_id}",
        campaign_id=campaign_id,
        occurred_at=day(number),
        started_by="operator-1",
        campaign=campaign(**fields),
    )


def ended(number: float, campaign_id: str = "c") -> CampaignEnded:
    return CampaignEnded(
        event_id=f"end-{campaign_id}",
        campaign_id=campaign_id,
        occurred_at=day(number),
        ended_by="operator-1",
    )


def entered(number: float, segment_id: str = "s") -> SegmentEntered:
    return SegmentEntered(
        member_id=MEMBER, occurred_at=day(number), segment_id=segment_id, version=1, facts=[]
    )


def left(number: float, segment_id: str = "s") -> SegmentLeft:
    return SegmentLeft(
        member_id=MEMBER, occurred_at=day(number), segment_id=segment_id, version=1,
        entered_at=day(0), reason=Exit.NO_LONGER, facts=[],
    )  # fmt: skip


def order(number: float, order_id: str = "o", total_minor: int = 500) -> OrderPlaced:
    return OrderPlaced(
        member_id=MEMBER, occurred_at=day(number), order_id=order_id, currency="GBP", lines=[],
        total_minor=total_minor,
    )  # fmt: skip


def returned(number: float, order_id: str = "o") -> OrderStateChanged:
    return OrderStateChanged(
        member_id=MEMBER, occurred_at=day(number), order_id=order_id, state=OrderState.RETURNED
    )


def consent(number: float, kind: Any, purpose: ConsentPurpose = ConsentPurpose.MARKETING) -> Any:
    return kind(event_id=f"{number}", member_id=MEMBER, occurred_at=day(number), purpose=purpose)


def told(kind: Any, number: float, campaign_id: str = "c", **fields: Any) -> Any:
    return kind(
        event_id=f"{kind.__name__}-{number}", member_id=MEMBER, occurred_at=day(number),
        campaign_id=campaign_id, **fields,
    )  # fmt: skip


def life(*changes: Any) -> Life:
    return Life(TARGETING, {NAME: table_of(CAMPAIGNS, changes)})


def short(said: Any) -> str:
    if isinstance(said, MemberTargeted):
        return f"{said.campaign_id} {said.group.value}"
    assert isinstance(said, MemberResponded)
    return (
        f"{said.campaign_id}: {said.shown}/{said.clicked}/{said.orders}/{said.amount_minor}"
        f"/{said.satisfaction or '-'}"
    )


TABLE: list[tuple[str, list[Any], str]] = [
    ("set up", [started()], "c until 60"),
    ("cannot be changed", [started(), started()], "it cannot be changed"),
    ("ended early", [started(), ended(20)], "c until 20"),
    ("ended twice", [started(), ended(20), ended(21)], "It is over already."),
    ("there is none", [ended(1)], "There is no such campaign."),
    ("ends before it starts", [started(ends_at=day(5))], "It ends before it starts"),
    ("starts in the past", [started(number=11)], "It would start before it was made"),
    ("too many", [started(f"c{n}") for n in range(CAMPAIGNS_MOST + 1)], "no more are kept"),
    ("old ones make room",
     [started(f"c{n}") for n in range(CAMPAIGNS_MOST)]
     + [started("new", 500, starts_at=day(500), ends_at=day(501))], "new until 501"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "answer"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_the_table(changes: list[Any], answer: str) -> None:
    """What is said to the last change, in partition 0 alone."""
    state, said = Campaigns(), []
    for change in changes:
        said += CAMPAIGNS.react(state, change, Place(0, 2))
    found = said[-1]
    if isinstance(found, CampaignAccepted):
        until = (found.campaign.ends_at - START) // DAY
        assert f"{found.campaign_id} until {until}" == answer
    else:
        assert isinstance(found, CampaignRefused)
        assert answer in " ".join(found.reasons)
    assert not list(CAMPAIGNS.react(Campaigns(), changes[0], Place(1, 2)))


ROWS: list[tuple[str, list[Any], list[Any], str]] = [
    ("who enters while it runs", [started()], [entered(11)], "c TREATMENT"),
    ("not before", [started()], [entered(1)], ""),
    ("not after", [started()], [entered(60)], ""),
    ("not once it was ended", [started(), ended(20)], [entered(21)], ""),
    ("not of another segment", [started()], [entered(11, "t")], ""),
    ("once, also when they come again", [started()], [entered(11), left(12), entered(13)],
     "c TREATMENT"),
    ("a purchase within the window", [started()], [entered(11), order(40)],
     "c TREATMENT|c: 0/0/1/500/-"),
    ("at its end no more", [started()], [entered(11), order(41)], "c TREATMENT"),
    ("before it none", [started()], [order(10.9), entered(11)], "c TREATMENT"),
    ("not the one that led there", [started()], [order(11), entered(11)], "c TREATMENT"),
    ("one that was told late, of before", [started()], [entered(11), order(10)], "c TREATMENT"),
    ("what comes back is none", [started()], [entered(11), order(12), returned(13)],
     "c TREATMENT|c: 0/0/1/500/-|c: 0/0/0/0/-"),
    ("unless another is kept", [started()],
     [entered(11), order(12), order(13, "p", 700), returned(14)],
     "c TREATMENT|c: 0/0/1/500/-|c: 0/0/2/1200/-|c: 0/0/1/700/-"),
    ("shown, followed, answered", [started()],
     [entered(11), told(CampaignShown, 12), told(CampaignShown, 13), told(CampaignClicked, 13),
      told(SurveyAnswered, 14, satisfaction=4)],
     "c TREATMENT|c: 1/0/0/0/-|c: 2/0/0/0/-|c: 2/1/0/0/-|c: 2/1/0/0/4"),
    ("of who takes no part nothing is said", [started()], [told(CampaignShown, 12)], ""),
    ("without consent to marketing nobody", [started()],
     [consent(1, ConsentWithdrawn), entered(11)], ""),
    ("consent that comes back", [started()],
     [consent(1, ConsentWithdrawn), consent(2, ConsentGiven), entered(11)], "c TREATMENT"),
    ("another purpose is another matter", [started()],
     [consent(1, ConsentWithdrawn, ConsentPurpose.SHARING), entered(11)], "c TREATMENT"),
    ("held out: all but who is drawn", [started(salt=OUT, holdout_share=0.9)], [entered(11), order(12)],
     "c HOLD_OUT|c: 0/0/1/500/-"),
    ("two contacts a week, not three", [started("a"), started("b"), started("c")], [entered(11)],
     "a TREATMENT|b TREATMENT"),
    ("to be held out is no contact", [started("a", salt=OUT, holdout_share=0.9), started("b"), started("c")],
     [entered(11)], "a HOLD_OUT|b TREATMENT|c TREATMENT"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "events", "answer"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_what_is_said(changes: list[Any], events: list[Any], answer: str) -> None:
    """Targeted once, counted absolute."""
    assert "|".join(map(short, life(*changes).hear(*events))) == answer


def test_who_was_in_the_segment_before_is_targeted_within_a_week() -> None:
    """Of the start, without any event."""
    member = life(started())
    assert member.hear(entered(1)) == []
    [said] = member.wait(MEMBER, day(59))
    assert isinstance(said, MemberTargeted)
    assert day(10) <= said.occurred_at < day(10) + WEEK
    assert said.converts_until == said.occurred_at + 30 * DAY


def test_who_had_enough_contacts_is_targeted_later() -> None:
    """When the span that the campaign counts in has passed; by the draw that they would have had."""
    member = life(started("a"), started("b"), started("c"))
    member.hear(entered(11))
    [said] = member.wait(MEMBER, day(59))
    assert isinstance(said, MemberTargeted)
    assert (said.campaign_id, said.group) == ("c", Group.TREATMENT)
    assert day(18) <= said.occurred_at <= day(25)


def test_the_draw_has_its_share_and_another_salt_draws_anew() -> None:
    """Within 4 deviations of the share; two salts agree as often as chance does."""
    share, members = 0.2, 4_000
    one, two = (campaign(holdout_share=share, salt=salt) for salt in ("x", "y"))
    first = [drawn(one, f"m{n}") is Group.HOLD_OUT for n in range(members)]
    second = [drawn(two, f"m{n}") is Group.HOLD_OUT for n in range(members)]
    both = sum(a and b for a, b in zip(first, second, strict=True))
    for count, expected in ((sum(first), share), (sum(second), share), (both, share * share)):
        assert abs(count / members - expected) < 4 * sqrt(expected * (1 - expected) / members)


def test_what_is_over_is_forgotten_and_nobody_wakes() -> None:
    """A quarter after the window, when the member is in no segment any more."""
    member = life(started())
    member.hear(entered(11), order(12), left(13))
    assert stored(TARGETING, member.state)[0] > 30
    member.wait(MEMBER, day(11 + 30 + 90 + 8))
    assert member.state.taken == {}
    assert member.due() is None


def test_what_is_over_is_kept_while_it_could_target_again() -> None:
    """A campaign that runs for years targets once."""
    member = life(started(ends_at=day(900)))
    member.hear(entered(11))
    assert member.wait(MEMBER, day(899)) == []
    assert member.hear(left(899), entered(899.5)) == []
