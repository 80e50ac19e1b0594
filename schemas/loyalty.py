"""The words of loyalty: what is concluded of a member's purchases, and what is learned from them.

A score and an example carry the figures from which they follow, so that either can be computed again from
the record alone. Money is in major units there (minor units / 100), as a logarithm.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from schemas.record import Cause, MemberId, MemberOutcome, Outcome, Timestamp, doc

Days = Annotated[float, Meta(ge=0.0)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Faded = Annotated[float, doc("How many, each counted half for every 12 weeks since.", ge=0.0)]


class PurchaseFigures(Struct, frozen=True, kw_only=True):
    """What a member's kept purchases look like at a moment; orders of one UTC day are one purchase."""

    purchase_days: Annotated[int, doc("Days with a purchase.", ge=1)]
    silent_days: Annotated[float, doc("Days since the last purchase.", ge=0.0)]
    member_days: Annotated[float, doc("Days since the first purchase.", ge=0.0)]
    log_amount: Annotated[
        float, doc("Mean over the orders of ln(1 + amount), in major units of the currency.")
    ]
    recent_purchases: Annotated[
        float, doc("Purchase days, each counted half for every 32 weeks since.", ge=0.0)
    ]


class LoyaltyScored(MemberOutcome, frozen=True, kw_only=True):
    """A member's loyalty at this moment: said at each purchase, at each loss of one, and weekly."""

    probability: Annotated[
        Probability | None,
        doc("Chance of another purchase within horizon_days; none: no purchase is kept."),
    ] = None
    horizon_days: Annotated[int, doc("Days that the probability is about.", ge=1)]
    model_version: Annotated[
        int, doc("Version of the model; 0: what is assumed before anything was learned.", ge=0)
    ] = 0
    probability_fresh: Annotated[
        Probability | None,
        doc(
            "The same chance by the same model, had the last purchase just been: silence took the rest."
        ),
    ] = None
    figures: Annotated[
        PurchaseFigures | None, doc("What the probability follows from; none: no purchase.")
    ] = None
    first_purchase_at: Annotated[
        int | None, doc("First kept purchase: it names the cohort.", avro="timestamp-millis")
    ] = None
    repeat_purchases: Annotated[int, doc("Purchase days after the first.", ge=0)] = 0
    repeats_a_year: Annotated[
        float | None,
        doc("repeat_purchases by years since the first purchase; none: under 28 days."),
    ] = None
    interval_days: Annotated[
        Days | None, doc("Mean days between purchase days; none: fewer than two.")
    ] = None
    interval_spread_days: Annotated[
        Days | None,
        doc("Standard deviation (population) of those; none: fewer than three purchase days."),
    ] = None
    retained_7: Annotated[
        bool | None, doc("Bought again within 7 days of the first; none: not yet known.")
    ] = None
    retained_30: Annotated[bool | None, doc("The same within 30 days.")] = None
    retained_90: Annotated[bool | None, doc("The same within 90 days.")] = None
    recent_log_ins: Annotated[
        float, doc("Log-ins, each counted half for every 4 weeks since.", ge=0.0)
    ] = 0.0
    recent_reviews: Faded = 0.0
    recent_comments: Faded = 0.0
    recent_likes: Faded = 0.0
    recent_shares: Faded = 0.0
    recent_rating: Annotated[
        float | None, doc("Mean stars of the reviews, newer ones weighing more; none: no review.")
    ] = None
    review_sentiment: Annotated[
        float | None,
        doc("Mean sentiment of the reviews, -1 to 1, weighed the same; none: unknown."),
    ] = None


class LoyaltyObserved(Outcome, frozen=True, kw_only=True):
    """An example: how a member stood `horizon_days` ago, and whether a purchase came since."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    model: Annotated[str, doc("The model that learns from it: loyalty.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    member_id: MemberId
    horizon_days: Annotated[int, doc("Age at which every example of this horizon is told.", ge=1)]
    figures: PurchaseFigures
    bought: Annotated[bool, doc("True: a purchase came within the horizon and is kept.")]
    probability: Annotated[
        Probability | None,
        doc("Chance of that as it was said then; none: it was not kept for this horizon."),
    ] = None
    model_version: Annotated[int, doc("Version of the model that said it.", ge=0)] = 0


class LoyaltyModelPublished(Outcome, frozen=True, kw_only=True):
    """A snapshot of the loyalty model as plain data: every members partition scores with the last."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "training"
    TOPIC: ClassVar[str] = "models"
    BROADCAST: ClassVar[bool] = True
    model: Annotated[str, doc("The model: loyalty.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    version: Annotated[int, doc("Counted from 1.", ge=1)]
    features: Annotated[list[str], doc("Names of the features, in the order of the weights.")]
    weights: Annotated[list[float], doc("Log-odds for each unit of the feature.")]
    examples: Annotated[int, doc("Examples learned from.", ge=1)]
    bought: Annotated[int, doc("Those with a purchase.", ge=0)]
    brier: Annotated[
        float | None,
        doc("Mean squared error, prequential, of the examples since the last snapshot."),
    ] = None


class ChancesInTenth(Struct, frozen=True, kw_only=True):
    """Chances of one tenth, beside what came of them; the last tenth holds 1."""

    chances: Annotated[int, doc("Chances said in it.", ge=0)]
    probability: Annotated[
        Probability | None, doc("Their mean: what was foretold; none: there is no chance in it.")
    ] = None
    bought: Annotated[int, doc("Of them members who bought again in time.", ge=0)]


class LoyaltyMeasured(Outcome, frozen=True, kw_only=True):
    """How good a week's chances were, as far as answers are known: said then, judged 13 weeks later."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "training"
    model: Annotated[str, doc("The model: loyalty.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    week: Annotated[str, doc("Monday of the week in which they were said, UTC.")]
    horizon_days: Annotated[int, doc("Days that the chances were about.", ge=1)]
    chances: Annotated[int, doc("Chances judged: one in six weeks of a member.", ge=1)]
    bought: Annotated[int, doc("Of them members who bought again in time.", ge=0)]
    auc: Annotated[
        Probability | None,
        doc("Chance that who bought was ranked above who did not; none without either."),
    ] = None
    brier: Annotated[Probability, doc("Mean squared error of the chances.")]
    base_brier: Annotated[
        Probability, doc("The same of saying the share that bought of everybody.")
    ]
    ece: Annotated[
        Probability, doc("Mean distance between what was said and what came, over tenths.")
    ]
    tenths: Annotated[list[ChancesInTenth], doc("Chances under 0.1, 0.2 …: ten.")]


LOYALTY_OUTCOMES: tuple[type[Outcome], ...] = (
    LoyaltyScored,
    LoyaltyObserved,
    LoyaltyModelPublished,
    LoyaltyMeasured,
)
