"""The words of risk: what is said of log-ins and payments, what is concluded, what a fraud team answers.

Actions and outcomes of risk stand together here, as they share their parts. Devices, cards, addresses and
networks travel as tokens: a keyed hash that the platform made, never the thing itself.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from schemas.record import (
    IDENTIFIER,
    Amount,
    Cause,
    Currency,
    Event,
    MemberAction,
    MemberId,
    MemberOutcome,
    OrderId,
    Outcome,
    Timestamp,
    Word,
    doc,
)

Token = Annotated[str, Meta(**IDENTIFIER)]
Device = Annotated[Token | None, doc("Token of the device; none: not known.")]
Card = Annotated[Token | None, doc("Token of the card or account that paid; none: not known.")]
Address = Annotated[Token | None, doc("Token of the delivery address; none: not known.")]
Network = Annotated[
    Token | None, doc("Token of the network prefix of the IP address; none: not known.")
]
Country = Annotated[
    Token | None, doc("ISO 3166 code of the country it came from; none: not known.")
]
PaymentId = Annotated[str, doc("The payment, named by the platform.", **IDENTIFIER)]
MaybePayment = Annotated[Token | None, doc("The payment, if it is about one.")]
MaybeOrder = Annotated[Token | None, doc("The order, if it is about one.")]
DisputeId = Annotated[str, doc("The dispute, named by the platform.", **IDENTIFIER)]
AlertId = Annotated[
    str, doc("The alert; derived from member, kind and first evidence.", **IDENTIFIER)
]
RiskRuleId = Annotated[str, doc("The risk rule.", **IDENTIFIER)]
ModelName = Annotated[str, doc("The model, such as payment.", **IDENTIFIER)]
Points1000 = Annotated[int, doc("0 (none) to 1000 (certain).", ge=0, le=1_000)]
Probability = Annotated[float, doc("0 to 1.", ge=0.0, le=1.0)]


# ---- words in lists --------------------------------------------------------------------------------


class AbuseKind(Word):
    """Kinds of abuse; an alert is of one."""

    UNKNOWN = "UNKNOWN"
    PAYMENT = "PAYMENT"
    ACCOUNT_TAKEOVER = "ACCOUNT_TAKEOVER"
    PROMOTION = "PROMOTION"
    REFERRAL = "REFERRAL"
    POINTS = "POINTS"
    REVIEW = "REVIEW"
    REFUND = "REFUND"
    CREDIT = "CREDIT"


class Verdict(Word):
    """What is to be done; in rising order, so the strictest of several holds."""

    UNKNOWN = "UNKNOWN"
    ALLOW = "ALLOW"
    CHALLENGE = "CHALLENGE"
    REVIEW = "REVIEW"
    HOLD = "HOLD"
    BLOCK = "BLOCK"


class Judgement(Word):
    """What an analyst found."""

    UNKNOWN = "UNKNOWN"
    CONFIRMED = "CONFIRMED"
    CLEARED = "CLEARED"


class LabelSource(Word):
    """Who says that a payment was fraud or not; in rising rank: a later source of higher rank corrects."""

    UNKNOWN = "UNKNOWN"
    HORIZON = "HORIZON"
    DISPUTE = "DISPUTE"
    CHARGEBACK = "CHARGEBACK"
    ANALYST = "ANALYST"


class TokenRole(Word):
    """What a token stands for."""

    UNKNOWN = "UNKNOWN"
    TERMINAL = "TERMINAL"
    PRODUCT = "PRODUCT"
    DEVICE = "DEVICE"
    CARD = "CARD"
    ADDRESS = "ADDRESS"
    NETWORK = "NETWORK"


class Number(Struct, frozen=True, kw_only=True):
    """A named figure: a number that the platform sends along, or a feature that has a value."""

    name: Annotated[str, doc("Name.", **IDENTIFIER)]
    value: Annotated[float, doc("Value, in the unit that its documentation names.")]


# ---- actions ---------------------------------------------------------------------------------------


class LoggedIn(MemberAction, frozen=True, kw_only=True):
    """A member logged in."""

    device: Device = None
    network: Network = None
    country: Country = None


class LogInFailed(MemberAction, frozen=True, kw_only=True):
    """Somebody tried to log in as this member and failed."""

    device: Device = None
    network: Network = None
    country: Country = None


class PaymentCaptured(MemberAction, frozen=True, kw_only=True):
    """Money was taken. All but the amount is optional: what is not known is missing, not zero."""

    payment_id: PaymentId
    amount_minor: Amount
    currency: Currency
    order_id: MaybeOrder = None
    terminal_id: Annotated[Token | None, doc("Where it was paid.")] = None
    product_id: Annotated[Token | None, doc("What was paid for, where it is one thing.")] = None
    device: Device = None
    card: Card = None
    address: Address = None
    network: Network = None
    country: Country = None
    numbers: Annotated[
        list[Number], doc("What else the platform knows, as numbers.", max_length=100)
    ] = field(default_factory=list)


class PaymentFailed(MemberAction, frozen=True, kw_only=True):
    """A payment was tried and did not go through."""

    payment_id: PaymentId
    amount_minor: Amount
    currency: Currency
    reason: Annotated[str, doc("The processor's word for it.", max_length=100)] = ""
    order_id: MaybeOrder = None
    terminal_id: Annotated[Token | None, doc("Where it was tried.")] = None
    device: Device = None
    card: Card = None
    address: Address = None
    network: Network = None
    country: Country = None


class CouponApplied(MemberAction, frozen=True, kw_only=True):
    """A coupon lowered the price of an order."""

    coupon_id: Annotated[str, doc("The coupon or its code.", **IDENTIFIER)]
    order_id: MaybeOrder = None
    discount_minor: Amount
    currency: Currency


class FriendInvited(MemberAction, frozen=True, kw_only=True):
    """A member invited somebody."""

    invitation_id: Annotated[str, doc("The invitation.", **IDENTIFIER)]


class InvitationAccepted(MemberAction, frozen=True, kw_only=True):
    """A new member came by an invitation; the key is the new member."""

    invitation_id: Annotated[str, doc("The invitation.", **IDENTIFIER)]
    inviter_id: Annotated[str, doc("Who invited.", **IDENTIFIER)]
    device: Device = None
    card: Card = None
    address: Address = None
    network: Network = None


class DisputeKind(Word):
    """What a dispute says; only NOT_ME speaks of fraud."""

    UNKNOWN = "UNKNOWN"
    NOT_ME = "NOT_ME"
    NOT_RECEIVED = "NOT_RECEIVED"
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"


class DisputeOpened(MemberAction, frozen=True, kw_only=True):
    """A member disputes a payment or an order."""

    dispute_id: DisputeId
    kind: DisputeKind
    payment_id: MaybePayment = None
    order_id: MaybeOrder = None


class DisputeResolved(MemberAction, frozen=True, kw_only=True):
    """A dispute ended; upheld: the member was right."""

    dispute_id: DisputeId
    kind: DisputeKind
    upheld: Annotated[bool, doc("True: the member was right.")]
    payment_id: MaybePayment = None
    order_id: MaybeOrder = None


class ChargebackReceived(MemberAction, frozen=True, kw_only=True):
    """The bank took a payment back."""

    payment_id: PaymentId
    fraud: Annotated[bool, doc("True: the bank's reason is fraud.")] = True


class AlertJudged(MemberAction, frozen=True, kw_only=True):
    """An analyst judged an alert; the last one counts, and it may come late."""

    alert_id: AlertId
    judgement: Judgement
    analyst: Annotated[str, doc("Who judged: an operator's id.", **IDENTIFIER)]
    reason: Annotated[str, doc("Why, for others to read.", max_length=500)] = ""


class AlertBudgetChanged(Event, frozen=True, kw_only=True):
    """An operator set how many alerts of a kind a day may open; what is beyond is suppressed."""

    KEY: ClassVar[str] = "kind"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    kind: AbuseKind
    occurred_at: Timestamp
    alerts_a_day: Annotated[
        int, doc("Over all partitions; each has an equal share, rounded up.", ge=0, le=10**9)
    ]
    changed_by: Annotated[str, doc("The operator.", **IDENTIFIER)]


class RiskRule(Struct, frozen=True, kw_only=True):
    """A rule over the features of a payment or of a member's doings: what holds, and what then."""

    expression: Annotated[
        str, doc("True or false over features, in the documented language.", max_length=2_000)
    ]
    kind: AbuseKind
    weight: Points1000
    reason: Annotated[str, doc("Why, for people.", min_length=1, max_length=200)]
    verdict: Verdict
    shadow: Annotated[bool, doc("True: it is counted and said, and has no effect.")] = False
    snoozed_until: Annotated[
        int | None, doc("It has no effect before this moment.", avro="timestamp-millis")
    ] = None
    snoozed_by: Annotated[str | None, doc("Who snoozed it.")] = None
    retired: Annotated[bool, doc("True: it ends with this version.")] = False
    blocked_share_most: Annotated[
        Annotated[float, Meta(ge=0.0, le=1.0)] | None,
        doc(
            "Kill switch: the rule has no more effect for the rest of the day once it has stopped more than "
            "this share of the day's payments (0 to 1) of a partition; none: no switch.",
        ),
    ] = 0.1


