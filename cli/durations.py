"""Go's durations (``1h30m``, ``5s``, ``250ms``) as an option's type, in seconds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    _Type = click.ParamType[float]
else:
    # Older clicks know no such brackets.
    _Type = click.ParamType

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(_Type):
    """A bare number is seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        text = str(value)
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        if not text or _PART.sub("", text):
            self.fail(f'invalid duration "{text}": write it like 90s, 5m or 1h30m', param, ctx)
        return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
