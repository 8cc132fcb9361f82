"""Kubernetes quantities (``500m``, ``1Gi``): comparison and arithmetic without units."""

from __future__ import annotations

from decimal import Decimal

from sampan.core.cel.library.function import QUANTITY, Function, tagged, untagged
from sampan.core.model.quantity import Parsed, format_number, parse

LARGEST_INT = 2**63 - 1


def make(text: str) -> dict[str, str]:
    parsed = parse(text)
    return tagged(QUANTITY, format_number(parsed.number, "decimal" if parsed.family == "exponent" else parsed.family))


def is_quantity(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _of(value: object) -> Parsed:
    return parse(untagged(QUANTITY, value))


def compare(left: object, right: object) -> int:
    difference = _of(left).number - _of(right).number
    return (difference > 0) - (difference < 0)


def is_integer(value: object) -> bool:
    number = _of(value).number
    return number == number.to_integral_value() and abs(number) <= LARGEST_INT


def as_integer(value: object) -> int:
    if not is_integer(value):
        raise ValueError("cannot convert value to integer")
    return int(_of(value).number)


def _plus(left: object, number: Decimal) -> dict[str, str]:
    return tagged(QUANTITY, format_number(_of(left).number + number, _of(left).family))


FUNCTIONS = (
    Function("quantity", ["string"], QUANTITY, make, is_method=False),
    Function("isQuantity", ["string"], "bool", is_quantity, is_method=False),
    Function("sign", [QUANTITY], "int", lambda value: (_of(value).number > 0) - (_of(value).number < 0)),
    Function("isInteger", [QUANTITY], "bool", is_integer),
    Function("asInteger", [QUANTITY], "int", as_integer),
    Function("asApproximateFloat", [QUANTITY], "double", lambda value: float(_of(value).number)),
    Function("isGreaterThan", [QUANTITY, QUANTITY], "bool", lambda left, right: compare(left, right) > 0),
    Function("isLessThan", [QUANTITY, QUANTITY], "bool", lambda left, right: compare(left, right) < 0),
    Function("compareTo", [QUANTITY, QUANTITY], "int", compare),
    Function("add", [QUANTITY, QUANTITY], QUANTITY, lambda left, right: _plus(left, _of(right).number)),
    Function("add", [QUANTITY, "int"], QUANTITY, lambda left, right: _plus(left, Decimal(right))),
    Function("sub", [QUANTITY, QUANTITY], QUANTITY, lambda left, right: _plus(left, -_of(right).number)),
    Function("sub", [QUANTITY, "int"], QUANTITY, lambda left, right: _plus(left, Decimal(-right))),
)
