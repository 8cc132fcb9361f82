"""Sets of fields, held against Python's sets of paths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.schema import field_sets
from sampan.core.schema.field_sets import (
    FieldSet,
    difference,
    intersection,
    path_text,
    paths_of,
    readable,
    set_of,
    union,
    without,
)

ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
PATHS = st.frozensets(st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple), max_size=12)
Paths = frozenset[tuple[str, ...]]


def same(tree: FieldSet, paths: Paths) -> bool:
    """The tree is the set of these paths, and nothing in it is superfluous."""
    return frozenset(paths_of(tree)) == paths and tree == set_of(*paths)


@given(PATHS)
def test_a_set_holds_what_was_put_into_it(paths: Paths) -> None:
    assert same(set_of(*paths), paths)


@given(PATHS, PATHS)
def test_sets_behave_like_sets(one: Paths, other: Paths) -> None:
    a, b = set_of(*one), set_of(*other)
    assert same(union(a, b), one | other)
    assert same(difference(a, b), one - other)
    assert same(intersection(a, b), one & other)
    assert (a, b) == (set_of(*one), set_of(*other))  # nothing is changed


@given(PATHS, PATHS)
def test_fields_are_left_out_with_what_is_below_them(one: Paths, tops: Paths) -> None:
    left = frozenset(path for path in one if not any(path[: len(top)] == top for top in tops))
    assert same(without(set_of(*one), set_of(*tops)), left)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name"), '.ports[port=80,protocol="TCP"].name'),
        (("f:finalizers", 'v:"a.example/b"'), '.finalizers[="a.example/b"]'),
        (("f:list", "i:3"), ".list[3]"),
    ],
)
def test_a_path_is_written_as_conflicts_name_it(path: tuple[str, ...], text: str) -> None:
    assert path_text(path) == text


@pytest.mark.parametrize(
    ("given_tree", "expected"),
    [
        ({"f:a": {".": {}, "f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}),
        ({"f:a": {}, "x:later": {}}, {"f:a": {}}),
        ({"f:a": 1}, None),
        ([], None),
    ],
)
def test_what_clients_send_is_read_with_care(given_tree: Any, expected: Any) -> None:
    assert readable(given_tree) == expected


def test_the_empty_set_is_the_empty_tree() -> None:
    assert union({}, {}) == field_sets.EMPTY == set_of()