class RiskRuleChanged(Event, frozen=True, kw_only=True):
    """An operator set a version of a risk rule; it applies from `effective_at` on."""

    KEY: ClassVar[str] = "rule_id"
    STAGE: ClassVar[str] = "members"
    BROADCAST: ClassVar[bool] = True
    rule_id: RiskRuleId
    occurred_at: Timestamp
    version: Annotated[int, doc("Counted from 1.", ge=1)]
    effective_at: Timestamp
    changed_by: Annotated[str, doc("The operator.", **IDENTIFIER)]
    rule: Annotated[RiskRule, doc("What holds.")]


class ModelChosen(Event, frozen=True, kw_only=True):
    """An operator made a variant of a model the champion, or went back to an earlier version of it."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    model: ModelName
    occurred_at: Timestamp
    variant: Annotated[str, doc("The variant that decides from now on.", **IDENTIFIER)]
    version: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        doc("Its version to go back to; none: as it has learned so far."),
    ] = None
    chosen_by: Annotated[str, doc("The operator.", **IDENTIFIER)]


class QualityReported(Event, frozen=True, kw_only=True):
    """Somebody measured another model's day on the same payments, such as a batch model's."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    model: ModelName
    occurred_at: Timestamp
    variant: Annotated[str, doc("A name of its own, such as batch.", **IDENTIFIER)]
    day: Annotated[
        str, doc("Day of the payments, UTC, such as 2011-12-09.", pattern=r"^\d{4}-\d{2}-\d{2}$")
    ]
    payments: Annotated[int, doc("Labelled payments of the day.", ge=0)]
    frauds: Annotated[int, doc("Fraud among them.", ge=0)]
    auc: Annotated[float | None, doc("Area under the ROC curve; none: one class only.")] = None
    average_precision: Annotated[float | None, doc("None without fraud.")] = None
    precision_100: Annotated[
        float | None, doc("Share of fraud among the day's 100 highest members.")
    ] = None
    brier: Annotated[float | None, doc("Mean squared error of the probability.")] = None


