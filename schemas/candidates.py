"""The words of recommendation candidates: what travels between members and products, and what is offered.

A touch is a look at a product or a line of an order. Members tells products of touches and of what stood
around them; products answers with neighbours; members says the list that comes of it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from schemas.record import (
    IDENTIFIER,
    Cause,
    Event,
    MemberAction,
    MemberOutcome,
    Outcome,
    ProductAction,
    ProductId,
    ProductOutcome,
    Timestamp,
    Word,
    doc,
)

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, Meta(ge=0.0)]
ProductIds = Annotated[
    list[Annotated[str, Meta(**IDENTIFIER)]], doc("Products in their order.", max_length=100)
]


class Source(Word):
    """Where a candidate comes from."""

    UNKNOWN = "UNKNOWN"
    TOGETHER = "TOGETHER"
    ALIKE = "ALIKE"
    AGAIN = "AGAIN"
    TRENDING_DAY = "TRENDING_DAY"
    TRENDING_WEEK = "TRENDING_WEEK"
    NEW = "NEW"
    CONTENT = "CONTENT"


class Silence(Word):
    """How long ago a member last touched a product: the sources weigh differently then."""

    UNKNOWN = "UNKNOWN"
    SECONDS = "SECONDS"
    MINUTES = "MINUTES"
    HOURS = "HOURS"
    DAYS = "DAYS"
    STRANGER = "STRANGER"


class Purpose(Word):
    """What is looked for: something the member never touched, or anything."""

    UNKNOWN = "UNKNOWN"
    NOVEL = "NOVEL"
    ANY = "ANY"


# ---- actions -------------------------------------------------------------------------------------


class CandidatesShown(MemberAction, frozen=True, kw_only=True):
    """The platform showed these candidates to the member: what is shown again and again sinks."""

    product_ids: ProductIds


class CandidateClicked(MemberAction, frozen=True, kw_only=True):
    """The member opened a candidate that was shown."""

    product_id: ProductId


class CandidateDismissed(MemberAction, frozen=True, kw_only=True):
    """The member does not want to be offered this product again."""

    product_id: ProductId


class ConsentPurpose(Word):
    """What a member agrees to, or not."""

    UNKNOWN = "UNKNOWN"
    PERSONALISATION = "PERSONALISATION"
    MARKETING = "MARKETING"
    PROFILING = "PROFILING"
    SHARING = "SHARING"


class ConsentGiven(MemberAction, frozen=True, kw_only=True):
    """The member agrees; in force from the next event on."""

    purpose: ConsentPurpose
    text_version: Annotated[str, doc("Which text was agreed to.", max_length=100)] = ""


class ConsentWithdrawn(MemberAction, frozen=True, kw_only=True):
    """The member does not agree, or no longer."""

    purpose: ConsentPurpose


class ProductHidden(ProductAction, frozen=True, kw_only=True):
    """An operator takes a product out of all offers, or back in."""

    hidden: Annotated[bool, doc("False: offered again.")] = True


CANDIDATE_ACTIONS: tuple[type[Event], ...] = (
    CandidatesShown,
    CandidateClicked,
    CandidateDismissed,
    ConsentGiven,
    ConsentWithdrawn,
    ProductHidden,
)


# ---- members → products → members -------------------------------------------------------------------


class Occasion(Word):
    """Why a product is asked for its neighbours."""

    UNKNOWN = "UNKNOWN"
    LOOK = "LOOK"
    ORDER = "ORDER"
    LOG_IN = "LOG_IN"


Step = Annotated[float, doc("Where the touch lies on the member's scale of steps.", ge=0.0)]


class ListWanted(MemberOutcome, frozen=True, kw_only=True):
    """A list is wanted though no product answers: a first touch, or a day of silence after one."""

    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    stranger: Annotated[bool, doc("True: a first touch; a list that is there already is as good.")]


class ProductTouched(ProductOutcome, frozen=True, kw_only=True):
    """Members asks a product for its neighbours, when no look counts that would ask (ProductViewed)."""

    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    member_id: Annotated[str, doc("Who is to be answered.", **IDENTIFIER)]
    recent: Annotated[list[str], doc("Products the member touched before it, the newest first.")]
    place: Step = 0.0
    occasion: Annotated[Occasion, doc("An order, a log-in, or a look that counts no more.")] = (
        Occasion.UNKNOWN
    )
    asked: Annotated[int, doc("How many products are asked with it.", ge=1)] = 1


class Near(Struct, frozen=True, kw_only=True, gc=False):
    """A product in the surroundings of a touch."""

    product_id: ProductId
    touches: Annotated[int, doc("Touches of it, as it last told the member.", ge=0)] = 0


class TouchSurrounded(ProductOutcome, frozen=True, kw_only=True):
    """Members tells a product what stood around a touch of it, once no more can come."""

    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    before: Annotated[list[Near], doc("Touched before it, the nearest first.")]
    after: Annotated[list[Near], doc("Touched after it, the nearest first.")]
    first: Annotated[bool, doc("The member had not touched it before.")] = False


class NeighboursTold(MemberOutcome, frozen=True, kw_only=True):
    """A product answers a member's touch."""

    SAID_IN: ClassVar[str] = "products"
    KEPT: ClassVar[bool] = False
    product_id: ProductId
    touches: Annotated[int, doc("Touches of it whose surroundings it was told.", ge=0)]
    product_ids: Annotated[list[str], doc("Products that stand near it, the loudest first.")]
    together: Annotated[
        list[Weight], doc("How loud each is: by how often and how near both were touched.")
    ]
    alike: Annotated[list[Weight], doc("The same, in paths like that of the member who asks.")]
    place: Step = 0.0
    occasion: Annotated[Occasion, doc("Why it was asked.")] = Occasion.UNKNOWN
    asked: Annotated[int, doc("How many products were asked with it.", ge=1)] = 1
    kin_ids: Annotated[
        list[str], doc("Others that are described like it, the most alike first.")
    ] = field(default_factory=list)
    kin_weights: Annotated[list[Weight], doc("How loud each of these is.")] = field(
        default_factory=list
    )
    reference: Annotated[
        list[int] | None,
        doc("Of a sample: item-kNN's list as marks, to be judged by the next touch."),
    ] = None


