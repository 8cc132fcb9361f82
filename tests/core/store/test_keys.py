"""How keys nest and sort."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.store.keys import folders, key_range, prefix_end

TEXT = st.text("a/0é\ud7ff\ue000\U0010ffff", max_size=4)


@given(TEXT, TEXT)
def test_what_starts_with_a_prefix_lies_before_its_end(prefix: str, key: str) -> None:
    end = prefix_end(prefix)
    assert (prefix <= key and (end is None or key < end)) == key.startswith(prefix)


@given(st.sets(TEXT.filter(bool)), TEXT, TEXT)
def test_a_range_is_what_is_below_the_prefix_and_after_the_start(keys: set[str], prefix: str, start_after: str) -> None:
    ordered = sorted(keys)
    expected = [key for key in ordered if key.startswith(prefix) and (not start_after or key > start_after)]
    assert ordered[key_range(ordered, prefix, start_after)] == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("/registry/pods/ns/a", ["/", "/registry/", "/registry/pods/", "/registry/pods/ns/"]),
        ("/registry/", ["/", "/registry/"]),
        ("bare", []),
    ],
)
def test_folders(key: str, expected: list[str]) -> None:
    assert list(folders(key)) == expected
