"""A score computed again from the evidence of an alert alone: so anybody can see where it comes from.

    score = round(1000 / (1 + exp(-(base + sum of the weights)))) + sum of the rules' contributions

The first part is there where a model was asked, and the log-odds count up to 30 either way. What a rule
added is its reason's contribution, as weights are cut where the sum would pass 1000.
"""

from __future__ import annotations

from agents.risk.model import score
from schemas.risk import Evidence

OF_RULE = "rule:"


def rescore(evidence: Evidence) -> int:
    """The score that follows from base, weights and rules; it is the one that was said."""
    said = 0
    if evidence.base is not None:
        said = score(evidence.base, [one.weight for one in evidence.weights])
    rules = [one.contribution for one in evidence.reasons if one.source.startswith(OF_RULE)]
    return said + sum(rules)


def adds_up(evidence: Evidence) -> bool:
    """True when all reasons together are the score."""
    return sum(one.contribution for one in evidence.reasons) == evidence.score
