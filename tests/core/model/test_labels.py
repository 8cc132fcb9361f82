"""Label selectors, as requests write them and as kinds have them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.model.labels import Selector, SelectorError, matches_selector, parse_selector, wire_selector

LABELS = {"app": "web", "tier": "front", "release": "7", "empty": ""}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("   ", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web", True),
        ("app=db", False),
        ("app!=db", True),
        ("app!=web", False),
        ("absent!=x", True),
        ("app", True),
        ("absent", False),
        ("!absent", True),
        ("! app", False),
        ("app in (web,db)", True),
        ("app in (db)", False),
        ("absent in (x)", False),
        ("app notin (db)", True),
        ("absent notin (x)", True),
        ("tier in (front),app=web", True),
        ("tier in (front),app=db", False),
        ("release>6", True),
        ("release<7", False),
        ("app>1", False),
        ("empty=", True),
        ("empty in ()", True),
        ("absent=", False),
        ("in=x", False),
    ],
)
def test_texts(text: str, matches: bool) -> None:
    assert parse_selector(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    "text",
    ["app=web,", "app=(web)", "app in web", "app in (web", "=web", "app web", "!", "app=web=x", "a,,b", "bad key=x",
     "app=bad value", "app>many", "app>-1", "app<99999999999999999999", "/x=1", "app in (a b)", "app~web", ")", "app!web"],
)  # fmt: skip
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(SelectorError):
        parse_selector(text)


def test_an_empty_selector_is_false() -> None:
    assert not parse_selector("")
    assert parse_selector("a")


@pytest.mark.parametrize(
    ("selector", "matches", "text"),
    [
        ({}, True, ""),
        ({"matchLabels": {"app": "web"}}, True, "app=web"),
        ({"matchLabels": {"app": "web", "tier": "back"}}, False, "app=web,tier=back"),
        (
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}]},
            True,
            "tier in (back,front)",
        ),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}, False, "tier notin (front)"),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True, "app"),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False, "!app"),
        (
            {"matchLabels": {"tier": "front"}, "matchExpressions": [{"key": "app", "operator": "Exists"}]},
            True,
            "app,tier=front",
        ),
    ],
)  # fmt: skip
def test_the_object_form(selector: dict[str, Any], matches: bool, text: str) -> None:
    assert matches_selector(selector, LABELS) is matches
    assert wire_selector(selector).matches(LABELS) is matches
    assert str(wire_selector(selector)) == text


def test_an_unknown_operator_matches_nothing() -> None:
    assert not matches_selector({"matchExpressions": [{"key": "app", "operator": "Like", "values": ["w"]}]}, LABELS)


NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True).filter(
    lambda name: name not in ("in", "notin")
)


@given(st.dictionaries(NAMES, NAMES, min_size=1, max_size=4))
def test_equalities_survive_being_written_down(labels: dict[str, str]) -> None:
    written = str(wire_selector({"matchLabels": labels}))
    parsed: Selector = parse_selector(written)
    assert parsed.matches(labels)
    assert not parsed.matches({})
    assert str(parsed) == written
