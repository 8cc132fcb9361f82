"""What templates of stages may call: Go's own functions, KWOK's, and the usual ones of sprig."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from sampan.core.errors import ConfigError
from sampan.plugins.stages.expressions import as_text, is_true


def quote(value: Any) -> str:
    """KWOK's: the value as a JSON text, whatever it is."""
    return json.dumps(value) if isinstance(value, str) else json.dumps(json.dumps(value))


def as_yaml(value: Any, indent: int = 0) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=False)
    pad = " " * (2 * indent)
    return ("\n" + text).replace("\n", "\n" + pad) if indent > 0 else text


def index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, Sequence) and isinstance(key, int):
            value = value[key] if 0 <= key < len(value) else None
        else:
            return None
    return value


def either(*values: Any) -> Any:
    return next((value for value in values if is_true(value)), values[-1])


def both(*values: Any) -> Any:
    return next((value for value in values if not is_true(value)), values[-1])


def printf(form: str, *values: Any) -> str:
    """With %s, %d, %v, %q and %%."""
    waiting = iter(values)
    written, letters = [], iter(form)
    for letter in letters:
        if letter != "%":
            written.append(letter)
            continue
        verb = next(letters, "%")
        if verb == "%":
            written.append("%")
        elif verb in "sdvq":
            value = next(waiting, None)
            written.append(json.dumps(as_text(value)) if verb == "q" else as_text(value))
        else:
            raise ConfigError(f"printf knows no %{verb} here")
    return "".join(written)


def _compared(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda one, other: one is not None and other is not None and holds(one, other)


COMMON: Mapping[str, Callable[..., Any]] = {
    "Quote": quote,
    "YAML": as_yaml,
    "add": lambda *values: sum(values),
    "and": both,
    "default": lambda otherwise, value=None: value if is_true(value) else otherwise,
    "eq": lambda one, *others: any(one == other for other in others),
    "ge": _compared(lambda one, other: one >= other),
    "gt": _compared(lambda one, other: one > other),
    "hasKey": lambda value, key: isinstance(value, Mapping) and key in value,
    "index": index,
    "join": lambda by, values: by.join(map(as_text, values or ())),
    "le": _compared(lambda one, other: one <= other),
    "len": lambda value: len(value or ()),
    "lower": lambda text: text.lower(),
    "lt": _compared(lambda one, other: one < other),
    "ne": lambda one, other: one != other,
    "not": lambda value: not is_true(value),
    "or": either,
    "print": lambda *values: "".join(map(as_text, values)),
    "printf": printf,
    "quote": lambda *values: " ".join(json.dumps(as_text(value)) for value in values if value is not None),
    "sub": lambda one, other: one - other,
    "toJson": json.dumps,
    "toYaml": lambda value: as_yaml(value).rstrip("\n"),
    "trim": lambda text: text.strip(),
    "upper": lambda text: text.upper(),
}
"""By name; those about the moment and about addresses come from who plays the stage."""
