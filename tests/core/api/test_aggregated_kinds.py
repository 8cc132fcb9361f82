"""Which kinds other API servers bring: each resource once, in the version that clients prefer."""

from __future__ import annotations

from typing import Any

from sampan.core.api.aggregation.kinds import kinds_of
from sampan.core.model.kinds import info

WHOLE = ["create", "delete", "get", "list", "watch"]


def resource(plural: str, kind: str, verbs: list[str], scope: str = "Namespaced") -> dict[str, Any]:
    return {"resource": plural, "responseKind": {"kind": kind}, "verbs": verbs, "scope": scope}


def test_a_resource_counts_in_the_first_version_that_has_it_and_only_where_it_can_be_followed_and_deleted() -> None:
    first = [resource("boats", "Boat", WHOLE), resource("logs", "Log", ["get", "list"]), resource("", "", WHOLE)]
    then = [resource("boats", "Boat", WHOLE), resource("docks", "Dock", WHOLE, "Cluster")]
    found = kinds_of([(("sea.test", "v2"), first), (("sea.test", "v1"), then), (("air.test", "v1"), first)])
    named = {
        which: sorted((info(each).resource, info(each).namespaced) for each in kinds) for which, kinds in found.items()
    }
    assert named == {
        ("sea.test", "v2"): [("boats.sea.test", True)],
        ("sea.test", "v1"): [("docks.sea.test", False)],
        ("air.test", "v1"): [("boats.air.test", True)],
    }
