"""Effects leave once: what is taken, what goes on meanwhile, what a crash forgets."""

from __future__ import annotations

from math import inf

import pytest

from schemas.codec import encode
from streams.identity import partition_of
from streams.partition import StageWork
from streams.simulate import LogRecord, MemoryStore
from streams.trouble import StoreBroken
from streams.work import StageBehaviour
from tests.streams.small_agents import START, TOPOLOGY, look

HOME = partition_of("m", 3)


def record(number: int, product: str = "a") -> LogRecord:
    value = encode(look(str(number), "m", product))
    return LogRecord("actions.members", HOME, number, START, b"m", value)


def opened(store: MemoryStore, holdings_most: int = 100) -> StageWork:
    behaviour = StageBehaviour("members", TOPOLOGY, holdings_most=holdings_most)
    return behaviour.open(HOME, store)


@pytest.mark.parametrize("holdings_most", [0, 100])
def test_work_goes_on_while_a_transaction_is_under_way(holdings_most: int) -> None:
    """Between `effects` and `committed` what was taken is still read, also when all is forgotten."""
    store, plain = MemoryStore(), MemoryStore()
    work, calm = opened(store, holdings_most), opened(plain)
    work.run([record(0)], inf)
    first = work.effects()
    work.run([record(1), record(2)], inf)
    store.write(first.changes)
    work.committed()
    second = work.effects()
    store.write(second.changes)
    work.committed()
    calm.run([record(0), record(1), record(2)], inf)
    whole = calm.effects()
    plain.write(whole.changes)
    assert store.values == plain.values
    for place, records in whole.outputs.items():
        assert first.outputs[place] + second.outputs[place] == records


def test_effects_are_taken_once_a_transaction() -> None:
    """A second call without a commit between is a bug of the caller."""
    work = opened(MemoryStore())
    work.run([record(0)], inf)
    work.effects()
    with pytest.raises(StoreBroken, match="twice"):
        work.effects()


def test_several_runs_make_one_transaction() -> None:
    """Nothing leaves before `effects`, and then all of it."""
    work = opened(MemoryStore())
    assert [work.run([record(n)], inf) for n in range(3)] == [1, 1, 1]
    effects = work.effects()
    assert len(effects.outputs["outcomes.members", HOME]) == 9
    work.committed()
    assert not work.effects().changes


def test_a_poisoned_event_after_others_in_one_transaction() -> None:
    """What an earlier run of the same transaction did stands, though it is not yet in the store."""
    store = MemoryStore()
    work = opened(store)
    work.run([record(0)], inf)
    batch = [record(1), record(2, "poison"), record(3)]
    assert work.run(batch, inf) == 2  # carefully, as far as the first attempt came
    assert work.run(batch[2:], inf) == 1
    effects = work.effects()
    assert len(effects.outputs["outcomes.members", HOME]) == 9
    assert len(effects.outputs["dead-letters", 0]) == 1
    assert effects.changes[b"scount\0m"] == b"\x01\x82\xa5looks\x03\xaaby_product\xc0"


def test_what_was_not_committed_never_happened() -> None:
    """A store that was not written gives the same effects again."""
    store = MemoryStore()
    work = opened(store)
    work.run([record(0), record(1)], inf)
    lost = work.effects()
    again = opened(store)
    again.run([record(0), record(1)], inf)
    assert again.effects() == lost
