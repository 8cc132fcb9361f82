"""The pages for authors are as the code is: hooks, parts, how-to."""

from __future__ import annotations

import inspect
import re
import shlex

import pytest

from sampan.core.testing.live_cluster import LiveCluster
from tests.support.author_pages import DOCS, PAGES, registrations, sort_of, specifications

INGRESS_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "sampan", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
    "spec": {"controller": "sampan.io/ingress-controller"},
}
"""As ``sampan up --ingress`` makes it."""


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_as_the_code(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "write it anew: python -m tests.support.author_pages"


def test_every_hook_says_how_it_is_called() -> None:
    sorts = {hook.__name__: sort_of(hook) for hook in specifications()}
    assert [name for name, sort in sorts.items() if sort == "once"] == ["sampan_register"]
    assert {sorts["sampan_filter_nodes"], sorts["sampan_audit"], sorts["sampan_cluster_ready"]} == {
        "asked",
        "told",
        "waited for",
    }


def test_every_part_shows_what_it_has_to_be() -> None:
    page = (DOCS / "parts.md").read_text()
    without = {"kind", "settings"}
    for name, call in registrations():
        section = page.partition(f"## registry.{name}\n")[2].partition("\n## ")[0]
        assert "def " in section, name
        assert ("It makes a `" in section) or name in without, (name, inspect.getdoc(call))


def test_an_operators_tests_are_as_the_page_has_them(pytester: pytest.Pytester) -> None:
    page = (DOCS / "operator-tests.md").read_text()
    for name, code in re.findall(r'```python title="(\w+\.py)"\n(.*?)```', page, re.DOTALL):
        (pytester.path / name).write_text(code)
    ran = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-p", "no:schemathesis")
    ran.assert_outcomes(passed=3)
    assert ran.outlines[0].split() == ["...", "[100%]"]


@pytest.mark.kubectl
def test_an_ingress_is_made_as_the_page_says(sampan_plane: LiveCluster) -> None:
    """The kubectl lines of the page; what Caddy then serves is tried in tests/scenarios/test_ingress.py."""
    page = (DOCS / "ingress.md").read_text()
    lines = [line for line in re.findall(r"^\$ kubectl (.+)$", page, re.MULTILINE) if "&&" not in line]
    assert len(lines) == 5
    sampan_plane.apply(INGRESS_CLASS)
    answers = [sampan_plane.kubectl(*shlex.split(line)) for line in lines]
    shown = re.search(r"\$ kubectl get ingress\n(.*\n)(.*\n)", page)
    assert shown is not None
    header, row = answers[3].splitlines()
    assert header.split() == shown[1].split()
    assert row.split()[:3] == shown[2].split()[:3] == ["web", "sampan", "web.localhost"]
    assert "80, 443" in row
    assert "80, 443" in shown[2]
    assert "web.localhost" in answers[4]