class NeighboursChanged(ProductOutcome, frozen=True, kw_only=True):
    """What a product's page shows beside it: touched together with it, the strongest first."""

    product_ids: Annotated[list[str], doc("Touched together with it most often.")]
    similar_ids: Annotated[
        list[str], doc("Touched together with it more often than all touch them.")
    ] = field(default_factory=list)


# ---- the list of a member ------------------------------------------------------------------------------


class Candidate(Struct, frozen=True, kw_only=True, gc=False):
    """A product offered to a member, and why."""

    product_id: ProductId
    source: Annotated[Source, doc("The source that gives it most of its score.")]
    reason_product_id: Annotated[
        str | None, doc("The touched product that speaks for it most; none: no single one.")
    ] = None
    score: Annotated[Share, doc("Estimated probability of being the next one touched.")]


class CandidatesChanged(MemberOutcome, frozen=True, kw_only=True):
    """The member's candidates from now on, the best first."""

    candidates: Annotated[list[Candidate], doc("The best first.")]
    personal: Annotated[bool, doc("False: the member refused; what all touch.")] = True
    version: Annotated[int, doc("Of the mixture's weights; 0: as assumed at first.", ge=0)] = 0
    degraded: Annotated[
        bool, doc("True: no product has told its neighbours yet; what all touch.")
    ] = False


# ---- what is learned ---------------------------------------------------------------------------------


