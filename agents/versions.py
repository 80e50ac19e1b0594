"""What every versioned definition refuses: to change the past, and a number that is not the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol


class Changing(Protocol):
    """A change as an operator sends it; moments in milliseconds."""

    @property
    def occurred_at(self) -> int:
        """When it was made."""
        ...

    @property
    def effective_at(self) -> int:
        """From when on it holds."""
        ...


class Versioned(Protocol):
    """A version that is held."""

    @property
    def version(self) -> int:
        """Counted from 1."""
        ...

    @property
    def effective_at(self) -> int:
        """From when on it holds."""
        ...


def late(change: Changing, versions: Sequence[Versioned]) -> Iterator[str]:
    """Why it would change what is past: a version holds from its making or later, and in its turn."""
    if change.effective_at < change.occurred_at:
        yield (
            "It would hold from before it was made, and what is past does not change: "
            "set effective_at to the time of the change or later."
        )
    if versions and change.effective_at < versions[-1].effective_at:
        yield (
            f"Version {versions[-1].version} holds from later on: "
            "set effective_at to no earlier than that of the version before."
        )


def not_next(what: str, version: int, following: int) -> Iterator[str]:
    """Why it has the wrong number: versions are counted without gaps."""
    if version != following:
        yield f"The next version of {what} is {following}, not {version}."