RISK_ACTIONS: tuple[type[Event], ...] = (
    LoggedIn,
    LogInFailed,
    PaymentCaptured,
    PaymentFailed,
    CouponApplied,
    FriendInvited,
    InvitationAccepted,
    DisputeOpened,
    DisputeResolved,
    ChargebackReceived,
    AlertJudged,
    AlertBudgetChanged,
    RiskRuleChanged,
    ModelChosen,
    QualityReported,
)


# ---- outcomes: members ↔ tokens --------------------------------------------------------------------


class TokenOutcome(Outcome, frozen=True, kw_only=True):
    """First fields of what is said to a token."""

    KEY: ClassVar[str] = "token"
    STAGE: ClassVar[str] = "tokens"
    SAID_IN: ClassVar[str] = "members"
    token: Annotated[str, doc("Role and token, such as DEVICE:4f0c….", min_length=1)]
    occurred_at: Timestamp
    caused_by: Cause = ""


class TokenPresented(TokenOutcome, frozen=True, kw_only=True):
    """A member used a token for a payment (or an acceptance); the token answers `TokenAssessed`."""

    KEPT: ClassVar[bool] = False
    member_id: MemberId
    payment_id: PaymentId
    role: TokenRole
    amount_minor: Amount
    kind: Annotated[
        AbuseKind, doc("Why: a payment, or an acceptance or a log-in by the id of its action.")
    ] = AbuseKind.PAYMENT
    companion_id: Annotated[
        str | None, doc("Another member of whom it is asked: did they use this token? The inviter.")
    ] = None


