"""Which outcome of risk goes into which tables: pure functions from an outcome to rows."""

from __future__ import annotations

from schemas.risk import (
    AlertClosed,
    AlertOpened,
    AlertOutcome,
    AlertSuppressed,
    AlertUpdated,
    FraudScored,
    ModelChoiceRefused,
    QualityMeasured,
    Verdict,
    VersionPublished,
)
from sinks.postgres.statements import Values, Write, json_text
from sinks.postgres.writes import (
    ALERT_EVIDENCE,
    ALERTS,
    JUDGEMENTS,
    MODEL_QUALITY,
    MODEL_REFUSALS,
    MODEL_VERSIONS,
    MODELS,
    VERDICTS,
)

Row = tuple[Write, Values]
OPEN, SUPPRESSED = "OPEN", "SUPPRESSED"
UNREMARKABLE = {Verdict.UNKNOWN, Verdict.ALLOW}


def alert(event: AlertOpened | AlertUpdated | AlertSuppressed) -> list[Row]:
    """alerts, alert_evidence."""
    suppressed = isinstance(event, AlertSuppressed)
    expires_at = None if isinstance(event, AlertSuppressed) else event.expires_at
    about = event.evidence
    values = (
        event.alert_id,
        event.member_id,
        about.subject_id,
        about.order_id,
        about.redemption_id,
        about.score,
        about.verdict.value,
        suppressed,
        json_text(about),
    )
    state = SUPPRESSED if suppressed else OPEN
    return [_alert(event, state, expires_at), (ALERT_EVIDENCE, values)]


def closed_alert(event: AlertClosed) -> list[Row]:
    """alerts; judgements, where somebody judged. One end may come in several records."""
    rows = [_alert(event, event.end.value, None, event.occurred_at, event.analyst, event.reason)]
    if event.analyst is not None:
        what = event.kind.value, event.end.value, event.analyst, event.reason, event.count
        rows.append((JUDGEMENTS, (event.alert_id, event.caused_by, event.member_id, *what)))
    return rows


def _alert(
    event: AlertOutcome,
    state: str,
    expires_at: int | None,
    ended_at: int | None = None,
    analyst: str | None = None,
    reason: str | None = None,
) -> Row:
    values = (
        event.alert_id,
        event.member_id,
        event.kind.value,
        state,
        event.score,
        event.verdict.value,
        event.count,
        event.first_seen_at,
        event.last_seen_at,
        event.summary,
        expires_at,
        ended_at,
        analyst,
        reason,
        event.contract_version,
    )
    return ALERTS, values


def verdict(event: FraudScored) -> list[Row]:
    """verdicts; nothing for what was simply allowed."""
    if event.verdict in UNREMARKABLE:
        return []
    values = (
        event.member_id,
        event.kind.value,
        event.subject_id,
        event.order_id,
        event.redemption_id,
        event.amount_minor,
        event.currency,
        event.score,
        event.verdict.value,
        json_text(event.reasons),
        json_text(event.rules),
        event.model,
        event.variant,
        event.model_version,
        event.stale,
    )
    return [(VERDICTS, values)]


def version(event: VersionPublished) -> list[Row]:
    """models, model_versions."""
    learned = event.examples, event.frauds, event.learned_until
    return [
        (MODELS, (event.model, event.variant, event.champion, event.version, event.newest)),
        (MODEL_VERSIONS, (event.model, event.variant, event.version, *learned)),
    ]


def quality(event: QualityMeasured) -> list[Row]:
    """model_quality."""
    values = (
        event.model,
        event.variant,
        event.day,
        event.champion,
        event.version,
        event.payments,
        event.frauds,
        event.auc,
        event.average_precision,
        event.precision_100,
        event.brier,
        event.alerts,
        event.alerts_confirmed,
        event.drift,
    )
    return [(MODEL_QUALITY, values)]


def refused_choice(event: ModelChoiceRefused) -> list[Row]:
    """model_refusals."""
    what = event.model, event.variant, event.version, event.chosen_by
    return [(MODEL_REFUSALS, (*what, json_text(event.reasons)))]
