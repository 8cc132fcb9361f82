"""Selectors that take over labels of the pod that has them."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Pod, PodTemplate
from tests.support.rules import created, refusals

CONTAINERS = [{"name": "c", "image": "nginx"}]
LABELS = {"app": "a", "version": "1"}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
SELECTOR = {"matchLabels": {"x": "y"}}


def spread(**fields: Any) -> dict[str, Any]:
    constraint = {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule", **fields}
    return {"containers": CONTAINERS, "topologySpreadConstraints": [constraint]}


def test_a_pods_own_labels_are_merged_into_its_selectors() -> None:
    term = {"topologyKey": "z", "labelSelector": SELECTOR, "matchLabelKeys": ["app"], "mismatchLabelKeys": ["version"]}
    spec = {
        **spread(labelSelector=SELECTOR, matchLabelKeys=["app", "absent"]),
        "affinity": {"podAffinity": {REQUIRED: [term]}},
    }
    made = created(Pod, {"metadata": {"labels": LABELS}, "spec": spec})["spec"]

    own = {"key": "app", "operator": "In", "values": ["a"]}
    other = {"key": "version", "operator": "NotIn", "values": ["1"]}
    assert made["topologySpreadConstraints"][0]["labelSelector"] == {**SELECTOR, "matchExpressions": [own]}
    assert made["affinity"]["podAffinity"][REQUIRED][0]["labelSelector"] == {
        **SELECTOR,
        "matchExpressions": [own, other],
    }


def test_templates_leave_that_to_their_pods() -> None:
    spec = spread(labelSelector=SELECTOR, matchLabelKeys=["app"])
    made = created(PodTemplate, {"template": {"metadata": {"labels": LABELS}, "spec": spec}})
    assert made["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"] == SELECTOR


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"labelSelector": {}, "matchLabelKeys": ["app"]}, []),
        (
            {"labelSelector": {"matchLabels": {"app": "b"}}, "matchLabelKeys": ["other", "app"]},
            ['[1]: Invalid value: "app": exists in both matchLabelKeys and labelSelector'],
        ),
        (
            {"matchLabelKeys": ["Bad!"]},
            [".matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"],
        ),
    ],
)
def test_a_key_is_in_one_place(fields: dict[str, Any], expected: list[str]) -> None:
    found = refusals(Pod, {"metadata": {"labels": LABELS}, "spec": spread(**fields)})
    assert found == [f"spec.topologySpreadConstraints[0]{line}" for line in expected]
