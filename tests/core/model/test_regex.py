"""Patterns as Go has them."""

from __future__ import annotations

import time

import pytest

from sampan.core.model.regex import PatternError, compiled


def test_a_search_grows_with_the_text_alone() -> None:
    began = time.process_time()
    assert compiled("^(a|a)*$").search("a" * 100_000 + "b") is None
    assert compiled("(.*)(.*)(.*)(.*)(.*)x").search("a" * 10_000) is None
    assert time.process_time() - began < 2


def test_texts_are_searched_as_go_does() -> None:
    assert [found[0] for found in compiled(r"\d+").finditer("a1 ٣ b22")] == ["1", "22"]
    assert compiled(r"^\p{L}+$").search("é") is not None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "missing closing ): `(`"),
        ("[a", "missing closing ]: `[a`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        (r"\y", r"invalid escape sequence: `\y`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("a\\", "trailing backslash at end of expression: ``"),
    ],
)
def test_what_is_no_pattern_is_told_in_gos_words(pattern: str, said: str) -> None:
    with pytest.raises(PatternError) as raised:
        compiled(pattern)
    assert str(raised.value) == f"error parsing regexp: {said}"
