"""Sizes and costs between a least and a most, added and multiplied up to what 64 bits can hold, as Kubernetes does."""

from __future__ import annotations

import math
from typing import Final

from sampan.core.classes import frozen

MOST: Final = 2**64 - 1


@frozen
class Range:
    low: int
    high: int

    def __add__(self, other: Range) -> Range:
        return Range(min(self.low + other.low, MOST), min(self.high + other.high, MOST))

    def __mul__(self, other: Range) -> Range:
        return Range(min(self.low * other.low, MOST), min(self.high * other.high, MOST))

    def __or__(self, other: Range) -> Range:
        """Both of them."""
        return Range(min(self.low, other.low), max(self.high, other.high))

    def times(self, factor: float) -> Range:
        """Rounded up."""
        return Range(_scaled(self.low, factor), _scaled(self.high, factor))


UNKNOWN: Final = Range(0, MOST)
NOTHING: Final = Range(0, 0)
ONE: Final = Range(1, 1)


def exactly(number: int) -> Range:
    return Range(number, number)


def total(parts: list[Range]) -> Range:
    return sum(parts, NOTHING)


def _scaled(number: int, factor: float) -> int:
    scaled = math.ceil(float(number) * factor)
    return min(scaled, MOST) if scaled < 2.0**64 else MOST