class TokenLabelled(TokenOutcome, frozen=True, kw_only=True):
    """What became of a payment with this token."""

    member_id: MemberId
    payment_id: PaymentId
    paid_at: Timestamp
    fraud: bool
    evidence: Annotated[
        float, doc("The part of the label that the member's own side did not explain, 0 to 1.")
    ]
    corrects: Annotated[
        float | None, doc("The evidence of an earlier label of this payment; none: the first.")
    ] = None


class TokenAssessed(MemberOutcome, frozen=True, kw_only=True):
    """What the token's history says at the moment of the payment."""

    SAID_IN: ClassVar[str] = "tokens"
    KEPT: ClassVar[bool] = False
    payment_id: PaymentId
    role: TokenRole
    features: Annotated[list[Number], doc("Features with a value; a missing one is missing.")]
    kind: Annotated[AbuseKind, doc("What is examined, as it was asked.")] = AbuseKind.PAYMENT


class Disregard(Word):
    """Why something that was said of a payment has no effect, or why a payment is let go of."""

    UNKNOWN = "UNKNOWN"
    ALREADY_POSTED = "ALREADY_POSTED"
    CONFLICTS = "CONFLICTS"
    UNKNOWN_PAYMENT = "UNKNOWN_PAYMENT"
    TOO_MANY = "TOO_MANY"


class PaymentDisregarded(MemberOutcome, frozen=True, kw_only=True):
    """A payment that was told before, a label for one that is not known, or one too many to wait for."""

    payment_id: Annotated[str | None, doc("The payment; none: the order says which.")] = None
    order_id: Annotated[str | None, doc("The order, if that was named.")] = None
    reason: Disregard
    label: Annotated[
        LabelSource | None, doc("Who spoke, if it was said what became of it; none: a payment.")
    ] = None


class Contest(Word):
    """What became of a payment that somebody objects to."""

    UNKNOWN = "UNKNOWN"
    DISPUTED = "DISPUTED"
    SETTLED = "SETTLED"
    TAKEN_BACK = "TAKEN_BACK"


class PaymentContested(MemberOutcome, frozen=True, kw_only=True):
    """A payment is disputed, or no longer, or the bank took it back: what that means for its order.

    Said where only the payment was named and its order is known.
    """

    payment_id: PaymentId
    order_id: OrderId
    contest: Contest
    dispute_id: Annotated[str | None, doc("The dispute; none: a chargeback.")] = None


# ---- outcomes: scores and alerts -------------------------------------------------------------------


class RiskReason(Struct, frozen=True, kw_only=True):
    """A part of a score; all parts add up to it."""

    reason: Annotated[str, doc("For people.")]
    source: Annotated[str, doc("The feature (`feature:…`), the rule (`rule:…`) or `base`.")]
    contribution: Annotated[int, doc("Points of the score, negative ones speak for the member.")]


class RuleFired(Struct, frozen=True, kw_only=True):
    """A rule that held."""

    rule_id: RiskRuleId
    version: int
    shadow: Annotated[bool, doc("True: without effect (shadow, snoozed or switched off).")] = False


class UsedWeight(Struct, frozen=True, kw_only=True):
    """A feature of decision time and the model's weight of the bin it fell into."""

    name: Annotated[str, doc("The feature.")]
    value: Annotated[float | None, doc("Its value; none: it was missing.")] = None
    weight: Annotated[float, doc("Log-odds that it added.")]


