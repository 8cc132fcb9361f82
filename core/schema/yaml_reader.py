"""YAML as Kubernetes reads it, straight to JSON values, with its cost bounded before it is paid.

libyaml cuts the text into events; what a plain scalar means is said here, by the rules of the Go library that Kubernetes
uses: YAML 1.1 without numbers of base 60 and without times (``12:30`` and ``2024-01-01`` are text). Anchors are copied
where they are used, and every value counts, so that a small text cannot become a large one. Pure functions, any thread.
"""

from __future__ import annotations

import base64
import re
from typing import Any, Final, cast

import yaml

MAX_DEPTH: Final = 300
"""Deeper YAML than this is refused: every walk over a value recurses."""
MAX_COST: Final = 300_000
"""Values that a document may have once its anchors are written out; long text counts for several."""
TEXT_UNIT: Final = 32
"""Characters that cost as much as one value more."""

_TAG: Final = "tag:yaml.org,2002:"
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_NOT_NUMBERS: Final = frozenset(
    sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
) | {".nan", ".NaN", ".NAN"}  # fmt: skip
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER: Final = 400
"""Digits beyond which a number is out of every range."""
_EXACT: Final = 2.0**53
"""A float that is whole, and below this, is as good an integer: JSON does not tell them apart."""


class YamlProblem(ValueError):
    """Text that is not YAML, or not JSON in YAML's clothes."""


class _Merge:
    """The key ``<<``."""


MERGE: Final = _Merge()


def read_yaml(raw: bytes) -> tuple[Any, list[str]]:
    """The first document as a JSON value, and what it says of repeated keys. Raises `YamlProblem`."""
    reader = None
    try:
        reader = _Reader(raw)
        return reader.document(), reader.repeated
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line if mark else 0
        if line and isinstance(error, yaml.scanner.ScannerError):
            line += 1
        raise YamlProblem(f"line {line}: {error.problem}" if line else str(error.problem)) from error
    except RecursionError as error:
        raise YamlProblem("exceeded max depth") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise YamlProblem(str(error).partition("\n")[0]) from error
    finally:
        if reader is not None:
            reader.close()


class _Reader:
    """One document."""

    def __init__(self, raw: bytes) -> None:
        self._events: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(raw)
        self._left = MAX_COST
        self._anchors: dict[str, Any] = {}
        self.repeated: list[str] = []

    def close(self) -> None:
        self._events.dispose()

    def document(self) -> Any:
        self._events.get_event()  # the stream's start
        if isinstance(self._events.get_event(), yaml.StreamEndEvent):
            return None
        return self._value(self._events.get_event(), 0)

    def _spend(self, cost: int) -> None:
        self._left -= cost
        if self._left < 0:
            raise YamlProblem("document contains excessive aliasing")

    def _value(self, event: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise YamlProblem("exceeded max depth")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._spend(1)
        anchor = event.anchor
        if anchor:
            self._anchors.pop(anchor, None)
        if isinstance(event, yaml.ScalarEvent):
            self._spend(len(event.value) // TEXT_UNIT)
            value = scalar(event.value, event.tag, plain=event.implicit[0])
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, depth)
        else:
            value = self._mapping(event, depth)
        if anchor:
            self._anchors[anchor] = value
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise YamlProblem(f"unknown anchor '{event.anchor}' referenced, or one that contains itself")
        return self._copy(self._anchors[event.anchor])

    def _copy(self, value: Any) -> Any:
        self._spend(1)
        if isinstance(value, dict):
            return {self._copy(key): self._copy(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item) for item in value]
        if isinstance(value, str):
            self._spend(len(value) // TEXT_UNIT)
        return value

    def _sequence(self, event: Any, depth: int) -> list[Any]:
        _check_tag(event, "seq")
        items = []
        while not isinstance(event := self._events.get_event(), yaml.SequenceEndEvent):
            items.append(_plain(self._value(event, depth + 1)))
        return items

    def _mapping(self, event: Any, depth: int) -> dict[str, Any]:
        _check_tag(event, "map")
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := self._events.get_event(), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            key = self._value(event, depth + 1)
            value = self._value(self._events.get_event(), depth + 1)
            if key is MERGE:
                for each in value if isinstance(value, list) else [value]:
                    if not isinstance(each, dict):
                        raise YamlProblem(f"line {line}: map merge requires map or sequence of maps as the value")
                    merged = each | merged
                continue
            name = key_text(key)
            if name in own:
                self.repeated.append(f'line {line}: key "{name}" already set in map')
            own[name] = _plain(value)
        return merged | own if merged else own


def _plain(value: Any) -> Any:
    """``<<`` means something as a key alone."""
    return "<<" if value is MERGE else value


def _check_tag(event: Any, expected: str) -> None:
    tag = event.tag
    if tag and tag not in ("!", f"{_TAG}{expected}"):
        if tag.startswith(_TAG):
            raise YamlProblem(f"cannot be written as JSON: {tag.removeprefix(_TAG)}")
        raise YamlProblem(f"could not determine a constructor for the tag {tag!r}")


def scalar(text: str, tag: str | None, *, plain: bool) -> Any:
    """What a scalar stands for. Raises `YamlProblem`."""
    if not tag:
        return resolve(text) if plain else text
    kind = tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
    if kind in ("!", "str", "timestamp"):
        return text
    if kind == "binary":
        try:
            return base64.b64decode(text, validate=False).decode()
        except ValueError:
            raise YamlProblem("!!binary value contains invalid base64 data, or no text") from None
    value = resolve(text)
    fits: dict[str, type | tuple[type, ...]] = {
        "int": int, "float": (int, float), "bool": bool, "null": type(None), "merge": _Merge,
    }  # fmt: skip
    if kind not in fits:
        raise YamlProblem(f"could not determine a constructor for the tag {tag!r}")
    if not isinstance(value, fits[kind]) or (isinstance(value, bool) and kind != "bool"):
        raise YamlProblem(f"cannot decode {text[:40]!r} as a !!{kind}")
    return float(cast(float, value)) if kind == "float" else value


def resolve(text: str) -> Any:
    """A plain scalar without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text == "<<":
        return MERGE
    if text in _NOT_NUMBERS:
        raise YamlProblem(f"json: unsupported value: {text.lstrip('.')}")
    if text[0] in "+-.0123456789":
        return _number(text)
    return text


def _number(text: str) -> Any:
    digits = text.replace("_", "")
    if len(digits) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(digits):
            value = _integer(digits)
            if -(2**63) <= value < 2**64:
                return value
        if _FLOAT.fullmatch(digits):
            number = float(digits)
            if number in (float("inf"), float("-inf")):
                return text
            return int(number) if number.is_integer() and abs(number) < _EXACT else number
    return text


def _integer(digits: str) -> int:
    bare = digits.lstrip("+-")
    is_octal = len(bare) > 1 and bare[0] == "0" and bare[1].isdigit()
    value = int(bare, 8 if is_octal else 0)
    return -value if digits[0] == "-" else value


def key_text(key: Any) -> str:
    """A key as the text that JSON needs."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    if isinstance(key, int | float):
        return str(key)
    raise YamlProblem(f"unsupported map key of type {'map' if isinstance(key, dict) else 'list'}")
