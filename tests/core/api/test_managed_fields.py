"""Who wrote what."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Pod
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.comparison import compare
from sampan.core.schema.field_sets import set_of
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

MAPS = "/api/v1/namespaces/default/configmaps"


def owners(obj: dict[str, Any]) -> dict[str, Any]:
    return {each["manager"]: each["fieldsV1"] for each in obj["metadata"].get("managedFields", [])}


async def test_writers_take_fields_from_each_other(api: AsgiClient) -> None:
    first = {"metadata": {"name": "a", "labels": {"x": "y"}}, "data": {"k": "v", "j": "v"}}
    made = (await api.post(f"{MAPS}?fieldManager=maker", first)).json
    changed = (await api.patch(f"{MAPS}/a?fieldManager=other", {"data": {"k": "w", "n": "1"}})).json

    labels: dict[str, Any] = {"f:labels": {".": {}, "f:x": {}}}
    assert owners(made) == {"maker": {"f:metadata": labels, "f:data": {".": {}, "f:j": {}, "f:k": {}}}}
    assert owners(changed) == {
        "maker": {"f:metadata": labels, "f:data": {".": {}, "f:j": {}}},
        "other": {"f:data": {"f:k": {}, "f:n": {}}},
    }


async def test_what_is_gone_belongs_to_nobody(api: AsgiClient) -> None:
    await api.post(f"{MAPS}?fieldManager=maker", {"metadata": {"name": "a"}, "data": {"k": "v"}})
    cleared = (await api.patch(f"{MAPS}/a?fieldManager=other", {"data": None})).json
    assert owners(cleared) == {}


async def test_a_program_that_names_no_manager_is_known_by_its_user_agent(api: AsgiClient) -> None:
    made = (await api.post(MAPS, {"metadata": {"name": "a"}, "data": {"k": "v"}}, agent="kubectl/v1.36 (linux)")).json
    assert list(owners(made)) == ["kubectl"]


async def test_status_has_an_owner_of_its_own(api: AsgiClient) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    path = "/api/v1/namespaces/default/pods"
    await api.post(f"{path}?fieldManager=user", pod)
    entries = (await api.patch(f"{path}/p/status?fieldManager=node", {"status": {"phase": "Running"}})).json[
        "metadata"
    ]["managedFields"]
    by_node = next(each for each in entries if each["manager"] == "node")
    assert (by_node["subresource"], by_node["fieldsV1"]) == ("status", {"f:status": {"f:phase": {}}})
    by_user = next(each for each in entries if each["manager"] == "user")
    assert "f:tolerations" not in by_user["fieldsV1"]["f:spec"]  # admission owns nothing
    assert 'k:{"name":"c"}' in by_user["fieldsV1"]["f:spec"]["f:containers"]


async def test_items_without_their_keys_are_for_validation_to_refuse(api: AsgiClient) -> None:
    owned = {"metadata": {"name": "a", "ownerReferences": [{"kind": "Pod", "name": "p", "apiVersion": "v1"}]}}
    refused = await api.post(MAPS, owned)
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", "metadata.ownerReferences.uid")])


async def test_a_client_can_wipe_the_slate(api: AsgiClient) -> None:
    await api.post(MAPS, {"metadata": {"name": "a"}, "data": {"k": "v"}})
    wiped = (await api.patch(f"{MAPS}/a", {"metadata": {"managedFields": [{}]}})).json
    later = (await api.patch(f"{MAPS}/a", {"data": {"k": "w"}})).json
    assert owners(wiped) == owners(later) == {}


def test_lists_differ_by_their_items_where_they_have_keys() -> None:
    def pod(*containers: dict[str, str]) -> dict[str, Any]:
        return {"spec": {"containers": list(containers)}}

    old = pod({"name": "a", "image": "1"}, {"name": "b", "image": "1"})
    new = pod({"name": "b", "image": "2"}, {"name": "c", "image": "1"})
    difference = compare(struct_of(Pod), old, new)

    def item(name: str) -> tuple[str, ...]:
        return ("f:spec", "f:containers", f'k:{{"name":"{name}"}}')

    assert difference.modified == set_of((*item("b"), "f:image"))
    assert difference.added == set_of(item("c"), (*item("c"), "f:name"), (*item("c"), "f:image"))
    assert difference.removed == set_of(item("a"), (*item("a"), "f:name"), (*item("a"), "f:image"))
