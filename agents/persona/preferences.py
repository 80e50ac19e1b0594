"""Preferences: decayed weights of a few names, of which the weakest makes room for a new one.

A weight is the log2 of the sum over touches of 2^(at / half-life), so it is never rewritten as time goes by.
A newcomer takes over the weight of the one that it replaces and adds its own (Metwally et al., Efficient
computation of frequent and top-k elements in data streams, ICDT 2005): who comes often is never lost, and a
weight is too large by at most the weakest one's.
"""

from __future__ import annotations

from collections.abc import Iterable

from agents.heat import added
from schemas.persona import Preference

TRACKED = 20
SHOWN = 5
Weights = dict[str, float]


def touch(weights: Weights, name: str, moment: float) -> None:
    """Count a touch; `moment` is its time in half-lives since 1970.

    >>> weights = {}
    >>> touch(weights, "bags", 100.0); touch(weights, "bags", 100.0); weights
    {'bags': 101.0}
    """
    before = weights.get(name, -1.0)
    if before < 0 and len(weights) >= TRACKED:
        before = weights.pop(min(weights, key=lambda one: (weights[one], one)))
    weights[name] = added(before, moment)


def preferred(weights: Weights, most: int = SHOWN) -> list[Preference]:
    """The heaviest names and their shares of all that is remembered, in order; of equals by name.

    >>> [(p.name, round(p.share, 2)) for p in preferred({"bags": 101.0, "lights": 100.0})]
    [('bags', 0.67), ('lights', 0.33)]
    """
    if not weights:
        return []
    heaviest = max(weights.values())
    parts = {name: 2.0 ** (weight - heaviest) for name, weight in weights.items()}
    total = sum(parts.values())
    best = sorted(parts, key=lambda name: (-parts[name], name))[:most]
    return [Preference(name=name, share=min(1.0, parts[name] / total)) for name in best]


def names(preferences: Iterable[Preference]) -> list[str]:
    """The names alone."""
    return [one.name for one in preferences]