class FraudScored(MemberOutcome, frozen=True, kw_only=True):
    """The score of a payment, or of what the member did, at that moment."""

    kind: AbuseKind
    subject_id: Annotated[str, doc("The payment, or the id of the action that was scored.")]
    order_id: Annotated[str | None, doc("The order, if it is about one.")] = None
    redemption_id: Annotated[str | None, doc("The redemption, if it is about one.")] = None
    amount_minor: Annotated[int | None, doc("Money at stake, if any.")] = None
    currency: Annotated[str | None, doc("ISO 4217 code, if money is at stake.")] = None
    score: Points1000
    verdict: Verdict
    probability: Annotated[
        float | None, doc("What the champion said, 0 to 1; none: no model for this kind yet.")
    ] = None
    challengers: Annotated[list[Number], doc("What each challenger would have said, 0 to 1.")] = (
        field(default_factory=list)
    )
    reasons: Annotated[list[RiskReason], doc("In falling order of size.")]
    rules: Annotated[list[RuleFired], doc("The rules that held.")] = field(default_factory=list)
    model: Annotated[str | None, doc("Name of the model, if one was asked.")] = None
    variant: Annotated[str | None, doc("The champion's variant.")] = None
    model_version: Annotated[int | None, doc("The champion's version.")] = None
    stale: Annotated[bool, doc("True: the model's snapshot is older than it should be.")] = False
    base: Annotated[
        float | None, doc("Log-odds before any feature; told above ALLOW, for the alert.")
    ] = None
    weights: Annotated[
        list[UsedWeight], doc("Features and weights as used; told above ALLOW, for the alert.")
    ] = field(default_factory=list)


class Evidence(Struct, frozen=True, kw_only=True):
    """What an alert rests on, enough to compute its score again from the alert alone."""

    subject_id: Annotated[str, doc("The payment or action.")]
    scored_at: Timestamp
    order_id: Annotated[str | None, doc("The order, if it is about one.")] = None
    redemption_id: Annotated[str | None, doc("The redemption, if it is about one.")] = None
    amount_minor: Annotated[int | None, doc("Money at stake, if any.")] = None
    currency: Annotated[str | None, doc("ISO 4217 code.")] = None
    score: Points1000
    verdict: Verdict
    base: Annotated[float | None, doc("Log-odds before any feature; none: no model was asked.")] = (
        None
    )
    weights: Annotated[list[UsedWeight], doc("Features and weights as used.")] = field(
        default_factory=list
    )
    reasons: Annotated[list[RiskReason], doc("In falling order of size.")]
    rules: Annotated[list[RuleFired], doc("The rules that held.")] = field(default_factory=list)
    model: Annotated[str | None, doc("Name of the model.")] = None
    variant: Annotated[str | None, doc("Its variant.")] = None
    model_version: Annotated[int | None, doc("Its version.")] = None
    stale: bool = False


class AlertOutcome(MemberOutcome, frozen=True, kw_only=True):
    """First fields of what is said of an alert; it lies in the topic `alerts`, key member."""

    TOPIC: ClassVar[str] = "alerts"
    contract_version: Annotated[int, doc("Version of this contract.")] = 1
    alert_id: AlertId
    kind: AbuseKind
    score: Annotated[int, doc("The highest of its evidence, 0 to 1000.")]
    verdict: Verdict
    count: Annotated[int, doc("Pieces of evidence so far.")]
    first_seen_at: Timestamp
    last_seen_at: Timestamp
    summary: Annotated[str, doc("One line for people, without personal data.")]


class AlertOpened(AlertOutcome, frozen=True, kw_only=True):
    """Something is to be looked at. A member has at most one open alert of a kind."""

    evidence: Annotated[Evidence, doc("What opened it.")]
    expires_at: Annotated[int, doc("Without a judgement it closes then.", avro="timestamp-millis")]


class AlertUpdated(AlertOutcome, frozen=True, kw_only=True):
    """More of the same came to an open alert."""

    evidence: Annotated[Evidence, doc("What came.")]
    evidence_ids: Annotated[list[str], doc("The newest subjects, this one last; capped.")]
    expires_at: Annotated[int, doc("Without a judgement it closes then.", avro="timestamp-millis")]


