"""What apply sends: checked by what becomes of the live object once the server has merged it."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.cli.three_way import FREE, three_way
from sampan.core.model.builtin import Deployment, Pod
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.merge import merge_patch
from sampan.core.schema.strategic import strategic_merge

POD, DEPLOYMENT = struct_of(Pod), struct_of(Deployment)
Object = dict[str, Any]


def containers(*items: Object) -> Object:
    return {"spec": {"containers": list(items)}}


CASES: dict[str, tuple[Any, Object, Object, Object, Object]] = {
    # kind, applied last, wanted now, live, what it becomes
    "another writer's field stays": (POD, {"a": 1}, {"a": 2}, {"a": 1, "b": 3}, {"a": 2, "b": 3}),
    "a field that leaves goes": (POD, {"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}),
    "a field that left the server already": (POD, {"a": 1, "b": 2}, {"a": 1}, {"a": 1}, {"a": 1}),
    "nothing is remembered": (POD, {}, {"a": 1}, {"a": 2, "b": 3}, {"a": 1, "b": 3}),
    "containers merge by name": (
        POD,
        containers({"name": "web", "image": "1"}),
        containers({"name": "web", "image": "2"}),
        containers({"name": "web", "image": "1", "tty": True}, {"name": "side", "image": "s"}),
        containers({"name": "web", "image": "2", "tty": True}, {"name": "side", "image": "s"}),
    ),
    "a container that leaves goes": (
        POD,
        containers({"name": "web", "image": "1"}, {"name": "old", "image": "o"}),
        containers({"name": "web", "image": "1"}),
        containers({"name": "web", "image": "1"}, {"name": "old", "image": "o"}, {"name": "side", "image": "s"}),
        containers({"name": "web", "image": "1"}, {"name": "side", "image": "s"}),
    ),
    "environment inside a container": (
        POD,
        containers({"name": "web", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
        containers({"name": "web", "env": [{"name": "B", "value": "3"}]}),
        containers(
            {
                "name": "web",
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "9"}],
            }
        ),
        containers({"name": "web", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "9"}]}),
    ),
    "finalizers merge as a set": (
        POD,
        {"metadata": {"finalizers": ["a", "b"]}},
        {"metadata": {"finalizers": ["b", "c"]}},
        {"metadata": {"finalizers": ["a", "b", "x"]}},
        {"metadata": {"finalizers": ["b", "c", "x"]}},
    ),
    "arguments are replaced": (
        POD,
        containers({"name": "web", "args": ["a", "b"]}),
        containers({"name": "web", "args": ["b"]}),
        containers({"name": "web", "args": ["a", "b"]}),
        containers({"name": "web", "args": ["b"]}),
    ),
    "the strategy's former member goes": (
        DEPLOYMENT,
        {"spec": {"strategy": {"type": "RollingUpdate"}}},
        {"spec": {"strategy": {"type": "Recreate"}}},
        {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}},
        {"spec": {"strategy": {"type": "Recreate"}}},
    ),
    "a custom resource's lists are replaced": (
        FREE,
        {"spec": {"sails": [{"name": "a"}], "crew": 2}},
        {"spec": {"sails": [{"name": "b"}]}},
        {"spec": {"sails": [{"name": "a"}], "crew": 2, "port": "x"}},
        {"spec": {"sails": [{"name": "b"}], "port": "x"}},
    ),
}


def merged(kind: Any, live: Object, patch: Object) -> Object:
    return merge_patch(live, patch) if kind is FREE else strategic_merge(kind, live, patch)


@pytest.mark.parametrize(("kind", "last", "wanted", "live", "after"), CASES.values(), ids=CASES.keys())
def test_the_patch_makes_the_object_as_wanted(
    kind: Any, last: Object, wanted: Object, live: Object, after: Object
) -> None:
    assert merged(kind, live, three_way(kind, last, wanted, live)) == after


@pytest.mark.parametrize(("kind", "last", "wanted", "live", "after"), CASES.values(), ids=CASES.keys())
def test_a_second_apply_has_nothing_to_do(kind: Any, last: Object, wanted: Object, live: Object, after: Object) -> None:
    assert three_way(kind, wanted, wanted, after) == {}
