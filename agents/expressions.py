"""Expressions of rules and segments: CEL (https://cel.dev), cut down to comparing and reckoning.

CEL is made to run what others wrote: it has no loops, no calls, no side effects, and its checker knows the
type of every name before anything runs. What is left of it here are numbers, words, true and false,
`&& || !`, comparisons, `+ - * /`, `in [..]` and `? :`; no patterns, functions or attributes, so the cost of
an expression is bounded by its length. Names stand for what is known:

- `amount_minor`, `score` …: a feature, a number. All numbers are floating point; `5` is read as `5.0`.
- `country == "France"`, `"garden" in categories`: a word, and a list of words, where a language has them.
- `given.amount_minor`: whether the feature has a value.
- `numbers.distance`: a number that the platform sent along; `has(numbers.distance)`: whether it did.

A feature without a value is not zero. What needs it is neither true nor false: `x > 5` and `!(x > 5)` both
do not hold, `x > 5 || y > 3` holds if `y > 3` does. That is CEL's own logic of errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

from cel_expr_python import cel

TEXT = r"""\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"""
TOKENS = re.compile(TEXT + r"|[A-Za-z_][\w.]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
NUMBER = "number_"  # before the name of a number that the platform sent along
GIVEN = "given."
NUMBERS = "numbers"
OF_NUMBERS = NUMBERS + "."
TOGETHER_MOST = 20
BINARY = ("&&", "||", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/")
FUNCTIONS = (*(f"_{sign}_" for sign in BINARY), "!_", "-_", "_?_:_", "@in")  # as CEL names them
DEPTH_MOST = 32  # CEL's own bound
NAME_SHOWN = 60

Value = float | str | list[str]
Features = Mapping[str, Value]


class Unfit(ValueError):
    """An expression cannot be taken; `reasons` are sentences for who wrote it."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class _Used(NamedTuple):
    """The names that expressions use, as pairs of what they say and the feature that is meant."""

    plain: tuple[str, ...]
    given: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str], ...]

    def of(self, features: Features) -> dict[str, Any]:
        """The features as CEL is to know them; one without a value is left out."""
        known: dict[str, Any] = {n: _known(features[n]) for n in self.plain if n in features}
        for said, name in self.given:
            known[said] = name in features
        known[NUMBERS] = {
            said: _known(features[name]) for said, name in self.numbers if name in features
        }
        return known


class Language:
    """CEL over certain names of features: numbers, words, lists of words; `page` lists them for people."""

    def __init__(
        self,
        numbers: Iterable[str],
        words: Iterable[str] = (),
        lists: Iterable[str] = (),
        page: str = "docs/risk.md",
    ) -> None:
        variables = (
            dict.fromkeys(numbers, cel.Type.DOUBLE)
            | dict.fromkeys(words, cel.Type.STRING)
            | dict.fromkeys(lists, cel.Type.List(cel.Type.STRING))
        )
        self.names = frozenset(variables)
        self._page = page
        variables |= {GIVEN + name: cel.Type.BOOL for name in self.names}
        variables[NUMBERS] = cel.Type.Map(cel.Type.STRING, cel.Type.DOUBLE)
        kept = ", ".join(f'{{name: "{function}"}}' for function in FUNCTIONS)
        standard = f"stdlib: {{include_macros: [has], include_functions: [{kept}]}}"
        self._env = cel.NewEnv(config=cel.NewEnvConfigFromYaml(standard), variables=variables)
        self._program = lru_cache(maxsize=4_096)(self._compile)
        self._group = lru_cache(maxsize=64)(self._grouped)

    def check(self, text: str) -> None:
        """Nothing, if the expression can be used. Raises `Unfit` with what is to be done."""
        self._program(text)

    def holding(self, texts: tuple[str, ...], features: Features) -> tuple[bool, ...]:
        """Which of the expressions hold; one that cannot be used does not.

        That any holds at all is asked first, in one go: mostly none does, and then it is all.
        """
        used, groups = self._group(texts)
        activation = self._env.Activation(used.of(features))
        found: list[bool] = []
        for some, programs in groups:
            if some is None or _holds(some, activation):
                found += [_holds(program, activation) for program in programs]
            else:
                found += [False] * len(programs)
        return tuple(found)

    def _grouped(self, texts: tuple[str, ...]) -> tuple[_Used, list[tuple[Any, list[Any]]]]:
        """What is used of the features; programs in groups, each with one that holds if any does.

        None stands for what cannot be used: of an expression, it never holds; of the one for all of a
        group (together they are too long or too deep), each is to be asked.
        """
        groups = []
        for start in range(0, len(texts), TOGETHER_MOST):
            some = texts[start : start + TOGETHER_MOST]
            programs = [self._fit(text) for text in some]
            fit = [t for t, program in zip(some, programs, strict=True) if program is not None]
            groups.append((self._fit(_any_of(fit)), programs))
        return _used(set().union(*map(names_in, texts)) if texts else set()), groups

    def _fit(self, text: str) -> Any:
        try:
            return self._program(text)
        except Unfit:
            return None

    def _compile(self, text: str) -> Any:
        try:
            program = self._env.compile(_with_points(text))
        except RuntimeError as error:
            raise Unfit(list(self._sentences(str(error)))) from error
        if program.return_type() != cel.Type.BOOL:
            raise Unfit(["It says neither true nor false: compare something, as in score >= 700."])
        if not any(self._is_feature(name) for name in names_in(text)):
            raise Unfit(["It names no feature, so it is always true or never: name one."])
        return program

    def _is_feature(self, name: str) -> bool:
        return name.removeprefix(GIVEN) in self.names or name.startswith(OF_NUMBERS)

    def _sentences(self, told: str) -> Iterator[str]:
        """CEL's complaints in our words, each once, in order."""
        yield from dict.fromkeys(
            self._sentence(complaint, column) for column, complaint in _complaints(told)
        )

    def _sentence(self, complaint: str, column: str) -> str:
        if "recursion" in complaint:
            return f"It is nested too deeply: at most {DEPTH_MOST} levels; make two rules of it."
        if unknown := re.search(r"undeclared reference to '([^']+)'", complaint):
            return self._unknown(unknown[1])
        if mixed := re.search(r"overload for '([^']+)' applied to '\((.+)\)'", complaint):
            sign = mixed[1].strip("_@").replace("_", " ")
            return (
                f"{sign} at column {column} does not go with ({mixed[2]}): compare like with like."
            )
        if "cannot be the operand of a select" in complaint:
            return f"At column {column}: a number has no parts; what follows the point is to go."
        told = complaint.removeprefix("Syntax error: ").partition(" expecting {")[0]
        return f"At column {column} it cannot be read: {told}."

    def _unknown(self, name: str) -> str:
        if not re.fullmatch(r"[\w.]+", name):
            sign = name.strip("_@").replace("_", "")
            return f"{sign} cannot be used here: there are {' '.join(BINARY)} ! in [..] ? :."
        plain = name.removeprefix(GIVEN)[:NAME_SHOWN]
        near = get_close_matches(plain, sorted(self.names), n=3)
        meant = f"did you mean {' or '.join(near)}?" if near else f"{self._page} lists them."
        return f"There is no feature or function {plain!r}: {meant}"


