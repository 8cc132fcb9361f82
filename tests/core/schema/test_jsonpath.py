"""The JSONPath subset of printer columns."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.schema.jsonpath import PathError, compile_path, first

OBJECT = {
    "metadata": {"labels": {"a.b/c": "dotted", "x": "y"}},
    "spec": {"replicas": 3, "list": ["a", "b", "c"], "zero": 0},
    "status": {
        "conditions": [
            {"type": "Other", "status": "False", "weight": 1},
            {"type": "Ready", "status": "True", "weight": 2},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.replicas", [3]),
        ("{.spec.replicas}", [3]),
        ("$.spec.replicas", [3]),
        ("spec.replicas", [3]),
        (".spec.zero", [0]),
        (".spec.absent.deep", []),
        (".spec.replicas.deep", []),
        (".spec.list[0]", ["a"]),
        (".spec.list[-1]", ["c"]),
        (".spec.list[7]", []),
        (".spec.list[1:]", ["b", "c"]),
        (".spec.list[0:2]", ["a", "b"]),
        (".spec.list[*]", ["a", "b", "c"]),
        (r".metadata.labels.a\.b/c", ["dotted"]),
        (".metadata.labels['a.b/c']", ["dotted"]),
        ('.metadata.labels["x"]', ["y"]),
        (".metadata.labels.*", ["dotted", "y"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type=='Ready')].status", ["True"]),
        (".status.conditions[?(@.weight > 1)].type", ["Ready"]),
        (".status.conditions[?(@.type != 'Ready')].type", ["Other"]),
        (".status.conditions[?(@.missing)].type", []),
        (".status.conditions[?(@.type > 1)].type", []),
        ("..type", ["Other", "Ready"]),
        (".", [OBJECT]),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    assert compile_path(path)(OBJECT) == found


def test_the_first_finding_counts() -> None:
    assert first(".spec.list[*]", OBJECT) == "a"
    assert first(".nothing", OBJECT) is None


@pytest.mark.parametrize("path", [".spec[", ".spec.list[x]", ".a[?(@.b==)]", "..", ".a[?()]", ".spec.list[?(@.a=='b]"])
def test_paths_that_cannot_be_read(path: str) -> None:
    with pytest.raises(PathError):
        compile_path(path)
