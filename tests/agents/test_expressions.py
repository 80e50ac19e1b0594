"""Expressions of risk rules: what holds, what a missing feature does, what is refused and how it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.expressions import TOGETHER_MOST, Language, Unfit

LANGUAGE = Language(["score", "payments_1h", "amount_to_mean", "amount_minor"])
FEATURES = {"score": 640.0, "payments_1h": 6, "amount_minor": 12_500, "number_distance": 12.5}

HOLDING = [
    ("score >= 640", True),
    ("score > 640", False),
    ("score >= 600 && payments_1h > 5", True),
    ("score < 10 || payments_1h == 6", True),
    ("!(score < 10)", True),
    ("amount_minor / 100 > 100 && amount_minor - 12500 == 0", True),
    ("-score < -6.3e2", True),
    ("payments_1h in [5, 6, 7]", True),
    ("score > 900 ? payments_1h > 100 : payments_1h > 1", True),
    ("score > 600 // high", True),
    ("numbers.distance > 12", True),
    ("has(numbers.distance) && !has(numbers.speed)", True),
    ("given.score && !given.amount_to_mean", True),
]


@pytest.mark.parametrize(("text", "holds"), HOLDING, ids=[text for text, _ in HOLDING])
def test_what_holds(text: str, holds: bool) -> None:
    """Numbers are compared and reckoned with as people expect, with or without a point."""
    LANGUAGE.check(text)
    assert LANGUAGE.holding((text,), FEATURES) == (holds,)


MISSING = [
    ("amount_to_mean > 5", False),
    ("!(amount_to_mean > 5)", False),
    ("amount_to_mean < 5", False),
    ("amount_to_mean == 0", False),
    ("amount_to_mean > 5 && score > 600", False),
    ("amount_to_mean > 5 || score > 600", True),
    ("score > 600 || amount_to_mean > 5", True),
    ("amount_to_mean + score > 0", False),
    ("numbers.speed > 1", False),
    ("amount_to_mean > 5 ? true : score > 0", False),
    ("given.amount_to_mean ? amount_to_mean > 5 : score > 600", True),
]


@pytest.mark.parametrize(("text", "holds"), MISSING, ids=[text for text, _ in MISSING])
def test_what_is_missing_is_not_zero(text: str, holds: bool) -> None:
    """Neither a comparison with a missing feature nor its opposite holds; the rest may, in any order."""
    assert LANGUAGE.holding((text,), FEATURES) == (holds,)


WORDY = Language(["silent_days"], ["country"], ["categories"], "docs/segments.md")
KNOWN: dict[str, float | str | list[str]] = {
    "silent_days": 9.0,
    "country": "size 5",
    "categories": ["bags", "lights"],
}
WORDS = [
    ('country == "size 5"', True),
    ("country == 'France' || silent_days > 8", True),
    ('country in ["France", "size 5"]', True),
    ('"bags" in categories && !("clocks" in categories)', True),
    ('country == "silent_days > 100"', False),
    ('given.categories && country != "France"', True),
]


@pytest.mark.parametrize(("text", "holds"), WORDS, ids=[text for text, _ in WORDS])
def test_words_and_lists_of_words(text: str, holds: bool) -> None:
    """A number or a name within quotes is text, whatever it looks like; what is missing never holds."""
    WORDY.check(text)
    assert WORDY.holding((text,), KNOWN) == (holds,)
    assert WORDY.holding((text,), {}) == (False,)


REFUSED_WORDS = [
    ("country > 5", "> at column 9 does not go with (string, double)"),
    ("categories == 'bags'", "== at column 12 does not go with (list(string), string)"),
    ("contry == 'France'", "did you mean country?"),
    ("zzz > 1", "docs/segments.md lists them."),
]


@pytest.mark.parametrize(("text", "told"), REFUSED_WORDS, ids=[t for t, _ in REFUSED_WORDS])
def test_which_words_are_refused(text: str, told: str) -> None:
    """Like is compared with like, and the page that lists the names is named."""
    with pytest.raises(Unfit) as refused:
        WORDY.check(text)
    assert told in str(refused.value)


REFUSED = [
    ("scor > 5", "There is no feature or function 'scor': did you mean score?"),
    ("given.amount_mino > 5", "did you mean amount_minor"),
    ("score > ", "At column 9 it cannot be read: mismatched input '<EOF>'."),
    ("score > 1 and score < 2", "At column 13 it cannot be read"),
    ("score", "It says neither true nor false"),
    ("score > 1 ? 2 : 3", "It says neither true nor false"),
    ("true || 1 > 2", "It names no feature"),
    ("'a' == 'a'", "It names no feature"),
    ("score > 'high'", "> at column 7 does not go with (double, string)"),
    ("score && score > 1", "&& at column 7 does not go with (double, bool)"),
    ("score == null", "== at column 7 does not go with (double, null_type)"),
    ("score % 2 == 1", "% cannot be used here"),
    ("score.real > 1", "a number has no parts"),
    ("score.__class__ == 1", "a number has no parts"),
    ("numbers['distance'] > 1 && score > 1", "[] cannot be used here"),
    ("'aaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+b') && score > 1", "function 'matches'"),
    ("[1, 2].all(i, score > i)", "function 'all'"),
    ("size([score]) > 1", "function 'size'"),
    ("timestamp('2011-12-09T00:00:00Z') > timestamp('2011-12-09T00:00:00Z')", "'timestamp'"),
    ("__import__('os').system('true') == score", "function '__import__'"),
    ("(" * 60 + "score" + ")" * 60 + " > 1", "nested too deeply"),
    (" + ".join(["score"] * 200) + " > 1", "nested too deeply"),
    ("", "At column 1 it cannot be read"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_is_refused(text: str, told: str) -> None:
    """With a sentence that says what is wrong, and where."""
    with pytest.raises(Unfit) as refused:
        LANGUAGE.check(text)
    assert told in str(refused.value)
    assert LANGUAGE.holding((text,), FEATURES) == (False,), "a stored one that is unfit never holds"


@given(st.lists(st.sampled_from([*HOLDING, *MISSING]), max_size=3 * TOGETHER_MOST))
def test_many_at_once_are_each_on_their_own(lines: list[tuple[str, bool]]) -> None:
    """To ask for all in one go changes nothing, whatever stands beside an expression."""
    texts = tuple(text for text, _ in lines)
    assert LANGUAGE.holding(texts, FEATURES) == tuple(holds for _, holds in lines)


def test_what_is_unfit_leaves_the_others() -> None:
    """A name that a later version dropped takes no other rule with it; nor does one too long for a group."""
    long = " && ".join(["score > 1"] * 150)
    texts = ("gone > 1", "score > 600", *[f"{long} && score > {n}" for n in range(TOGETHER_MOST)])
    assert LANGUAGE.holding(texts, FEATURES) == (False, *[True] * (TOGETHER_MOST + 1))
    assert len(long) < 2_000
    deep = "(" * 14 + "score > 600" + ")" * 14
    assert LANGUAGE.holding((deep,) * TOGETHER_MOST, FEATURES) == (True,) * TOGETHER_MOST


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused(text: str) -> None:
    """Nothing that is written raises anything else, or hangs."""
    try:
        LANGUAGE.check(text)
    except Unfit as refused:
        assert refused.reasons
    assert LANGUAGE.holding((text,), FEATURES) in {(True,), (False,)}


@given(st.text("()[]{}.,:?!&|<>=+-*/%0123456789eE_'\"\\ \nscoregivnumbe", max_size=40))
def test_any_text_of_its_own_signs_is_taken_or_refused(text: str) -> None:
    """The same, nearer to what people mistype; beside others it takes none with it."""
    beside = ("score > 600", text, "payments_1h > 100")
    assert LANGUAGE.holding(beside, FEATURES)[::2] == (True, False)
