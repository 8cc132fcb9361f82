"""A LimitRange's defaults meet pods that nobody has checked yet."""

from __future__ import annotations

from typing import Any

from sampan.plugins.admission.limit_ranger import fill_in

RANGE = {"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}}


def test_a_container_without_a_name_is_for_validation_to_refuse() -> None:
    pod: dict[str, Any] = {"spec": {"containers": [{"image": "i"}, {"name": "c"}]}}
    assert fill_in(pod, RANGE) == ["cpu limit for container ", "cpu limit for container c"]
    assert all(each["resources"] == {"limits": {"cpu": "1"}} for each in pod["spec"]["containers"])
