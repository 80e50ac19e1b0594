"""Whether the running system said of each payment what the agents say in process, payment by payment.

It does, but for two things. Of more than 200 labels an hour the training stage learns in parts, and the first
part are those that came first; and where very many share a token within an hour (`fraud_steps.CUTS_MOST`) it
may answer in another order. Both are so in production, where nothing says which partition is quicker.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

ROUNDING = 1e-9  # sums of the same weights in another order


class Agreement(Struct, frozen=True, kw_only=True):
    """How far what was said through Kafka is from what was said in process."""

    payments: int
    alike: int  # the same probability, or in both none as there was no model yet
    without_model: int  # of the others: in one of the two there was no model yet
    apart_most: float
    apart_mean: float  # over all that have both
    most_apart: str | None  # the payment


def agreement(there: Mapping[str, float | None], here: Mapping[str, float | None]) -> Agreement:
    """Compare probabilities by payment id; both are of the same payments.

    >>> agreement({"a": 0.5, "b": None, "c": 0.1}, {"a": 0.75, "b": None, "c": None}).alike
    1
    """
    assert there.keys() == here.keys()
    apart = {
        payment_id: abs(said - known)
        for payment_id, said in there.items()
        if said is not None and (known := here[payment_id]) is not None
    }
    unlike = {payment_id: by for payment_id, by in apart.items() if by > ROUNDING}
    one_sided = sum((there[one] is None) is not (here[one] is None) for one in there)
    return Agreement(
        payments=len(there),
        alike=len(there) - len(unlike) - one_sided,
        without_model=one_sided,
        apart_most=max(apart.values(), default=0.0),
        apart_mean=sum(apart.values()) / len(apart) if apart else 0.0,
        most_apart=max(unlike, key=unlike.__getitem__, default=None),
    )
