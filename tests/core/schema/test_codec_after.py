"""An object that is made from the one before it is what it would be if it were made anew, and shares what it can."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sampan.core.model.builtin import Pod
from sampan.core.schema.codec import from_wire, from_wire_after

CONTAINER = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}, "ports": [{"containerPort": 80}]}
POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "a", "labels": {"x": "y"}, "uid": "1", "resourceVersion": "1"},
    "spec": {"containers": [CONTAINER], "nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}]},
    "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]},
}
CHANGES: list[tuple[tuple[str, ...], Any]] = [
    (("metadata", "resourceVersion"), "2"),
    (("metadata", "labels"), {"x": "z"}),
    (("metadata", "labels"), None),
    (("metadata", "deletionTimestamp"), "2026-01-01T00:00:00Z"),
    (("spec", "nodeName"), "n"),
    (("spec", "priority"), 0),
    (("spec", "hostNetwork"), True),
    (("spec", "containers"), [{**CONTAINER, "image": "j"}, {"name": "d"}]),
    (("spec", "tolerations"), None),
    (("spec", "securityContext"), {"runAsUser": 0}),
    (("spec", "securityContext"), {"runAsUser": 1, "fsGroup": 2}),
    (("spec", "affinity"), {"nodeAffinity": {}}),
    (("status", "phase"), "Running"),
    (("status", "conditions"), [{"type": "Ready", "status": "True"}]),
    (("status",), {}),
    (("status",), None),
]


@given(st.lists(st.sampled_from(CHANGES), max_size=8))
def test_any_changes_lead_to_the_same_object(changes: list[tuple[tuple[str, ...], Any]]) -> None:
    before = POD
    known = from_wire(Pod, before)
    for path, value in changes:
        after = copy.deepcopy(before)
        place = after
        for step in path[:-1]:
            place = place.setdefault(step, {})
        if value is None:
            place.pop(path[-1], None)
        else:
            place[path[-1]] = value
        known = from_wire_after(Pod, after, before, known)
        assert known == from_wire(Pod, after)
        before = after


def test_what_has_not_changed_is_the_same_object() -> None:
    known = from_wire(Pod, POD)
    after = copy.deepcopy(POD)
    after["spec"]["nodeName"] = "n"
    made = from_wire_after(Pod, after, POD, known)
    assert made.spec.node_name == "n"
    assert made.spec.containers is known.spec.containers
    assert made.status is known.status
    assert from_wire_after(Pod, copy.deepcopy(after), after, made) is made
