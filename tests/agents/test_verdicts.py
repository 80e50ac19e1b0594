"""Verdicts on orders, row by row: withheld, released, forfeited; victims; disputes; and judged again."""

from __future__ import annotations

from typing import Any

import pytest

from agents.cases import DISPUTED_MOST, WITHHELD_MOST, WORDS_MOST
from agents.points import POINTS
from agents.verdicts import AWAITED_MOST
from schemas.outcomes import LedgerOutcome, Lot, PointsReleased, PointsRestored
from schemas.risk import AbuseKind, AlertEnd, Contest, Verdict
from schemas.rules import Expiry, PointsRule, ReturnPolicy
from tests.agents.points_told import (
    MEMBER,
    arrived,
    asked,
    at,
    at_once,
    back,
    bought,
    cancelled,
    closed,
    contested,
    disputed,
    life,
    not_there,
    released,
    reserved,
    resolved,
    rule,
    scored,
    short,
)
from tests.agents.rows import ids, stored

CLEARED, CONFIRMED, EXPIRED = AlertEnd.CLEARED, AlertEnd.CONFIRMED, AlertEnd.EXPIRED
TAKEOVER = AbuseKind.ACCOUNT_TAKEOVER
ORDER, PENDING, EARNED = bought(1000), "pending o 10 =10/0/0", "earned o 10 =0/10/0"
HELD = "withheld o 10 -10 =0/0/0|10"
SPENDABLE = [bought(5000, order="p", day=0.1)]