class TouchExplained(Outcome, frozen=True, kw_only=True):
    """An example: how likely each source held a product, just before a member touched it."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    model: Annotated[str, doc("The model that learns from it: candidates.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    purpose: Purpose
    silence: Silence
    sources: Annotated[list[Source], doc("The sources that held any product.")]
    shares: Annotated[list[Share], doc("Probability of the touched product by each.")]
    contrasts: Annotated[
        list[float],
        doc(
            "By how much the logarithm of each source's probability is above what was expected. Empty: no "
            "source held it, or it stood among the first."
        ),
    ] = field(default_factory=list)
    contrast_of_sum: Annotated[float, doc("The same of the weighted sum of the sources.")] = 0.0
    contrasts_of_reach: Annotated[
        list[float], doc("The same of how many members it was new to: of late, and ever.")
    ] = field(default_factory=list)


class Answer(Word):
    """What a member did with a candidate."""

    UNKNOWN = "UNKNOWN"
    SHOWN = "SHOWN"
    CLICKED = "CLICKED"
    BOUGHT = "BOUGHT"
    DISMISSED = "DISMISSED"


Marks = Annotated[list[int], doc("Products by four bytes of a hash.")]


class ListJudged(Outcome, frozen=True, kw_only=True):
    """What a member's list was worth, at their next touch: a sample of touches."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    model: Annotated[str, doc("candidates.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    rank: Annotated[int | None, doc("Of the first touched product on the list; none: a miss.")]
    source: Annotated[Source | None, doc("Which put it there.")]
    popular_rank: Annotated[int | None, doc("Its rank in what all touch, known products left out.")]
    offered: Marks
    touched: Marks
    diversity: Annotated[Share, doc("Chance that two candidates have different reasons.")]
    popular: Annotated[int, doc("Candidates among the 20 that all touch most in a week.", ge=0)]
    unpopular: Annotated[int, doc("Candidates beyond the 100 of the week's list.", ge=0)]
    knn_rank: Annotated[
        int | None, doc("Its rank in item-kNN's list, known products left out.")
    ] = None


