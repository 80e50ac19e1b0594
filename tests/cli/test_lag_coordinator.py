"""A group's coordinator that moves is asked again; any other trouble is told at once."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from cli.lag import PASSING, coordinated


@pytest.mark.parametrize("code", sorted(PASSING))
def test_a_coordinator_that_moves_is_asked_again(code: int) -> None:
    """Until it answers."""
    answers = iter([KafkaException(KafkaError(code)), KafkaException(KafkaError(code)), "answer"])

    def ask() -> object:
        found = next(answers)
        if isinstance(found, KafkaException):
            raise found
        return found

    assert coordinated(ask) == "answer"


def test_other_trouble_is_told_at_once() -> None:
    """Asked once."""
    asked = []

    def ask() -> None:
        asked.append(1)
        raise KafkaException(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))

    with pytest.raises(KafkaException):
        coordinated(ask)
    assert asked == [1]