STOPPED = [
    ("pending points", [rule()], [ORDER, scored()], [PENDING, HELD]),
    ("active ones", [at_once()], [ORDER, scored()], [EARNED, HELD]),
    ("a block too", [rule()], [ORDER, scored(Verdict.BLOCK)], [PENDING, HELD]),
    ("a review stops nothing", [rule()], [ORDER, scored(Verdict.REVIEW)], [PENDING]),
    ("nor does a challenge", [rule()], [ORDER, scored(Verdict.CHALLENGE)], [PENDING]),
    ("nor a verdict on no order", [rule()], [ORDER, scored(order=None)], [PENDING]),
    ("another order", [rule()], [ORDER, scored(order="q")], [PENDING]),
    ("by each rule", [rule(), at_once()], [ORDER, scored()],
     [PENDING, "earned o 10 =10/10/0", "withheld o 10 -10 =0/10/0|10", "withheld o 10 -10 =0/0/0|20"]),
    ("the same verdict twice", [rule()], [ORDER, scored(), scored()], [PENDING, HELD]),
    ("two payments of one order", [rule()], [ORDER, scored(), scored(subject="two")], [PENDING, HELD]),
    ("before the purchase", [rule()], [scored(day=-1), ORDER], [PENDING, HELD]),
    ("before the purchase, at once: pending first", [at_once()], [scored(day=-1), ORDER], [PENDING, HELD]),
    ("a debt is not paid of what is stopped",
     [at_once()], [ORDER, asked(gift="nib"), reserved(), back((1, 1, 0, 1)), scored(order="p"),
                   bought(2000, order="p", day=2)],
     [EARNED, "held x 10 =0/0/10", "spent x 10 =0/0/0", "reversed b 10 owed 10 =0/0/0-10",
      "pending p 20 =20/0/0-10", "withheld p 20 -20 =0/0/0|20-10"]),
    ("what was spent is not there; no board counts it", [at_once()],
     [ORDER, *SPENDABLE, asked(gift="pen"), reserved(), scored(day=1.1)],
     [EARNED, "earned p 50 =0/60/0", "held x 6 =0/54/6", "spent x 6 =0/54/0",
      "withheld o 4 -10 =0/50/0|4"]),
    ("nor can it be spent", [at_once()], [ORDER, scored(), asked(gift="pen", day=1.1)],
     [EARNED, HELD, "no hold x INSUFFICIENT_POINTS"]),
    ("a request for a gift while it is open", [at_once()],
     [ORDER, asked(gift="pen", day=1), scored(order=None, kind=AbuseKind.POINTS, redemption="x"),
      released(day=1.01)],
     [EARNED, "held x 6 =0/4/6", "waived x CANCELLED", "voided x CANCELLED =0/10/0"]),
    ("and only that one", [at_once()],
     [ORDER, asked(gift="pen", day=1), scored(order=None, kind=AbuseKind.POINTS, redemption="y"),
      reserved(day=1.01)],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0"]),
    ("a review of a request stops nothing", [at_once()],
     [ORDER, asked(gift="pen", day=1),
      scored(Verdict.REVIEW, order=None, kind=AbuseKind.POINTS, redemption="x"), reserved(day=1.01)],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0"]),
    ("a gift that is paid for stays", [at_once()],
     [ORDER, asked(gift="pen", day=1), reserved(day=1),
      scored(order=None, kind=AbuseKind.POINTS, redemption="x")],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0"]),
    ("reserved meanwhile: not paid for", [at_once()],
     [ORDER, asked(gift="pen", day=1), scored(order=None, kind=AbuseKind.POINTS, redemption="x"),
      reserved(day=1.001), released(day=1.01)],
     [EARNED, "held x 6 =0/4/6", "waived x CANCELLED", "voided x CANCELLED =0/10/0"]),
    ("what came back before is not withheld", [rule()],
     [bought(1000, 500), back((2, 1, 0, 1)), scored(day=1.1)],
     ["pending o 15 =15/0/0", "reversed b 5 =10/0/0", HELD]),
    ("all of it came back", [rule()], [ORDER, back((1, 1, 0, 1)), scored(day=1.1)],
     [PENDING, "reversed b 10 =0/0/0"]),
]  # fmt: skip
ENDS = [
    ("cleared", [rule()], [ORDER, scored(), closed(CLEARED)], [PENDING, HELD, "released o 10 +10 =10/0/0"]),
    ("expired", [rule()], [ORDER, scored(), closed(EXPIRED)], [PENDING, HELD, "released o 10 +10 =10/0/0"]),
    ("twice", [rule()], [ORDER, scored(), closed(CLEARED), closed(CLEARED, day=3)],
     [PENDING, HELD, "released o 10 +10 =10/0/0"]),
    ("active ones", [at_once()], [ORDER, scored(), closed(CLEARED)],
     [EARNED, HELD, "released o 10 +10 =0/10/0"]),
    ("its window closed meanwhile", [rule()], [ORDER, scored(), closed(CLEARED, day=20)],
     [PENDING, HELD, "released o 10 +10 =0/10/0"]),
    ("delivered meanwhile", [rule()], [ORDER, scored(), arrived(5), closed(CLEARED, day=10)],
     [PENDING, HELD, "moved o =0/0/0|10", "released o 10 +10 =10/0/0"]),
    ("by a rule that knows no window a delivery moves nothing", [at_once()],
     [scored(day=-1), ORDER, arrived(5), closed(CLEARED, day=6)],
     [PENDING, HELD, "released o 10 +10 =0/10/0"]),
    ("a debt is repaid first", [at_once()],
     [ORDER, scored(), bought(600, order="p", day=1), asked(gift="pen"), reserved(),
      back((1, 1, 0, 1), order="p"), closed(CLEARED)],
     [EARNED, HELD, "earned p 6 =0/6/0|10", "held x 6 =0/0/6|10", "spent x 6 =0/0/0|10",
      "reversed b 6 owed 6 =0/0/0|10-6", "released o 10 +10 =0/4/0"]),
    ("another alert still stops it", [rule()],
     [ORDER, scored(), scored(kind=AbuseKind.REFUND, subject="r"), closed(CLEARED),
      closed(CLEARED, kind=AbuseKind.REFUND, subjects=["r"], alert="other", day=3)],
     [PENDING, HELD, "released o 10 +10 =10/0/0"]),
    ("an alert of another kind", [rule()], [ORDER, scored(), closed(CLEARED, kind=AbuseKind.REFUND)],
     [PENDING, HELD]),
    ("a list that was cut: by the time", [rule()],
     [ORDER, scored(), closed(CLEARED, orders=[], subjects=["others"], count=2)],
     [PENDING, HELD, "released o 10 +10 =10/0/0"]),
    ("a whole list without it", [rule()],
     [ORDER, scored(), closed(CLEARED, orders=[], subjects=["others"])], [PENDING, HELD]),
    ("before the purchase: as if nothing had been", [at_once()],
     [scored(day=-1), closed(CLEARED, day=-0.5), ORDER], [EARNED]),
    ("a return takes what is withheld first", [rule()],
     [bought(1000, 500), scored(), back((2, 1, 0, 1)), closed(CLEARED)],
     ["pending o 15 =15/0/0", "withheld o 15 -15 =0/0/0|15", "reversed b 5 uncounted =0/0/0|10",
      "released o 10 +10 =10/0/0"]),
    ("a return that only takes pending ones too", [at_once(return_policy=ReturnPolicy.PENDING_ONLY)],
     [ORDER, scored(), back((1, 1, 0, 1)), closed(CLEARED)],
     [EARNED, HELD, "reversed b 10 uncounted =0/0/0"]),
]  # fmt: skip
TAKEN = "forfeited o 10 +0 =0/0/0"
OTHERS = [ORDER, *SPENDABLE, asked(gift="pen", day=0.2), reserved(day=0.2)]
OTHERS_SAID = [EARNED, "earned p 50 =0/60/0", "held x 6 =0/54/6", "spent x 6 =0/54/0"]
CONFIRMATIONS = [
    ("withheld points go", [rule()], [ORDER, scored(), closed(CONFIRMED)], [PENDING, HELD, TAKEN]),
    ("once", [rule()], [ORDER, scored(), closed(CONFIRMED), closed(CONFIRMED, day=3)],
     [PENDING, HELD, TAKEN]),
    ("by two alerts once", [rule()],
     [ORDER, scored(), closed(CONFIRMED), closed(CONFIRMED, alert="b", kind=AbuseKind.REFUND)],
     [PENDING, HELD, TAKEN]),
    ("pending ones that nobody withheld", [rule()], [ORDER, scored(Verdict.REVIEW), closed(CONFIRMED)],
     [PENDING, "forfeited o 10 -10 =0/0/0"]),
    ("active ones too", [at_once()], [ORDER, closed(CONFIRMED)], [EARNED, "forfeited o 10 -10 =0/0/0"]),
    ("what was spent: from others", [at_once()], [*OTHERS, closed(CONFIRMED)],
     [*OTHERS_SAID, "forfeited o 10 -10 =0/44/0"]),
    ("what was spent: let go, within the balance",
     [at_once(return_policy=ReturnPolicy.WITHIN_BALANCE)],
     [ORDER, asked(gift="pen"), reserved(), closed(CONFIRMED)],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0", "forfeited o 10 -10 let go 6 =0/0/0"]),
    ("what was spent: owed", [at_once()], [ORDER, asked(gift="pen"), reserved(), closed(CONFIRMED)],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0", "forfeited o 10 -10 owed 6 =0/0/0-6"]),
    ("what was spent: only its own lot", [at_once(return_policy=ReturnPolicy.PENDING_ONLY)],
     [*OTHERS, closed(CONFIRMED)], [*OTHERS_SAID, "forfeited o 10 -10 let go 6 =0/50/0"]),
    ("then a return takes nothing more", [rule()],
     [bought(1000, 500), closed(CONFIRMED), back((2, 1, 0, 1), day=3)],
     ["pending o 15 =15/0/0", "forfeited o 15 -15 =0/0/0", "reversed b 5 uncounted =0/0/0"]),
    ("before the purchase", [at_once()], [closed(CONFIRMED, day=-1), ORDER],
     [PENDING, "forfeited o 10 -10 =0/0/0"]),
    ("an order that earned nothing", [rule()], [bought(9), scored(), closed(CONFIRMED)], []),
    ("what is asked for meanwhile is stopped", [at_once()],
     [ORDER, *SPENDABLE, asked(gift="pen", day=1.99), closed(CONFIRMED), released(day=2.01)],
     [EARNED, "earned p 50 =0/60/0", "held x 6 =0/54/6", "forfeited o 10 -10 =0/44/6",
      "waived x CANCELLED", "voided x CANCELLED =0/50/0"]),
    ("a hold in hand is voided later: what could not be collected goes then",
     [at_once(return_policy=ReturnPolicy.WITHIN_BALANCE)],
     [ORDER, asked(gift="pen"), closed(CONFIRMED), cancelled(day=3), released(day=3)],
     [EARNED, "held x 6 =0/4/6", "waived x TIMED_OUT", "forfeited o 10 -10 let go 6 =0/0/6",
      "voided x CANCELLED =0/6/0", "forfeited o 6 +0 =0/0/0"]),
    ("a hold in hand is voided later: withheld",
     [at_once()], [ORDER, asked(gift="pen"), scored(day=1.001), cancelled(day=1.002), released(day=3)],
     [EARNED, "held x 6 =0/4/6", "withheld o 4 -10 =0/0/6|4", "waived x CANCELLED",
      "voided x CANCELLED =0/0/0|10"]),
]  # fmt: skip
AGAIN = [
    ("cleared after all: put back", [rule()],
     [ORDER, scored(), closed(CONFIRMED), closed(CLEARED, day=3)],
     [PENDING, HELD, TAKEN, "released o 10 +10 =10/0/0"]),
    ("put back once", [rule()],
     [ORDER, closed(CONFIRMED), closed(CLEARED, day=3), closed(CLEARED, day=4)],
     [PENDING, "forfeited o 10 -10 =0/0/0", "released o 10 +10 =10/0/0"]),
    ("confirmed after all: taken", [rule()],
     [ORDER, scored(), closed(CLEARED), closed(CONFIRMED, day=3)],
     [PENDING, HELD, "released o 10 +10 =10/0/0", "forfeited o 10 -10 =0/0/0"]),
    ("confirmed after it expired", [rule()],
     [ORDER, scored(), closed(EXPIRED), closed(CONFIRMED, day=3)],
     [PENDING, HELD, "released o 10 +10 =10/0/0", "forfeited o 10 -10 =0/0/0"]),
    ("what was spent comes back as well, the debt first", [at_once()],
     [ORDER, asked(gift="pen"), reserved(), closed(CONFIRMED), closed(CLEARED, day=3)],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0", "forfeited o 10 -10 owed 6 =0/0/0-6",
      "released o 10 +10 =0/4/0"]),
    ("what was let go does not", [at_once(return_policy=ReturnPolicy.WITHIN_BALANCE)],
     [ORDER, asked(gift="pen"), reserved(), closed(CONFIRMED), closed(CLEARED, day=3)],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0", "forfeited o 10 -10 let go 6 =0/0/0",
      "released o 4 +10 =0/4/0"]),
    ("what came back meanwhile does not", [rule()],
     [bought(1000, 500), closed(CONFIRMED), back((2, 1, 0, 1), day=3), closed(CLEARED, day=4)],
     ["pending o 15 =15/0/0", "forfeited o 15 -15 =0/0/0", "reversed b 5 uncounted =0/0/0",
      "released o 10 +10 =10/0/0"]),
    ("cleared, while another alert is open: withheld", [rule()],
     [ORDER, scored(), scored(kind=AbuseKind.REFUND, subject="r"), closed(CONFIRMED), closed(CLEARED, day=3)],
     [PENDING, HELD, TAKEN, "withheld o 10 +0 =0/0/0|10"]),
    ("cleared, while another was confirmed: gone", [rule()],
     [ORDER, closed(CONFIRMED), closed(CONFIRMED, alert="b"), closed(CLEARED, day=3)],
     [PENDING, "forfeited o 10 -10 =0/0/0"]),
    ("to and fro", [rule()],
     [ORDER, closed(CONFIRMED), closed(CLEARED, day=3), closed(CONFIRMED, day=4), closed(CLEARED, day=5)],
     [PENDING, "forfeited o 10 -10 =0/0/0", "released o 10 +10 =10/0/0", "forfeited o 10 -10 =0/0/0",
      "released o 10 +10 =10/0/0"]),
]  # fmt: skip


BACK = Contest.TAKEN_BACK
CHARGEBACKS = [
    ("pending points go", [rule()], [ORDER, contested(BACK, 5)],
     [PENDING, "forfeited o 10 -10 =0/0/0"]),
    ("once", [rule()], [ORDER, contested(BACK, 5), contested(BACK, 6)],
     [PENDING, "forfeited o 10 -10 =0/0/0"]),
    ("what was spent is let go: the member may be the victim", [at_once()],
     [ORDER, asked(gift="pen"), reserved(), contested(BACK, 5)],
     [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0", "forfeited o 10 -10 let go 6 =0/0/0"]),
    ("and nothing of other orders", [at_once()], [*OTHERS, contested(BACK, 5)],
     [*OTHERS_SAID, "forfeited o 10 -10 let go 6 =0/50/0"]),
    ("no judgement puts it back", [rule()],
     [ORDER, scored(), contested(BACK, 1.5), closed(CLEARED, day=2)], [PENDING, HELD, TAKEN]),
    ("nor the end of a dispute", [rule()],
     [ORDER, contested(Contest.DISPUTED, 1), contested(BACK, 2), contested(Contest.SETTLED, 3)],
     [PENDING, "moved o =10/0/0", "forfeited o 10 -10 =0/0/0"]),
    ("before the purchase", [at_once()], [contested(BACK, -1), ORDER],
     [PENDING, "forfeited o 10 -10 =0/0/0"]),
]  # fmt: skip


def stolen(end: AlertEnd, **said: Any) -> Any:
    """A takeover ended; it names the redemption."""
    plain: dict[str, Any] = {"orders": [], "redemptions": ["x"], "kind": TAKEOVER, "day": 2}
    return closed(end, **(plain | said))


SPENT = [ORDER, asked(gift="pen"), reserved()]
SPENT_SAID = [EARNED, "held x 6 =0/4/6", "spent x 6 =0/4/0"]
VICTIMS = [
    ("what was spent comes back", [at_once()], [*SPENT, stolen(CONFIRMED)],
     [*SPENT_SAID, "restored x 6 =0/10/0"]),
    ("once", [at_once()], [*SPENT, stolen(CONFIRMED), stolen(CONFIRMED, day=3)],
     [*SPENT_SAID, "restored x 6 =0/10/0"]),
    ("by two alerts once", [at_once()], [*SPENT, stolen(CONFIRMED), stolen(CONFIRMED, alert="b")],
     [*SPENT_SAID, "restored x 6 =0/10/0"]),
    ("honest orders stay", [at_once()], [*SPENT, *SPENDABLE, stolen(CONFIRMED)],
     [*SPENT_SAID, "earned p 50 =0/54/0", "restored x 6 =0/60/0"]),
    ("the intruder's order goes, and nothing else", [at_once()],
     [*SPENT, stolen(CONFIRMED, orders=["o"], redemptions=[])],
     [*SPENT_SAID, "forfeited o 10 -10 let go 6 =0/0/0"]),
    ("another kind restores nothing", [at_once()],
     [*SPENT, stolen(CONFIRMED, kind=AbuseKind.PAYMENT)], SPENT_SAID),
    ("cleared: nothing", [at_once()], [*SPENT, stolen(CLEARED)], SPENT_SAID),
    ("an unknown redemption", [at_once()], [ORDER, stolen(CONFIRMED)], [EARNED]),
    ("one that came to nothing", [at_once()],
     [ORDER, asked(gift="pen"), not_there(), stolen(CONFIRMED)],
     [EARNED, "held x 6 =0/4/6", "voided x OUT_OF_STOCK =0/10/0"]),
    ("one still open is waived", [at_once()],
     [ORDER, asked(gift="pen", day=1.99), stolen(CONFIRMED), released(day=2.01)],
     [EARNED, "held x 6 =0/4/6", "waived x CANCELLED", "voided x CANCELLED =0/10/0"]),
    ("cleared after all: spent again", [at_once()],
     [*SPENT, stolen(CONFIRMED), stolen(CLEARED, day=3), stolen(CLEARED, day=4)],
     [*SPENT_SAID, "restored x 6 =0/10/0", "respent x 6 =0/4/0"]),
    ("cleared after all: from its own lot, then from others", [at_once()],
     [*SPENT, stolen(CONFIRMED), *SPENDABLE, asked("y", "nib", day=3), reserved("y", day=3),
      stolen(CLEARED, day=4)],
     [*SPENT_SAID, "restored x 6 =0/10/0", "earned p 50 =0/60/0", "held y 10 =0/50/10",
      "spent y 10 =0/50/0", "respent x 6 =0/44/0"]),
    ("cleared after all, partly there: the rest from others, then owed", [at_once()],
     [*SPENT, stolen(CONFIRMED), bought(200, order="q", day=2), asked("y", "pen", day=3),
      reserved("y", day=3), stolen(CLEARED, day=4)],
     [*SPENT_SAID, "restored x 6 =0/10/0", "earned q 2 =0/12/0", "held y 6 =0/6/6",
      "spent y 6 =0/6/0", "respent x 6 =0/0/0"]),
    ("cleared after all, and gone: owed", [at_once()],
     [*SPENT, stolen(CONFIRMED), asked("y", "nib", day=3), reserved("y", day=3), stolen(CLEARED, day=4)],
     [*SPENT_SAID, "restored x 6 =0/10/0", "held y 10 =0/0/10", "spent y 10 =0/0/0",
      "respent x 6 owed 6 =0/0/0-6"]),
    ("cleared, while another was confirmed", [at_once()],
     [*SPENT, stolen(CONFIRMED), stolen(CONFIRMED, alert="b"), stolen(CLEARED, day=3)],
     [*SPENT_SAID, "restored x 6 =0/10/0"]),
    ("a debt is repaid first", [at_once()], [*SPENT, back((1, 1, 0, 1)), stolen(CONFIRMED)],
     [*SPENT_SAID, "reversed b 10 owed 6 =0/0/0-6", "restored x 6 =0/0/0"]),
    ("into an order that is withheld", [at_once()], [*SPENT, scored(), stolen(CONFIRMED)],
     [*SPENT_SAID, "withheld o 4 -10 =0/0/0|4", "restored x 6 =0/0/0|10"]),
]  # fmt: skip
CLOCK = [
    ("a dispute stops it", [rule()], [ORDER, disputed(5)], 100, [PENDING, "moved o =10/0/0"]),
    ("its end lets it go on", [rule()], [ORDER, disputed(5), resolved(6)], 13.9,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0"]),
    ("as before", [rule()], [ORDER, disputed(5), resolved(6)], 14,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("after the window: at once", [rule()], [ORDER, disputed(5), resolved(20)], 20,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("resolved by its own name", [rule()], [ORDER, disputed(5), resolved(20, order=None)], 20,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("two disputes: both must end", [rule()], [ORDER, disputed(5), disputed(6, id="e"), resolved(20)], 30,
     [PENDING, "moved o =10/0/0"]),
    ("opened again under its name: over", [rule()], [ORDER, disputed(5), resolved(6), disputed(5)], 14,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("its end was heard first", [rule()], [ORDER, resolved(6), disputed(5)], 14, [PENDING, EARNED]),
    ("of a payment only: risk says the order", [rule()],
     [ORDER, disputed(5, order=None), contested(Contest.DISPUTED, 5)], 100,
     [PENDING, "moved o =10/0/0"]),
    ("and its end", [rule()],
     [ORDER, contested(Contest.DISPUTED, 5), contested(Contest.SETTLED, 20)], 20,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("its end, resolved by its own name", [rule()],
     [ORDER, contested(Contest.DISPUTED, 5), resolved(20, order=None), contested(Contest.SETTLED, 20)],
     20, [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("disputed by the order as well: once", [rule()],
     [ORDER, disputed(5), contested(Contest.DISPUTED, 6), resolved(7)], 14,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("of a payment whose order nobody could name", [rule()], [ORDER, disputed(5, order=None)], 14,
     [PENDING, EARNED]),
    ("before the purchase", [rule()], [disputed(-1), ORDER], 30, [PENDING, "moved o =10/0/0"]),
    ("active points stay", [at_once()], [ORDER, disputed(5), resolved(6)], 30, [EARNED]),
    ("a return is taken all the same", [rule()], [ORDER, disputed(5), back((1, 1, 0, 1), day=6), resolved(7)],
     30, [PENDING, "moved o =10/0/0", "reversed b 10 =0/0/0"]),
    ("nobody ends it", [rule()], [ORDER, disputed(5)], 5 + DISPUTED_MOST / 86_400_000,
     [PENDING, "moved o =10/0/0", "moved o =10/0/0", EARNED]),
    ("withheld and disputed: released to wait", [rule()],
     [ORDER, disputed(5), scored(day=6), closed(CLEARED, day=16)], 30,
     [PENDING, "moved o =10/0/0", HELD, "released o 10 +10 =10/0/0"]),
    ("withheld: the clock stands too", [rule()], [ORDER, scored()], 15, [PENDING, HELD]),
    ("nobody judges it", [rule()], [ORDER, scored()], 1 + WITHHELD_MOST / 86_400_000,
     [PENDING, HELD, "released o 10 +10 =0/10/0"]),
]  # fmt: skip


def told(rules: list[Any], events: list[Any], until: float = 0) -> list[str]:
    """What is said of these events, and by itself until then, as rows write it."""
    lived = life(*rules, prices={"pen": 6, "nib": 10, "mug": 30, "vase": 60})
    lived.hear(*events)
    lived.wait(MEMBER, at(until))
    return [short(outcome) for outcome in lived.said]


ROWS = [*STOPPED, *ENDS, *CONFIRMATIONS, *AGAIN, *CHARGEBACKS, *VICTIMS]


@pytest.mark.parametrize(("name", "rules", "events", "said"), ROWS, ids=ids(ROWS))
def test_verdicts(name: str, rules: list[PointsRule], events: list[Any], said: list[str]) -> None:
    """What a verdict stops and the end of its alert does."""
    assert told(rules, events) == said


@pytest.mark.parametrize(("name", "rules", "events", "until", "said"), CLOCK, ids=ids(CLOCK))
def test_the_clock_of_pending_points(
    name: str, rules: list[PointsRule], events: list[Any], until: float, said: list[str]
) -> None:
    """It stands while the order is disputed or withheld, and strikes at once when its time is over."""
    assert told(rules, events, until) == said


def lots_of(said: list[Any], kind: type[LedgerOutcome]) -> list[Lot]:
    return [lot for outcome in said if isinstance(outcome, kind) for lot in outcome.lots]


def days_left(lot: Lot) -> float:
    assert lot.expires_at is not None
    return (lot.expires_at - at(0)) / 86_400_000


@pytest.mark.parametrize(
    ("expiry_days", "cleared", "good_until"),
    [(5, 3, 34), (5, 5.5, 36), (100, 3, 101)],
    ids=["would end soon", "would have ended", "good for long"],
)
def test_what_is_released_is_not_lost_by_our_delay(
    expiry_days: int, cleared: float, good_until: int
) -> None:
    """Active again it is good for `restore_days` at least, to the end of a day; withheld it never expires."""
    lived = life(at_once(expiry=Expiry.FIXED, expiry_days=expiry_days))
    lived.hear(ORDER, scored(), closed(CLEARED, day=cleared))
    assert [short(one) for one in lived.said] == [EARNED, HELD, "released o 10 +10 =0/10/0"]
    (lot,) = lots_of(lived.said, PointsReleased)
    assert days_left(lot) == good_until
    (expired,) = lived.wait(MEMBER, at(good_until))
    assert short(expired) == "expired 10 =0/0/0"


def test_inactivity_is_counted_from_the_last_activity_at_the_release() -> None:
    """A purchase while the points are withheld keeps them alive as it keeps others."""
    lived = life(at_once(expiry=Expiry.INACTIVITY, expiry_days=60))
    lived.hear(ORDER, scored(), bought(99, order="p", day=20), closed(CLEARED, day=21))
    (lot,) = lots_of(lived.said, PointsReleased)
    assert days_left(lot) == 81


@pytest.mark.parametrize(("confirmed", "good_until"), [(3, 6), (5.9, 6), (6.5, 37)])
def test_a_victims_points_come_back_with_their_expiry(confirmed: float, good_until: int) -> None:
    """Their own, or where that has passed `restore_days` from then on."""
    lived = life(at_once(expiry=Expiry.FIXED, expiry_days=5), prices={"nib": 10})
    lived.hear(ORDER, asked(gift="nib"), reserved(), stolen(CONFIRMED, day=confirmed))
    (lot,) = lots_of(lived.said, PointsRestored)
    assert (lot.active, days_left(lot)) == (10, good_until)


def test_a_lot_is_kept_as_long_as_what_was_spent_of_it_may_come_back() -> None:
    """Two years old, spent yesterday by an intruder: it is still there to take its points back."""
    lived = life(at_once(), prices={"nib": 10})
    lived.hear(ORDER, asked(gift="nib", day=700), reserved(day=700.01))
    lived.hear(stolen(CONFIRMED, day=1_100))
    assert short(lived.said[-1]) == "restored x 10 =0/10/0"
    gone = life(at_once(), prices={"nib": 10})
    gone.hear(ORDER, asked(gift="nib", day=700), reserved(day=700.01))
    gone.wait(MEMBER, at(1_131))
    assert (list(gone.state.lots), list(gone.state.holds)) == ([], [])
    assert gone.hear(stolen(CONFIRMED, day=1_132)) == []


def test_lots_tell_that_they_wait() -> None:
    """A view can say why points are not active yet."""
    lived = life(rule())
    lived.hear(ORDER, disputed(5), resolved(20))
    lots = [lot for one in lived.said for lot in one.lots]  # type: ignore[attr-defined]
    assert [(lot.disputed, lot.activates_at) for lot in lots] == [
        (False, at(14)),
        (True, at(14)),
        (False, at(20)),
    ]


def test_what_is_said_of_an_order_is_bounded() -> None:
    """Whatever is said, of orders that never come or of one: the newest count, entries stay small."""
    lived = life(rule())
    lived.hear(ORDER)
    name = "n" * 110
    for n in range(3 * AWAITED_MOST):
        lived.hear(scored(order=f"{name}{n}", subject=f"{name}{n}", day=1 + n / 1000))
        lived.hear(scored(subject=f"{name}-{n}", day=1 + n / 1000))
        lived.hear(disputed(1 + n / 1000, id=f"{name}{n}"))
        lived.hear(closed(CONFIRMED, alert=f"{name}{n}", day=1 + n / 1000))
    assert len(lived.state.awaited) == AWAITED_MOST
    case = lived.state.lots["order:o"].case
    assert len(case.suspicions) == len(case.disputes) == len(case.confirmed) == WORDS_MOST
    assert max(stored(POINTS, lived.state)) < 32 * 1024
    lived.wait(MEMBER, at(1_000))
    assert (lived.state.awaited, list(lived.state.lots), lived.due()) == ({}, [], None)
