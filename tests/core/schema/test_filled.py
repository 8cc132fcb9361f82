"""What Kubernetes always writes counts as written."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Deployment, LimitRange, Node, Pod
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.encode import ordered
from sampan.core.schema.filled import filled


@pytest.mark.parametrize(
    ("kind", "value", "added"),
    [
        (LimitRange, {"spec": {}}, {"spec": {"limits": None}}),
        (
            Deployment,
            {"status": {"conditions": [{"type": "a", "status": "True"}]}},
            {
                "status": {
                    "conditions": [{"type": "a", "status": "True", "lastUpdateTime": None, "lastTransitionTime": None}]
                }
            },
        ),
        (
            Node,
            {"status": {"addresses": [{"address": "a"}]}},
            {"status": {"addresses": [{"address": "a", "type": ""}]}},
        ),
    ],
)
def test_zero_values_are_filled_in(kind: type, value: dict[str, Any], added: dict[str, Any]) -> None:
    whole = filled(struct_of(kind), value)
    assert added.items() <= {key: _without_other(whole[key], added[key]) for key in added}.items()
    assert ordered(struct_of(kind), value).keys() == whole.keys()


def _without_other(whole: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {key: whole[key] for key in wanted}


def test_a_value_that_lacks_nothing_is_given_back() -> None:
    pod = ordered(struct_of(Pod), {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}})
    assert filled(struct_of(Pod), pod) is pod
