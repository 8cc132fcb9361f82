"""Label selectors, and both sorts of selector together: the text of a query to a test of wire objects.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors. Called for lists, watches and
deletecollection by both transports; parsing is cached, because clients repeat their selectors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from sampan.core.errors import BadRequest
from sampan.core.model.formats import label_value, qualified_name
from sampan.core.schema import fields
from sampan.core.schema.fields import FieldSelector
from sampan.core.schema.resource import Resource

_TOKEN: Final = re.compile(r"\s*(?:(==|!=|=|!|,|\(|\)|<|>)|([^\s=!,()<>]+))")
NO_FIELDS: Final = FieldSelector()


@attrs.frozen
class Requirement:
    """One clause on one key. ``operator``: ``in notin exists absent gt lt`` (equality is ``in`` with one value)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        if self.operator == "in":
            return value in self.values
        if self.operator == "notin":
            return value is None or value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "absent":
            return value is None
        return value is not None and _compare(value, self.operator, self.values[0])


def _compare(value: str, operator: str, bound: str) -> bool:
    try:
        return int(value) > int(bound) if operator == "gt" else int(value) < int(bound)
    except ValueError:
        return False


class _Tokens:
    """The words of a label selector, one at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: list[str] = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                raise unparsable(text, f"unexpected {stripped[position:]!r}")
            self._words.append(match[1] or match[2])
            position = match.end()
        self._next = 0

    def peek(self) -> str:
        return self._words[self._next] if self._next < len(self._words) else ""

    def take(self) -> str:
        word = self.peek()
        self._next += 1
        return word

    def fail(self, found: str, expected: str) -> BadRequest:
        return unparsable(self._text, f"found '{found}', expected: {expected}")


def unparsable(text: str, problem: str) -> BadRequest:
    return BadRequest(f"unable to parse requirement: {problem} in the selector {text!r}")


@lru_cache(maxsize=1024)
def parse_labels(text: str) -> tuple[Requirement, ...]:
    """The requirements of a label selector. Raises `BadRequest`."""
    tokens = _Tokens(text)
    if not tokens.peek():
        return ()
    found = [_requirement(tokens)]
    while word := tokens.take():
        if word != ",":
            raise tokens.fail(word, "',' or end of string")
        found.append(_requirement(tokens))
    return tuple(found)


def _requirement(tokens: _Tokens) -> Requirement:
    word = tokens.take()
    if word == "!":
        return Requirement(_key(tokens.take()), "absent")
    if not word or word in "=!,()<>==":
        raise tokens.fail(word, "!, identifier, or ','")
    key, operator = _key(word), tokens.peek()
    if operator in ("", ","):
        return Requirement(key, "exists")
    tokens.take()
    if operator in ("in", "notin"):
        return Requirement(key, operator, _value_set(tokens))
    if operator in ("=", "==", "!=", "<", ">"):
        value = "" if tokens.peek() in ("", ",") else _value(tokens.take())
        kind = {"=": "in", "==": "in", "!=": "notin", "<": "lt", ">": "gt"}[operator]
        if kind in ("gt", "lt") and not re.fullmatch(r"[+-]?\d+", value):
            raise BadRequest(f"for 'Gt', 'Lt' operators, the value must be an integer: {value!r}")
        return Requirement(key, kind, (value,))
    raise tokens.fail(operator, "in, notin, =, ==, !=, gt, lt")


def _value_set(tokens: _Tokens) -> tuple[str, ...]:
    if (word := tokens.take()) != "(":
        raise tokens.fail(word, "'('")
    values: list[str] = []
    expecting = True
    while (word := tokens.take()) != ")":
        if word == ",":
            if expecting:
                values.append("")
            expecting = True
        elif not word or not expecting or word in "=!(<>==":
            raise tokens.fail(word, "',', or identifier")
        else:
            values.append(_value(word))
            expecting = False
    if expecting and values:
        values.append("")
    return tuple(values) or ("",)


def _key(text: str) -> str:
    if problems := list(qualified_name(text)):
        raise BadRequest(f'key: Invalid value: "{text}": {"; ".join(problems)}')
    return text


def _value(text: str) -> str:
    if problems := list(label_value(text)):
        raise BadRequest(f'values[0]: Invalid value: "{text}": {"; ".join(problems)}')
    return text


@attrs.frozen
class Selection:
    """What a list, watch or deletecollection picks."""

    labels: tuple[Requirement, ...] = ()
    fields: FieldSelector = NO_FIELDS

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)

    def matches(self, obj: Mapping[str, Any]) -> bool:
        if self.labels:
            labels = obj["metadata"].get("labels") or {}
            if not all(requirement.matches(labels) for requirement in self.labels):
                return False
        return not self.fields or self.fields.matches(obj)

    @property
    def name(self) -> str:
        """The one name that can match; empty where any can."""
        return self.fields.exact("metadata.name") or ""


EVERYTHING: Final = Selection()


def select(resource: Resource, label_selector: str, field_selector: str) -> Selection:
    """Raises `BadRequest` for a selector that cannot be read or names a field that cannot be selected by."""
    if not label_selector and not field_selector:
        return EVERYTHING
    return Selection(parse_labels(label_selector), fields.field_selector(resource, field_selector))
