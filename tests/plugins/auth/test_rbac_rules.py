"""What a rule allows, and what a set of rules leaves uncovered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.contracts.access import Attributes, User
from sampan.plugins.auth.rbac.notation import at, on
from sampan.plugins.auth.rbac.rules import Rule, shown, uncovered, url_fits

JANE = User(name="jane")


def asked(verb: str, resource: str, group: str = "", name: str = "", path: str = "") -> Attributes:
    resource, _, subresource = resource.partition("/")
    return Attributes(
        user=JANE, verb=verb, group=group, resource=resource, subresource=subresource, name=name, path=path
    )


@pytest.mark.parametrize(
    ("rule", "wanted", "allowed"),
    [
        (on("get list", "", "pods"), asked("get", "pods"), True),
        (on("get list", "", "pods"), asked("watch", "pods"), False),
        (on("get", "", "pods"), asked("get", "pods", "apps"), False),
        (on("get", "", "pods"), asked("get", "pods/log"), False),
        (on("get", "", "pods/log"), asked("get", "pods/log"), True),
        (on("get", "", "pods/log"), asked("get", "pods"), False),
        (on("update", "*", "*/scale"), asked("update", "deployments/scale", "apps"), True),
        (on("update", "*", "*/scale"), asked("update", "deployments", "apps"), False),
        (on("*", "*", "*"), asked("fly", "boats/sail", "example.com"), True),
        (on("*", "*", "*"), asked("get", "", path="/metrics"), False),
        (on("update", "", "configmaps", "a b"), asked("update", "configmaps", name="b"), True),
        (on("update", "", "configmaps", "a b"), asked("update", "configmaps", name="c"), False),
        (on("list", "", "configmaps", "a"), asked("list", "configmaps"), False),
        (at("get", "/metrics /api/*"), asked("get", "", path="/metrics"), True),
        (at("get", "/metrics /api/*"), asked("get", "", path="/api/v1"), True),
        (at("get", "/metrics /api/*"), asked("get", "", path="/apis"), False),
        (at("get", "*"), asked("get", "", path="/anything"), True),
        (at("*", "*"), asked("get", "pods"), False),
    ],
)
def test_what_a_rule_allows(rule: dict[str, Any], wanted: Attributes, allowed: bool) -> None:
    assert Rule.of(rule).allows(wanted) == allowed


@pytest.mark.parametrize(
    ("pattern", "path", "fits"), [("/a*", "/a", True), ("/a/*", "/a", False), ("/a", "/a/", False), ("*", "", True)]
)
def test_paths(pattern: str, path: str, fits: bool) -> None:
    assert url_fits(pattern, path) == fits


@pytest.mark.parametrize(
    ("owned", "wanted", "lacking"),
    [
        ([on("get list", "", "pods")], [on("get", "", "pods")], []),
        ([on("get", "", "pods")], [on("get list", "", "pods secrets")], ["list pods", "get secrets", "list secrets"]),
        ([on("get", "", "pods"), on("list", "", "pods")], [on("get list", "", "pods")], []),
        ([on("*", "*", "*")], [on("get", "apps", "deployments/scale", "x")], []),
        ([on("get", "", "pods")], [on("*", "", "pods")], ["* pods"]),
        ([on("get", "", "pods", "a b")], [on("get", "", "pods", "a")], []),
        ([on("get", "", "pods", "a")], [on("get", "", "pods")], ["get pods"]),
        ([on("get", "", "*/log")], [on("get", "", "pods/log")], []),
        ([at("get", "/a/*")], [at("get", "/a/b /c")], ["get /c"]),
        ([at("get", "/a/*")], [at("get", "/a/*")], []),
        ([at("get", "/a/b*")], [at("get", "/a/*")], ["get /a/*"]),
    ],
)
def test_what_is_lacking(owned: list[Any], wanted: list[Any], lacking: list[str]) -> None:
    found = uncovered(map(Rule.of, owned), wanted)
    assert [f"{part['verbs'][0]} {(part.get('resources') or part['nonResourceURLs'])[0]}" for part in found] == lacking


def test_a_rule_as_kubernetes_prints_it() -> None:
    [part] = uncovered([], [on("get", "", "pods", "a")])
    assert shown(part) == '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get"]}'


words = st.sampled_from(["*", "get", "list", "update"])
rules = st.builds(
    lambda verbs, groups, resources, names: {
        "verbs": verbs, "apiGroups": groups, "resources": resources, "resourceNames": names,
    },
    st.lists(words, min_size=1, max_size=2),
    st.lists(st.sampled_from(["", "apps", "*"]), min_size=1, max_size=2),
    st.lists(st.sampled_from(["pods", "pods/log", "*/log", "*"]), min_size=1, max_size=2),
    st.lists(st.sampled_from(["a", "b"]), max_size=2),
)  # fmt: skip
requests = st.builds(
    asked,
    st.sampled_from(["get", "list", "update", "delete"]),
    st.sampled_from(["pods", "pods/log", "secrets", "secrets/log"]),
    st.sampled_from(["", "apps", "batch"]),
    st.sampled_from(["", "a", "b", "c"]),
)


@given(st.lists(rules, max_size=4), rules, requests)
def test_whoever_covers_a_rule_may_do_all_that_it_allows(owned: list[Any], wanted: Any, request: Attributes) -> None:
    have = [Rule.of(each) for each in owned]
    if not uncovered(have, [wanted]) and Rule.of(wanted).allows(request):
        assert any(rule.allows(request) for rule in have)