class AlertSuppressed(AlertOutcome, frozen=True, kw_only=True):
    """The day's budget is used up: counted, not shown; what it holds is held all the same."""

    evidence: Annotated[Evidence, doc("What it rests on.")]
    suppressed_today: Annotated[int, doc("So many of this partition today, this one included.")]


class AlertEnd(Word):
    """How an alert ended."""

    UNKNOWN = "UNKNOWN"
    CONFIRMED = "CONFIRMED"
    CLEARED = "CLEARED"
    EXPIRED = "EXPIRED"


class AlertClosed(AlertOutcome, frozen=True, kw_only=True):
    """An alert ended; a later judgement closes it again with another end."""

    end: AlertEnd
    analyst: Annotated[str | None, doc("Who judged; none: time did.")] = None
    reason: Annotated[str, doc("Why, for people.")] = ""
    subject_ids: Annotated[list[str], doc("All payments and actions of its evidence; capped.")]
    order_ids: Annotated[list[str], doc("Their orders.")] = field(default_factory=list)
    redemption_ids: Annotated[list[str], doc("Their redemptions.")] = field(default_factory=list)


class JudgementRefused(MemberOutcome, frozen=True, kw_only=True):
    """A judgement could not be used, and why."""

    alert_id: AlertId
    analyst: str
    reasons: Annotated[list[str], doc("Sentences for people.")]


# ---- outcomes: rules -------------------------------------------------------------------------------


class RiskRuleOutcome(Outcome, frozen=True, kw_only=True):
    """First fields of what is said of a risk rule."""

    KEY: ClassVar[str] = "rule_id"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "members"
    rule_id: RiskRuleId
    occurred_at: Timestamp
    caused_by: Cause = ""


class RiskRuleAccepted(RiskRuleOutcome, frozen=True, kw_only=True):
    """The version of the rule holds from `effective_at` on."""

    version: int
    effective_at: Timestamp
    changed_by: str
    rule: RiskRule


class RiskRuleRefused(RiskRuleOutcome, frozen=True, kw_only=True):
    """The change of the rule was refused, with all reasons."""

    version: int
    changed_by: str
    reasons: Annotated[list[str], doc("Sentences for people.")]


class RiskRuleSwitchedOff(RiskRuleOutcome, frozen=True, kw_only=True):
    """A partition's kill switch: for the rest of the day the version has no effect there, as in shadow."""

    version: int
    partition: Annotated[int, doc("The members partition that counted.")]
    day: Annotated[str, doc("The day, UTC, such as 2011-12-09.")]
    payments: Annotated[int, doc("Payments scored in it on that day so far.")]
    stopped: Annotated[int, doc("What the rule held or blocked of them, this one included.")]
    stopped_share_most: Annotated[float, doc("The share that it may stop.")]


# ---- outcomes: learning ----------------------------------------------------------------------------


class ExampleLabelled(Outcome, frozen=True, kw_only=True):
    """A payment's features of decision time and what became of it: the training stage learns from it."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "members"
    model: ModelName
    occurred_at: Timestamp
    caused_by: Cause = ""
    member_id: MemberId
    payment_id: PaymentId
    paid_at: Timestamp
    features: Annotated[list[Number], doc("Those with a value.")]
    fraud: bool
    source: LabelSource
    weight: Annotated[float, doc("Share of a full example, 0 to 1: capped for each member.")]
    probability: Annotated[float | None, doc("What the champion said when it was paid.")] = None
    variant: Annotated[str | None, doc("Which variant was the champion then.")] = None
    challengers: Annotated[list[Number], doc("What the challengers said then.")] = field(
        default_factory=list
    )
    alerted: Annotated[bool, doc("True: it was part of an alert.")] = False
    known: Annotated[bool, doc("True: the member was known as compromised when it was paid.")] = (
        False
    )
    corrects: Annotated[
        bool | None, doc("The earlier label that this one replaces; none: the first.")
    ] = None


class Weights(Struct, frozen=True, kw_only=True):
    """A feature's weights in log-odds, one a bin of the grid that the variant's form names."""

    feature: str
    bins: Annotated[list[int], doc("The bins that have a weight.")]
    weights: Annotated[list[float], doc("Theirs.")]


class ModelPublished(Outcome, frozen=True, kw_only=True):
    """A snapshot of a model as plain data; every members partition scores with the last one."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "members"
    SAID_IN: ClassVar[str] = "training"
    TOPIC: ClassVar[str] = "models"
    BROADCAST: ClassVar[bool] = True
    model: ModelName
    occurred_at: Timestamp
    caused_by: Cause = ""
    variant: Annotated[str, doc("Which of the model's variants.")]
    form: Annotated[str, doc("How a score follows from it, such as binned-1.")]
    champion: Annotated[bool, doc("True: this one decides.")]
    version: Annotated[int, doc("Counted from 1, by variant.", ge=1)]
    examples: Annotated[int, doc("Examples learned from.")]
    frauds: Annotated[int, doc("Fraud among them.")]
    learned_until: Annotated[int, doc("When the newest example was paid.", avro="timestamp-millis")]
    base: Annotated[float, doc("Log-odds without any feature.")]
    features: list[Weights]
    metrics: Annotated[list[Number], doc("Prequential figures at this moment.")] = field(
        default_factory=list
    )