def names_in(text: str) -> set[str]:
    """All names in an expression.

    >>> sorted(names_in("given.x && x > 1e3 || numbers.distance > 2"))
    ['given.x', 'numbers.distance', 'x']
    """
    return {token for token in TOKENS.findall(text) if token[0].isalpha() or token[0] == "_"}


@lru_cache(maxsize=4_096)
def features_in(text: str) -> tuple[str, ...]:
    """The features that an expression names, each once.

    >>> features_in("given.x && x > 1e3 || numbers.distance > y")
    ('x', 'y', 'number_distance')
    """
    used = _used(names_in(text))
    of_numbers = (name for _, name in used.numbers)
    return tuple(dict.fromkeys((*used.plain, *(name for _, name in used.given), *of_numbers)))


def _used(names: Iterable[str]) -> _Used:
    """Names as they stand in expressions, sorted out."""
    ordered = sorted(names)
    given = [(name, name.removeprefix(GIVEN)) for name in ordered if name.startswith(GIVEN)]
    numbers = [name.removeprefix(OF_NUMBERS) for name in ordered if name.startswith(OF_NUMBERS)]
    return _Used(
        tuple(name for name in ordered if "." not in name),
        tuple(given),
        tuple((name, NUMBER + name) for name in numbers),
    )


def _known(value: Value) -> Value:
    return float(value) if isinstance(value, int | float) else value


def _any_of(texts: Iterable[str]) -> str:
    """True if any is; each on lines of its own, so that a comment at its end ends there."""
    return " || ".join(f"({text}\n)" for text in texts)


def _with_points(text: str) -> str:
    """Whole numbers written with a point: every number is floating point, and CEL mixes no types.

    >>> _with_points("x-3 > 1e-3 && given.x2 && y in [1, 2.5]")
    'x-3.0 > 1e-3 && given.x2 && y in [1.0, 2.5]'
    >>> _with_points('name == "size 5"')
    'name == "size 5"'
    """
    return TOKENS.sub(lambda token: token[0] + ".0" * token[0].isdigit(), text)


def _complaints(told: str) -> Iterator[tuple[str, str]]:
    """(column, complaint) of each of CEL's errors; the excerpts that it draws are left out."""
    told = told.removesuffix(" [INVALID_ARGUMENT]")
    found = re.findall(r"ERROR: <input>:-?\d+:(-?\d+): (.+)", told)
    yield from found or [("1", told.partition("\n")[0])]


def _holds(program: Any, activation: Any) -> bool:
    return program is not None and program.eval(activation).value() is True
