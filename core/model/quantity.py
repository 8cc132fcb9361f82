"""Kubernetes quantities: numbers with a unit (``500m``, ``1Gi``, ``1e3``), parsed, compared and written canonically.

The rules are those of ``k8s.io/apimachinery/pkg/api/resource``: a quantity keeps its family of units (binary, decimal
or exponent), is written with the largest unit that leaves no fraction, and is rounded up to a whole nano. A binary
number below 1024 (in size) or with a fraction of a byte becomes a decimal one. Called by decoding (`canonical`), by
rules, the scheduler and the node agent (`parse`, `value`, `milli`); pure functions, safe on any thread.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Context, Decimal
from functools import lru_cache
from typing import Final, Literal

from sampan.core.classes import frozen
from sampan.core.model.meta import Quantity

Family = Literal["binary", "decimal", "exponent"]

_PATTERN: Final = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)([numkKMGTPEi]*|[eE][+-]?[0-9]+)", re.ASCII)
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_UNITS: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL_UNITS: Final = {power: unit for unit, power in _DECIMAL.items()}
_NANO: Final = Decimal("1e-9")
_LARGEST: Final = Decimal(2**63 - 1)
_USUAL_LENGTH: Final = 32
"""What is longer is not remembered."""
_EXACT: Final = Context(prec=100)
INVALID: Final = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
INVALID_SUFFIX: Final = "unable to parse quantity's suffix"


@frozen
class Parsed:
    """A quantity as a number (in whole units: cores, bytes) and the family of units it is written in."""

    number: Decimal
    family: Family


@lru_cache(maxsize=4096)
def parse(text: str | int | float) -> Parsed:
    """Read a quantity. Raises `ValueError` with Kubernetes' message."""
    match = _PATTERN.fullmatch(str(text))
    if match is None:
        raise ValueError(INVALID)
    sign, digits, suffix = match.groups()
    multiplier, family = _unit(suffix)
    number = _EXACT.multiply(Decimal(digits), multiplier)
    number = number.quantize(_NANO, rounding=ROUND_CEILING, context=_EXACT)
    number = min(number, _LARGEST) if family == "binary" else number
    if family == "binary" and 0 < number < 1:
        family = "decimal"
    return Parsed(-number if sign == "-" else number, family)


def _unit(suffix: str) -> tuple[Decimal, Family]:
    if suffix in _BINARY:
        return Decimal(1024 ** _BINARY[suffix]), "binary"
    if suffix in _DECIMAL:
        return Decimal(1).scaleb(_DECIMAL[suffix]), "decimal"
    if suffix[:1] in ("e", "E") and suffix[1:]:
        power = int(suffix[1:])
        if abs(power) > 60:
            raise ValueError(INVALID)
        return Decimal(1).scaleb(power), "exponent"
    raise ValueError(INVALID_SUFFIX)


def canonical(text: str | int | float) -> Quantity:
    """The quantity as Kubernetes writes it: ``1024Mi`` → ``1Gi``, ``0.5Gi`` → ``512Mi``, ``1000m`` → ``1``."""
    if type(text) is str and len(text) <= _USUAL_LENGTH:
        return _canonical(text)
    parsed = parse(text)
    return format_number(parsed.number, parsed.family)


@lru_cache(maxsize=4096)
def _canonical(text: str) -> Quantity:
    """Programs write the same few quantities again and again."""
    parsed = parse(text)
    return format_number(parsed.number, parsed.family)


def format_number(number: Decimal | int, family: Family = "decimal") -> Quantity:
    """A number of whole units in the canonical notation of a family."""
    number = Decimal(number)
    if not number:
        return Quantity("0")
    sign, size = ("-", -number) if number < 0 else ("", number)
    if family == "binary" and size >= 1024 and size == size.to_integral_value():
        return Quantity(sign + _binary(int(size)))
    return Quantity(sign + _decimal(size, family))


def _binary(size: int) -> str:
    unit = 0
    while size % 1024 == 0 and unit < len(_BINARY_UNITS) - 1:
        size //= 1024
        unit += 1
    return f"{size}{_BINARY_UNITS[unit]}"


def _decimal(size: Decimal, family: Family) -> str:
    power = -9
    while power < 18 and size % Decimal(1).scaleb(power + 3) == 0:
        power += 3
    digits = f"{size.scaleb(-power, _EXACT):f}".partition(".")[0]
    if family == "exponent":
        return f"{digits}e{power}" if power else digits
    return digits + _DECIMAL_UNITS[power]


def value(text: str | int | float) -> int:
    """Whole units, rounded up (bytes, pods)."""
    return int(parse(text).number.to_integral_value(rounding=ROUND_CEILING))


def milli(text: str | int | float) -> int:
    """Thousandths, rounded up (milli-cores)."""
    return int((parse(text).number * 1000).to_integral_value(rounding=ROUND_CEILING))


def compare(left: str | int | float, right: str | int | float) -> int:
    """-1, 0 or 1 as ``left`` is less than, equal to or more than ``right``."""
    difference = parse(left).number - parse(right).number
    return (difference > 0) - (difference < 0)


def add(*amounts: str | int | float) -> Quantity:
    """The sum, in the family of the first amount that is not zero."""
    parsed = [parse(amount) for amount in amounts]
    family: Family = next((item.family for item in parsed if item.number), "decimal")
    return format_number(sum((item.number for item in parsed), Decimal(0)), family)
