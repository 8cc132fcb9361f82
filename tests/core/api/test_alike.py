"""Pods of one template: what is remembered of the first changes nothing of what the others get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.api.operations.alike import UNLIKE, alike
from sampan.core.errors import Invalid
from sampan.core.model.builtin import ConfigMap, Namespace, Pod, ServiceAccount
from sampan.core.model.cleared import LARGEST
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.schema.resource import resource_of
from sampan.core.testing.control_plane import ControlPlane, control_plane

pytestmark = pytest.mark.anyio


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        await plane.client.create(Namespace(metadata=ObjectMeta(name="a")))
        await plane.client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="a")))
        yield plane


def pod(name: str = "", *, image: str = "nginx", **meta: Any) -> Pod:
    labels = {"app": "web"}
    spec = PodSpec(containers=(Container(name="web", image=image),))
    return Pod(metadata=ObjectMeta(name=name, namespace="a", labels=labels, **meta), spec=spec)


async def created(plane: ControlPlane, obj: Pod) -> dict[str, Any]:
    made = await plane.client.create(obj)
    served = plane.api.catalog.of_resource("pods")
    assert served is not None
    entry = served.get("a", made.metadata.name or "")
    assert entry is not None
    return dict(entry.wire)


def without_identity(wire: dict[str, Any]) -> dict[str, Any]:
    kept = {
        key: value
        for key, value in wire["metadata"].items()
        if key not in ("name", "generateName", "uid", "resourceVersion", "creationTimestamp")
    }
    kept["managedFields"] = [{**each, "time": ""} for each in kept["managedFields"]]
    return {**wire, "metadata": kept}


async def test_later_ones_are_as_the_first(plane: ControlPlane) -> None:
    first, *others = [without_identity(await created(plane, pod(f"p{number}"))) for number in range(4)]
    assert others == [first] * 3


async def test_the_first_ones_fields_are_not_those_of_one_that_says_more(plane: ControlPlane) -> None:
    await created(plane, pod("plain"))
    noted = await created(plane, pod("noted", annotations={"note": "x"}))
    fields = noted["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"]
    assert fields["f:annotations"] == {".": {}, "f:note": {}}


async def test_a_generated_name_is_a_field_and_a_chosen_one_is_none(plane: ControlPlane) -> None:
    chosen, generated = await created(plane, pod("chosen")), await created(plane, pod(generate_name="made-"))
    chosen_fields, generated_fields = (
        each["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"] for each in (chosen, generated)
    )
    assert "f:generateName" not in chosen_fields
    assert generated_fields["f:generateName"] == {}


async def test_what_is_wrong_is_refused_each_time_and_keeps_nobody_out(plane: ControlPlane) -> None:
    for _ in range(2):
        with pytest.raises(Invalid):
            await plane.client.create(pod("wrong", image=" nginx"))
        await created(plane, pod(generate_name="right-"))


async def test_a_change_of_one_changes_no_other(plane: ControlPlane) -> None:
    await created(plane, pod("one"))
    await plane.client.patch(Pod, "a", "one", {"metadata": {"labels": {"app": "other", "more": "x"}}})
    assert without_identity(await created(plane, pod("two")))["metadata"]["labels"] == {"app": "web"}


async def test_defaults_that_were_remembered_are_each_ones_own(plane: ControlPlane) -> None:
    for number in range(3):
        await created(plane, pod(f"p{number}"))
    changed = await plane.client.patch(Pod, "a", "p1", {"spec": {"activeDeadlineSeconds": 5}})
    assert changed.spec is not None
    assert changed.spec.active_deadline_seconds == 5
    assert "activeDeadlineSeconds" not in (await created(plane, pod("p3")))["spec"]


@pytest.mark.parametrize(
    "data",
    [{"blob": "x" * (LARGEST + 1)}, {f"key{number}": "" for number in range(LARGEST)}, {"a": "x" * LARGEST, "b": "y"}],
)
def test_what_is_large_is_not_remembered(data: dict[str, str]) -> None:
    assert alike(resource_of(ConfigMap).struct, {"metadata": {"name": "m"}, "data": data}) == UNLIKE
    assert alike(resource_of(ConfigMap).struct, {"metadata": {"name": "m"}, "data": {"a": "x"}}) != UNLIKE
