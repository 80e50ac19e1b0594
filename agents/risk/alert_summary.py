"""An alert in one line for people. It names nobody and nothing: what, how much, how sure, and why."""

from __future__ import annotations

from agents.risk.alert_book import Alert
from schemas.risk import AbuseKind

SUBJECTS = {
    AbuseKind.PAYMENT: ("payment", "payments"),
    AbuseKind.PROMOTION: ("coupon", "coupons"),
    AbuseKind.REFERRAL: ("acceptance", "acceptances"),
    AbuseKind.POINTS: ("redemption", "redemptions"),
    AbuseKind.REVIEW: ("review", "reviews"),
    AbuseKind.REFUND: ("return", "returns"),
}
OTHERS = ("action", "actions")
# ISO 4217: decimals of a currency's minor unit, where they are not two.
DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def summary(alert: Alert) -> str:
    """Such as `3 payments, 129.90 GBP: HOLD, score 912. The amount is far above the member's own.`"""
    one, several = SUBJECTS.get(alert.kind, OTHERS)
    what = [f"{alert.count} {one if alert.count == 1 else several}"]
    what += [money(minor, currency) for currency, minor in sorted(alert.amounts.items())]
    why = f" {alert.reason.rstrip('.')}." if alert.reason else ""
    return f"{', '.join(what)}: {alert.verdict}, score {alert.score}.{why}"


def money(minor: int, currency: str) -> str:
    """Minor units as they are written.

    >>> money(12_990, "GBP"), money(500, "JPY"), money(-5, "KWD")
    ('129.90 GBP', '500 JPY', '-0.005 KWD')
    """
    decimals = DECIMALS.get(currency, 2)
    whole, part = divmod(abs(minor), 10**decimals)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}{f'.{part:0{decimals}d}' if decimals else ''} {currency}"
