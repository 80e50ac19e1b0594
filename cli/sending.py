"""Send actions through the Emitter and say what followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cli.following import Followed, Follower
from cli.terminal import say
from schemas.emitter import Emitter
from schemas.record import Event
from streams.settings import Settings


def send(settings: Settings, actions: Sequence[Event]) -> Followed:
    """Send them in their order and listen. Raises `DeliveryFailed`, `KafkaException`."""
    with Follower(settings) as follower:
        with Emitter(settings.kafka, prefix=settings.topic_prefix) as emitter:
            for action in actions:
                emitter.emit(action)
        return follower.follow(action.event_id for action in actions)


def shown(followed: Followed) -> None:
    """Tell what followed."""
    if not followed.passed:
        say(
            "Sent. The workers have not come to it yet: they will, when they run "
            "(memberstream status)."
        )
    counted = Counter(type(outcome).__name__ for outcome in followed.outcomes)
    for name, count in counted.items():
        say(f"{count:6,} {name}")
    for letter in followed.dead_letters:
        say(f"Dead letter {letter.source}: {letter.problem}. {letter.detail}")
    if followed.passed and not counted and not followed.dead_letters:
        say("Taken; nothing followed: it was sent before, or nobody needs it.")
