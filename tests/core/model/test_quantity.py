"""Quantities are read, compared and written as Kubernetes does it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.model import quantity


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1.5Gi", "1536Mi"),
        ("1000Gi", "1000Gi"),
        ("1023Ki", "1023Ki"),
        ("0.5Ki", "512"),
        ("1073741824", "1073741824"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.1", "100m"),
        ("4000m", "4"),
        ("2000", "2k"),
        ("1000k", "1M"),
        ("1e3", "1e3"),
        ("1E3", "1e3"),
        ("1500e-6", "1500e-6"),
        ("1E", "1E"),
        ("0", "0"),
        ("0Gi", "0"),
        ("-1", "-1"),
        ("-500m", "-500m"),
        (".5", "500m"),
        ("3.", "3"),
        ("0.5n", "1n"),
        ("+7", "7"),
        (2, "2"),
        (0.5, "500m"),
    ],
)
def test_canonical(text: str | int | float, written: str) -> None:
    assert quantity.canonical(text) == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", quantity.INVALID),
        ("abc", quantity.INVALID),
        ("1.2.3", quantity.INVALID),
        ("1 Gi", quantity.INVALID),
        ("Gi", quantity.INVALID),
        ("1e", quantity.INVALID),
        ("1e999", quantity.INVALID),
        ("1i", quantity.INVALID_SUFFIX),
        ("1Kii", quantity.INVALID_SUFFIX),
        ("1GG", quantity.INVALID_SUFFIX),
    ],
)
def test_what_is_no_quantity(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"quantit") as raised:
        quantity.parse(text)
    assert str(raised.value) == message


def test_numbers_are_rounded_up_to_whole_units() -> None:
    assert quantity.value("1500m") == 2
    assert quantity.value("1Ki") == 1024
    assert quantity.milli("0.0001") == 1
    assert quantity.milli("2") == 2000


def test_amounts_compare_across_units() -> None:
    assert quantity.compare("1Gi", "1024Mi") == 0
    assert quantity.compare("1", "999m") == 1
    assert quantity.compare("1k", "1Ki") == -1


def test_a_sum_keeps_the_first_units() -> None:
    assert quantity.add("100m", "0.4") == "500m"
    assert quantity.add("0", "512Mi", "512Mi") == "1Gi"
    assert quantity.add() == "0"


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "Mi", "Gi", "u"]))
def test_writing_loses_nothing_and_is_done_once(digits: int, unit: str) -> None:
    written = quantity.canonical(f"{digits}{unit}")
    assert quantity.canonical(written) == written
    limit = Decimal(2**63 - 1)
    number = quantity.parse(f"{digits}{unit}").number
    if abs(number) < limit:
        assert quantity.parse(written).number == number
