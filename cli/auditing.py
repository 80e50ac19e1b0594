"""The auditor, as the commands call it, and what it found, for people."""

from __future__ import annotations

from collections.abc import Callable

from audit.auditor import WAIT_SECONDS, Audit
from audit.auditor import run as run_audit
from cli.installation import Installation
from cli.terminal import say

SHOWN_MOST = 20


def audited(
    installation: Installation,
    wait_seconds: float = WAIT_SECONDS,
    progress: Callable[[str], None] = lambda _: None,
) -> Audit:
    """Audit an installation. Raises `audit.auditor.NotPassed`."""
    settings, views = installation.settings(), installation.view_settings
    return run_audit(
        settings.kafka,
        postgres=views.required("postgres"),
        redis=views.required("redis"),
        prefix=settings.topic_prefix,
        group=settings.app,
        schema=views.postgres_schema,
        redis_prefix=views.redis_prefix,
        wait_seconds=wait_seconds,
        progress=progress,
    )


def shown(found: Audit) -> None:
    """Tell it."""
    say(
        f"The auditor read {found.actions:,} actions and {found.outcomes:,} outcomes, recomputed "
        f"{found.entries:,} ledger entries and compared {found.rows:,} rows of the views, in "
        f"{found.seconds:.1f} s."
    )
    say(
        f"Ledger sum {found.ledger_sum}, outcomes missing {found.outcomes_missing}, doubled "
        f"{found.outcomes_doubled}, rows that differ {found.view_differences}."
    )
    for sentence in found.differences[:SHOWN_MOST]:
        say(f"  {sentence}")
    if len(found.differences) > SHOWN_MOST:
        say(f"  … and {len(found.differences) - SHOWN_MOST} more.")
    say("Everything holds." if found.right else f"{len(found.differences)} things differ.")
