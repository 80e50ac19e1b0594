"""The verifier of the benchmark sees every count that is missing or doubled."""

from __future__ import annotations

import pytest

from benchmarks.verifier import Tally, Verdict

EXPECTED = {b"a": 3, b"b": 1}
EXACT = [(b"a", 1), (b"b", 1), (b"a", 2), (b"a", 3)]


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        pytest.param(EXACT, Verdict(4, missing=0, doubled=0), id="each count once"),
        pytest.param(EXACT[:-1], Verdict(3, missing=1, doubled=0), id="the last count missing"),
        pytest.param(EXACT[1:], Verdict(3, missing=1, doubled=0), id="the first count missing"),
        pytest.param(EXACT[::2], Verdict(2, missing=2, doubled=0), id="a key missing"),
        pytest.param([*EXACT, (b"a", 2)], Verdict(5, missing=0, doubled=1), id="a count repeated"),
        pytest.param(
            [*EXACT, (b"a", 4)], Verdict(5, missing=0, doubled=1), id="event counted twice"
        ),
        pytest.param([*EXACT, (b"c", 1)], Verdict(5, missing=0, doubled=1), id="a key nobody sent"),
        pytest.param(
            [*EXACT[:-1], (b"a", 2)], Verdict(4, missing=1, doubled=1), id="one lost, one repeated"
        ),
        pytest.param(
            [*EXACT, (b"a", 0)], Verdict(5, missing=0, doubled=1), id="a count of nothing"
        ),
    ],
)
def test_every_wrong_count_is_seen(said: list[tuple[bytes, int]], verdict: Verdict) -> None:
    """A key with n events must have said 1 to n, each once; as many outputs are not enough."""
    tally = Tally()
    for key, count in said:
        tally.add(key, count)
    assert tally.verdict(EXPECTED) == verdict
    assert verdict.exact is (said == EXACT)
