"""The kinds are served under the names, in the scopes and with the verbs of Kubernetes' own discovery document."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sampan.core.model.builtin import BUILTIN_KINDS
from sampan.core.model.kinds import KindInfo, info

DISCOVERY = Path(__file__).parents[4] / "shared" / "openapi" / "discovery.json"

pytestmark = pytest.mark.skipif(
    not DISCOVERY.exists() and os.environ.get("CI") != "true",  # CI has it, or fails
    reason="Kubernetes' discovery document is not at hand",
)


def expected() -> dict[str, dict[str, Any]]:
    """The document's resources by ``plural.version.group``."""
    found = {}
    documents = json.loads(DISCOVERY.read_text()) if DISCOVERY.exists() else {}
    for document in documents.values():
        for group in document["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                for resource in version["resources"]:
                    found[f"{resource['resource']}.{version['version']}.{name}"] = resource
    return found


def served() -> dict[str, KindInfo]:
    about = (info(cls) for cls in BUILTIN_KINDS)
    return {f"{each.plural}.{each.version}.{each.group}": each for each in about}


def described(about: KindInfo) -> dict[str, Any]:
    return {
        "kind": about.kind,
        "singular": about.singular,
        "scope": "Namespaced" if about.namespaced else "Cluster",
        "short names": list(about.short_names),
        "categories": list(about.categories),
        "verbs": sorted(about.verbs),
        "subresources": sorted(subresources(about)),
    }


def subresources(about: KindInfo) -> set[str]:
    return {*about.subresources} | ({"status"} if about.has_status else set()) | ({"scale"} if about.scale else set())


def wanted(resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": resource["responseKind"]["kind"],
        "singular": resource["singularResource"],
        "scope": resource["scope"],
        "short names": resource.get("shortNames", []),
        "categories": resource.get("categories", []),
        "verbs": sorted(resource["verbs"]),
        "subresources": sorted(each["subresource"] for each in resource.get("subresources", [])),
    }


@pytest.mark.parametrize("name", sorted(expected().keys() & served().keys()))
def test_a_kind_is_served_as_by_kubernetes(name: str) -> None:
    assert described(served()[name]) == wanted(expected()[name])


def test_every_resource_of_kubernetes_is_served() -> None:
    assert expected().keys() - served().keys() == set()


def test_nothing_is_served_that_kubernetes_has_not() -> None:
    assert served().keys() - expected().keys() == set()