class CandidatesAnswered(Outcome, frozen=True, kw_only=True):
    """A member was shown candidates, opened one, bought one after that, or refused one."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "members"
    KEPT: ClassVar[bool] = False
    model: Annotated[str, doc("candidates.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    answer: Answer
    sources: Annotated[list[Source], doc("One for each candidate; UNKNOWN: it was not offered.")]


class SourceAnswers(Struct, frozen=True, kw_only=True):
    """What members did with the candidates of a source within a day."""

    source: Source
    hits: Annotated[int, doc("Judged touches that it had put on the list.", ge=0)]
    shown: Annotated[int, doc("Candidates shown.", ge=0)]
    clicked: Annotated[int, doc("Of them opened.", ge=0)]
    bought: Annotated[int, doc("Of them bought within a week of that.", ge=0)]
    dismissed: Annotated[int, doc("Refused for good.", ge=0)]


class CandidatesMeasured(Outcome, frozen=True, kw_only=True):
    """A day's prequential quality, as far as it has come: the list stood before the touch that judged it."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "training"
    model: Annotated[str, doc("candidates.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    day: Annotated[str, doc("Day of the touches, UTC, such as 2011-12-09.")]
    lists: Annotated[int, doc("Lists judged: a sample of touches.", ge=0)]
    hit_rate: Annotated[Share, doc("Share of lists, of 20, that held a touched product.")]
    mrr: Annotated[Share, doc("Mean of 1 / rank; 0 for a miss.")]
    popular_hit_rate: Annotated[Share, doc("The same of what all touch at that moment.")]
    popular_mrr: Share
    offered_products: Annotated[int, doc("Different products on lists, estimated.", ge=0)]
    touched_products: Annotated[int, doc("Different products touched, estimated.", ge=0)]
    diversity: Annotated[Share, doc("Chance that two candidates have different reasons, mean.")]
    popularity_bias: Annotated[
        Share, doc("Share of candidates among the 20 that all touch most in a week.")
    ]
    novelty: Annotated[Share, doc("Share of candidates beyond the 100 most touched of the week.")]
    sources: Annotated[list[SourceAnswers], doc("By source.")]
    knn_hit_rate: Annotated[
        float | None, doc("Share of the same lists in which item-kNN's held a touched product.")
    ] = None
    knn_mrr: Annotated[float | None, doc("The same mean of 1 / rank.")] = None


class MixtureWeights(Struct, frozen=True, kw_only=True):
    """How much each source weighs in one situation."""

    purpose: Purpose
    silence: Silence
    sources: Annotated[list[Source], doc("The sources.")]
    logits: Annotated[list[float], doc("Weights are softmax of these.")]
    power: Annotated[float, doc("Exponent of the weighted sum.")] = 1.0
    exponents: Annotated[list[float], doc("Exponent of each source's probability.")] = field(
        default_factory=list
    )
    examples: Annotated[int, doc("Examples of this situation that it learned from.", ge=0)] = 0
    of_reach: Annotated[
        list[float], doc("Exponents of how many members it was new to: of late, and ever.")
    ] = field(default_factory=list)


class MixturePublished(Outcome, frozen=True, kw_only=True):
    """A snapshot of the mixture: every members partition mixes with the last."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "training"
    TOPIC: ClassVar[str] = "models"
    BROADCAST: ClassVar[bool] = True
    model: Annotated[str, doc("The model: candidates.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    version: Annotated[int, doc("Counted from 1.", ge=1)]
    examples: Annotated[int, doc("Examples learned from.", ge=1)]
    weights: Annotated[list[MixtureWeights], doc("One a situation that was met.")]


class ProductTrended(Outcome, frozen=True, kw_only=True):
    """Products tells the trends that a product's weight in a hot list rose, or that it is new."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "products"
    KEPT: ClassVar[bool] = False
    model: Annotated[str, doc("Who hears it: trends.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    product_id: ProductId
    log2_day: Annotated[float, doc("Forward-decayed, as in ProductHeated; below 0: none.")] = -1.0
    log2_week: Annotated[float, doc("The same.")] = -1.0
    listed_at: Annotated[
        int | None, doc("Set once: it is new, offered from then on.", avro="timestamp-millis")
    ] = None
    log2_reach: Annotated[
        float,
        doc("Members to whom it was new, forward-decayed with a week's half-life; below 0: none."),
    ] = -1.0
    members: Annotated[int, doc("Members who ever touched it.", ge=0)] = 0


class Trend(Struct, frozen=True, kw_only=True):
    """A product's place in a list of what all touch."""

    product_id: ProductId
    share: Annotated[Share, doc("Of the list's whole weight.")]


class TrendsPublished(Outcome, frozen=True, kw_only=True):
    """What all touch now: every members partition holds the last."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "training"
    TOPIC: ClassVar[str] = "models"
    BROADCAST: ClassVar[bool] = True
    model: Annotated[str, doc("trends.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    day: Annotated[list[Trend], doc("By the half-life of a day.")]
    week: Annotated[list[Trend], doc("By the half-life of a week.")]
    new: Annotated[list[str], doc("Products listed of late, the newest first.")]


class ReachPublished(Outcome, frozen=True, kw_only=True):
    """Whom the strongest products reach, in parallel lists: every members partition holds the last."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "training"
    TOPIC: ClassVar[str] = "models"
    BROADCAST: ClassVar[bool] = True
    model: Annotated[str, doc("reach.")]
    occurred_at: Timestamp
    caused_by: Cause = ""
    marks: Marks
    recent: Annotated[list[float], doc("Members to whom it was new, half as many each week.")]
    members: Annotated[list[int], doc("Members who ever touched it.")]


class AvailabilityChanged(Outcome, frozen=True, kw_only=True):
    """A product can be offered, or no longer: hidden, or out of stock."""

    KEY: ClassVar[str] = "product_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "products"
    TOPIC: ClassVar[str] = "models"
    BROADCAST: ClassVar[bool] = True
    product_id: ProductId
    occurred_at: Timestamp
    caused_by: Cause = ""
    available: bool


CANDIDATE_OUTCOMES: tuple[type[Outcome], ...] = (
    ListWanted,
    ProductTouched,
    TouchSurrounded,
    NeighboursTold,
    NeighboursChanged,
    CandidatesChanged,
    TouchExplained,
    ListJudged,
    CandidatesAnswered,
    CandidatesMeasured,
    MixturePublished,
    ProductTrended,
    TrendsPublished,
    ReachPublished,
    AvailabilityChanged,
)
