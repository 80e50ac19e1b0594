"""Honest payments learned again beside frauds that come alone.

In life many honest payments come with each fraud and take back what it teaches of all payments alike. Banks
send chargebacks by the hundred, and most features are the same in nearly all payments: learned one after the
other, they would have everybody suspected. So a sample of the honest examples is remembered, and each fraud
owes as many of them as its share says, less those that came by themselves before it. This is rehearsal
("Catastrophic forgetting, rehearsal and pseudorehearsal"; Robins, 1995), where it is needed and only there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agents.risk.learners import Example, Remembered, Training

KEPT = 256
EVERY = 8  # once all places are taken, each eighth honest example takes one, in turn
OWED_MOST = 50.0  # honest examples for one fraud
CREDIT_MOST = 200.0  # honest examples before a fraud that count for it


def owed(state: Training, example: Example, bins: dict[str, int]) -> Iterator[Mapping[str, int]]:
    """The bins of the honest examples to learn again after this one, which is remembered if it is honest."""
    account = state.rehearsal
    if example.fraud:
        if example.corrects is False:
            _forget(state, example.payment_id)
        share = state.variants[state.champion].model.fraud_share()
        account.owed += example.weight * min((1.0 - share) / share, OWED_MOST)
        yield from _pay(state)
    elif example.corrects is None:
        account.owed = max(account.owed - 1.0, -CREDIT_MOST)
        _remember(state, Remembered(example.payment_id, bins))


def _pay(state: Training) -> Iterator[Mapping[str, int]]:
    account = state.rehearsal
    if account.owed <= 0.0:
        return
    places = list(state.remembered)
    if not places:  # there is nothing to pay with, nor will there be for these
        account.owed = 0.0
    while account.owed > 0.0:
        account.owed -= 1.0
        account.turn += 1
        yield state.remembered[places[account.turn % len(places)]].bins


def _remember(state: Training, example: Remembered) -> None:
    number = state.rehearsal.honest
    state.rehearsal.honest += 1
    if number < KEPT:
        state.remembered[_place(number)] = example
    elif number % EVERY == 0:
        state.remembered[_place(number // EVERY)] = example


def _forget(state: Training, payment_id: str) -> None:
    """The payment turned out to be none."""
    for place, one in state.remembered.items():
        if one.payment_id == payment_id:
            del state.remembered[place]
            return


def _place(number: int) -> str:
    return f"{number % KEPT:03d}"
