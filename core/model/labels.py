"""Label selectors: the text form of requests (``app=web,tier in (a,b)``) and the object form of kinds.

Parsing follows ``k8s.io/apimachinery/pkg/labels``, its messages included. Pure functions and frozen values; any thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

from sampan.core.classes import frozen
from sampan.core.model import formats

Operator = Literal["=", "==", "!=", "in", "notin", "exists", "!", "gt", "lt"]

SYMBOLS: Final = ("=", "==", "!=", "in", "notin", "gt", "lt")
SPECIAL: Final = frozenset("=!(),><")
INTEGER: Final = re.compile(r"[-+]?[0-9]{1,25}")


class SelectorError(ValueError):
    """A selector that says nothing: the message is Kubernetes'."""


@frozen
class Requirement:
    """One condition on one label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        if self.operator in ("in", "=", "=="):
            return value is not None and value in self.values
        if self.operator in ("notin", "!="):
            return value is None or value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        try:
            left, right = int(value or ""), int(self.values[0])
        except ValueError:
            return False
        return left > right if self.operator == "gt" else left < right

    def __str__(self) -> str:
        if self.operator == "!":
            return f"!{self.key}"
        if self.operator == "exists":
            return self.key
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
        sign = {"gt": ">", "lt": "<"}.get(self.operator, self.operator)
        return f"{self.key}{sign}{self.values[0]}"


@frozen
class Selector:
    """Conditions that must all hold; without any it matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


EVERYTHING: Final = Selector()


@lru_cache(maxsize=1024)
def parse_selector(text: str) -> Selector:
    """The selector that a request's ``labelSelector`` means. Raises `SelectorError`."""
    parser = _Parser(text)
    requirements = sorted(parser.requirements(), key=lambda each: each.key)
    return Selector(tuple(requirements))


class _Parser:
    """A reader of tokens, one ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def requirements(self) -> Iterator[Requirement]:
        if not self._look():
            return
        while True:
            token = self._look()
            if token and token not in (",", ")", "(") and (token == "!" or not SPECIAL & set(token)):
                try:
                    requirement = self._requirement()
                except SelectorError as error:
                    raise SelectorError(f"unable to parse requirement: {error}") from error
                yield requirement
                following = self._next()
                if not following:
                    return
                if following != ",":
                    raise SelectorError(f"found '{following}', expected: ',' or 'end of string'")
                after = self._look()
                if not after or SPECIAL & set(after) - {"!"} or after == "!=":
                    raise SelectorError(f"found '{after}', expected: identifier after ','")
            else:
                raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")

    def _requirement(self) -> Requirement:
        negated = self._look() == "!"
        if negated:
            self._next()
        key = self._next()
        if not key or SPECIAL & set(key):
            raise SelectorError(f"found '{key}', expected: identifier")
        _check_key(key)
        if negated:
            return Requirement(key, "!")
        if self._look() in ("", ","):
            return Requirement(key, "exists")
        word = self._next()
        operator: Operator = {">": "gt", "<": "lt"}.get(word, word)  # type: ignore[assignment]
        if operator not in SYMBOLS:
            known = "in, notin, =, ==, !=, gt, lt"
            raise SelectorError(f"found '{word}', expected: {known}")
        values = self._values() if operator in ("in", "notin") else (self._exact(),)
        _check_values(key, operator, values)
        return Requirement(key, operator, values)

    def _values(self) -> tuple[str, ...]:
        opening = self._next()
        if opening != "(":
            raise SelectorError(f"found '{opening}' expected: '('")
        values: list[str] = []
        expected = True
        while True:
            token = self._next()
            if token == ")":
                if expected:
                    values.append("")
                return tuple(sorted(set(values)))
            if token == ",":
                if expected:
                    values.append("")
                expected = True
            elif not token or SPECIAL & set(token):
                raise SelectorError(f"found '{token}', expected: ',', or ')'")
            else:
                values.append(token)
                expected = False
                if self._look() not in (",", ")"):
                    raise SelectorError(f"found '{self._look()}', expected: ',' or ')'")

    def _exact(self) -> str:
        token = self._look()
        if token in ("", ","):
            return ""
        if SPECIAL & set(token):
            raise SelectorError(f"found '{token}', expected: identifier")
        return self._next()

    def _look(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._look()
        self._at += 1
        return token


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t\r\n":
            at += 1
        elif char in SPECIAL:
            pair = text[at : at + 2]
            token = pair if pair in ("==", "!=") else char
            yield token
            at += len(token)
        else:
            start = at
            while at < len(text) and text[at] not in SPECIAL and text[at] not in " \t\r\n":
                at += 1
            yield text[start:at]


def _check_key(key: str) -> None:
    if problems := formats.qualified_name(key):
        raise SelectorError(f"<nil>: Invalid value: {_quoted(key)}: {'; '.join(problems)}")


def _check_values(key: str, operator: str, values: Sequence[str]) -> None:
    problems: list[str] = []
    if operator in ("gt", "lt"):
        words = "for 'Gt', 'Lt' operators, the value must be an integer"
        problems += [
            f"values[{index}]: Invalid value: {_quoted(value)}: {words}"
            for index, value in enumerate(values)
            if not _is_int64(value)
        ]
    problems += [
        f"values[{index}][{key}]: Invalid value: {_quoted(value)}: {'; '.join(wrong)}"
        for index, value in enumerate(values)
        if (wrong := formats.label_value(value))
    ]
    if problems:
        raise SelectorError(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _is_int64(text: str) -> bool:
    return bool(INTEGER.fullmatch(text)) and -(2**63) <= int(text) < 2**63


def _quoted(text: str) -> str:
    """As Go's ``%q``, for what can stand in a selector."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


OBJECT_OPERATORS: Final[Mapping[str, Operator]] = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
}


def matches_selector(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector as a wire value matches; an operator that there is not matches nothing."""
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    for each in selector.get("matchExpressions") or ():
        operator = OBJECT_OPERATORS.get(each.get("operator") or "")
        if operator is None:
            return False
        if not Requirement(each.get("key") or "", operator, tuple(each.get("values") or ())).matches(labels):
            return False
    return True


def wire_selector(selector: Mapping[str, Any]) -> Selector:
    """The object form as a wire value, its conditions by key, as kubectl prints them (``app=web,tier in (a,b)``)."""
    parts = [Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or ():
        operator = OBJECT_OPERATORS.get(each.get("operator") or "")
        if operator is not None:
            parts.append(Requirement(each.get("key") or "", operator, tuple(each.get("values") or ())))
    return Selector(tuple(sorted(parts, key=lambda part: part.key)))
