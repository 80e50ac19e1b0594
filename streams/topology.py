"""The whole process on one screen: which stage has which agents and tables, in which order they hear.

To add an agent is to add its name here. Words come from schemas/, behaviour from agents/; who hears
what follows from `listens_to`, and what must travel between keys from the records' own key and stage.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents import Stage
from agents.board_windows import BOARD_WINDOWS
from agents.campaigns.definitions import CAMPAIGNS
from agents.campaigns.targeting import TARGETING
from agents.candidates.assortment import ASSORTMENT, OFFER
from agents.candidates.content import CONTENT
from agents.candidates.features import FEATURES
from agents.candidates.neighbours import NEIGHBOURS
from agents.candidates.offers import OFFERS
from agents.candidates.quality import OFFER_QUALITY
from agents.candidates.reach import REACHED
from agents.candidates.touches import TOUCHES
from agents.candidates.training import MIXING, MIXTURES
from agents.candidates.trends import GATHERING, TRENDING, TRENDS
from agents.friends.circle import FRIENDS
from agents.gifts import GIFTS
from agents.interests import INTERESTS
from agents.loyalty.models import LOYALTY_MODELS
from agents.loyalty.quality import LOYALTY_QUALITY
from agents.loyalty.scoring import LOYALTY
from agents.loyalty.training import LOYALTY_TRAINING
from agents.members import MEMBERS as ENROLMENT
from agents.orders import ORDERS
from agents.persona.portrait import PERSONA
from agents.persona.prices import PRICES
from agents.points import POINTS
from agents.popularity import OF_PRODUCTS, OF_TERMS
from agents.rankings import RANKINGS
from agents.redemptions import REDEMPTIONS
from agents.risk.alert_budget import ALERT_BUDGET
from agents.risk.alerts import ALERTS
from agents.risk.examination import RISK
from agents.risk.models import MODELS
from agents.risk.rules import RISK_RULES
from agents.risk.tokens import TOKENS as OF_TOKENS
from agents.risk.training import TRAINING as LEARNING
from agents.rules import RULES
from agents.segments.definitions import SEGMENTS
from agents.segments.membership import MEMBERSHIP
from agents.stock import STOCK
from agents.tiers.rules import TIER_RULES
from agents.tiers.standing import TIERS
from streams.plan import Topology

MEMBERS = Stage(
    name="members",
    key="member_id",
    agents=(
        ENROLMENT,
        ORDERS,
        RISK,
        ALERTS,
        TIERS,
        POINTS,
        REDEMPTIONS,
        RANKINGS,
        FRIENDS,
        INTERESTS,
        LOYALTY,
        PERSONA,
        MEMBERSHIP,
        TARGETING,
        TOUCHES,
        OFFERS,
    ),
    tables=(
        RULES,
        GIFTS,
        BOARD_WINDOWS,
        RISK_RULES,
        MODELS,
        ALERT_BUDGET,
        LOYALTY_MODELS,
        TIER_RULES,
        PRICES,
        SEGMENTS,
        CAMPAIGNS,
        TRENDS,
        REACHED,
        MIXTURES,
        ASSORTMENT,
    ),
)
PRODUCTS = Stage(
    name="products",
    key="product_id",
    agents=(STOCK, OFFER, OF_PRODUCTS, CONTENT, NEIGHBOURS, TRENDING),
)
SEARCHES = Stage(name="searches", key="term", agents=(OF_TERMS, FEATURES))
TOKENS = Stage(name="tokens", key="token", agents=(OF_TOKENS,))
TRAINING = Stage(
    name="training",
    key="model",
    agents=(
        LEARNING,
        LOYALTY_TRAINING,
        LOYALTY_QUALITY,
        GATHERING,
        MIXING,
        OFFER_QUALITY,
    ),
)
STAGES = (MEMBERS, PRODUCTS, SEARCHES, TOKENS, TRAINING)


def topology(
    partitions: Mapping[str, int] | int,
    *,
    prefix: str = "",
    dead_letter_partitions: int = 1,
) -> Topology:
    """All stages over so many partitions: one number, or one for each stage by name."""
    counts = (
        {stage.name: partitions for stage in STAGES} if isinstance(partitions, int) else partitions
    )
    return Topology(STAGES, counts, prefix, dead_letter_partitions)