class VersionPublished(Outcome, frozen=True, kw_only=True):
    """Which version of a variant is out, and whether it decides: a snapshot without its weights."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "training"
    model: ModelName
    occurred_at: Timestamp
    caused_by: Cause = ""
    variant: str
    champion: Annotated[bool, doc("True: this one decides.")]
    version: Annotated[int, doc("The version that is out now.")]
    newest: Annotated[int, doc("The newest version: a higher one when an older is out.")]
    examples: Annotated[int, doc("Examples that it learned from.")]
    frauds: Annotated[int, doc("Fraud among them.")]
    learned_until: Annotated[int, doc("When the newest example was paid.", avro="timestamp-millis")]


class ModelChoiceRefused(Outcome, frozen=True, kw_only=True):
    """A choice of variant or version was refused, with all reasons."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "training"
    model: ModelName
    occurred_at: Timestamp
    caused_by: Cause = ""
    variant: Annotated[str, doc("As asked.")]
    version: Annotated[int | None, doc("As asked.")] = None
    chosen_by: str
    reasons: Annotated[list[str], doc("Sentences for people.")]


class QualityMeasured(Outcome, frozen=True, kw_only=True):
    """A day's prequential quality of a variant: scored when paid, compared when the label came."""

    KEY: ClassVar[str] = "model"
    STAGE: ClassVar[str] = "training"
    SAID_IN: ClassVar[str] = "training"
    model: ModelName
    occurred_at: Timestamp
    caused_by: Cause = ""
    variant: str
    champion: bool
    version: int
    day: Annotated[str, doc("Day of the payments, UTC, such as 2011-12-09.")]
    payments: Annotated[int, doc("Labelled payments of the day.")]
    frauds: int
    auc: Annotated[float | None, doc("Area under the ROC curve; none: one class only.")] = None
    average_precision: Annotated[float | None, doc("None without fraud.")] = None
    precision_100: Annotated[
        float | None,
        doc("Share of fraud among the day's 100 highest members, known ones left out."),
    ] = None
    brier: Annotated[float | None, doc("Mean squared error of the probability.")] = None
    alerts: Annotated[int, doc("Payments of the day that were part of an alert.")] = 0
    alerts_confirmed: Annotated[int, doc("Those that were fraud.")] = 0
    drift: Annotated[bool, doc("True: the detector gave alarm on this day.")] = False


RISK_OUTCOMES: tuple[type[Outcome], ...] = (
    TokenPresented,
    TokenLabelled,
    TokenAssessed,
    PaymentDisregarded,
    PaymentContested,
    FraudScored,
    AlertOpened,
    AlertUpdated,
    AlertSuppressed,
    AlertClosed,
    JudgementRefused,
    RiskRuleAccepted,
    RiskRuleRefused,
    RiskRuleSwitchedOff,
    ExampleLabelled,
    ModelPublished,
    VersionPublished,
    ModelChoiceRefused,
    QualityMeasured,
)
