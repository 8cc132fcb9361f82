"""Server-side apply, as clients see it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.api.conftest import MovableClock
from tests.support.asgi import Answer, AsgiClient

pytestmark = pytest.mark.anyio

APPLY = "application/apply-patch+yaml"
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def config_map(**about: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}} | about


def deployment(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


TEMPLATE: dict[str, Any] = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
WHOLE = deployment(replicas=2, selector={"matchLabels": {"a": "b"}}, template=TEMPLATE)


async def apply(api: AsgiClient, path: str, config: Any, manager: str = "one", options: str = "") -> Answer:
    return await api.patch(f"{path}?fieldManager={manager}{options}", config, APPLY)


def owners(obj: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {(each["manager"], each["operation"]): each["fieldsV1"] for each in obj["metadata"].get("managedFields", [])}


async def test_an_apply_creates_and_applied_again_changes_nothing(api: AsgiClient, clock: MovableClock) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {x: b}\ndata:\n  k: v\n"
    made = await apply(api, f"{MAPS}/a", text)
    assert (made.code, made.json["data"]) == (201, {"k": "v"})
    assert owners(made.json) == {
        ("one", "Apply"): {"f:data": {"f:k": {}}, "f:metadata": {"f:labels": {"f:x": {}}}},
    }
    clock.advance(60)
    again = await apply(api, f"{MAPS}/a", text)
    assert (again.code, again.raw) == (200, made.raw)


async def test_conflicts_name_every_field_and_who_owns_it(api: AsgiClient) -> None:
    await apply(api, f"{MAPS}/a", config_map(data={"k": "v", "j": "v"}))
    await api.patch(f"{MAPS}/a?fieldManager=editor", {"data": {"n": "v"}})
    refused = await apply(api, f"{MAPS}/a", config_map(data={"k": "w", "j": "w", "n": "w"}), "two")
    assert (refused.code, refused.json["reason"]) == (409, "Conflict")
    assert refused.json["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "editor" using v1', "field": ".data.n"},
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.j"},
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.k"},
    ]
    assert refused.json["message"] == (
        'Apply failed with 3 conflicts: conflicts with "editor" using v1:\n- .data.n\n'
        'conflicts with "one":\n- .data.j\n- .data.k'
    )
    forced = await apply(api, f"{MAPS}/a", config_map(data={"k": "w"}), "two", "&force=true")
    assert forced.json["data"] == {"k": "w", "j": "v", "n": "v"}
    assert owners(forced.json)["one", "Apply"] == {"f:data": {"f:j": {}}}


async def test_removing_a_field_is_no_longer_applying_it(api: AsgiClient) -> None:
    await apply(api, f"{DEPLOYMENTS}/d", WHOLE)
    changed = await apply(api, f"{DEPLOYMENTS}/d", deployment(selector={"matchLabels": {"a": "b"}}, template=TEMPLATE))
    assert changed.json["spec"]["replicas"] == 1  # the default is back
    assert changed.json["metadata"]["generation"] == 2


async def test_containers_are_merged_by_name_and_ports_by_their_defaulted_keys(api: AsgiClient) -> None:
    await apply(api, f"{DEPLOYMENTS}/d", WHOLE)
    more = {"spec": {"containers": [{"name": "side", "image": "s"}, {"name": "c", "ports": [{"containerPort": 80}]}]}}
    merged = (await apply(api, f"{DEPLOYMENTS}/d", deployment(template=more), "two")).json
    side, main = merged["spec"]["template"]["spec"]["containers"]
    assert (side["name"], main["image"], main["ports"]) == ("side", "i", [{"containerPort": 80, "protocol": "TCP"}])
    fields = owners(merged)["two", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert fields['k:{"name":"c"}']["f:ports"] == {
        'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}
    }


async def test_status_and_spec_have_owners_of_their_own(api: AsgiClient) -> None:
    await apply(api, f"{DEPLOYMENTS}/d", WHOLE | {"status": {"replicas": 7}})
    status = WHOLE | {"status": {"replicas": 2}}
    changed = (await apply(api, f"{DEPLOYMENTS}/d/status", status, "controller")).json
    assert (changed["spec"]["replicas"], changed["status"]["replicas"]) == (2, 2)
    by_controller = next(each for each in changed["metadata"]["managedFields"] if each["manager"] == "controller")
    assert (by_controller["subresource"], by_controller["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})
    missing = await apply(api, f"{DEPLOYMENTS}/none/status", deployment(), "controller")
    assert missing.code == 404


async def test_a_scale_can_be_applied(api: AsgiClient) -> None:
    await api.post(DEPLOYMENTS, WHOLE)
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 5}}
    refused = await apply(api, f"{DEPLOYMENTS}/d/scale", scale)
    assert refused.causes == [("FieldManagerConflict", ".spec.replicas")]
    scaled = await apply(api, f"{DEPLOYMENTS}/d/scale", scale, options="&force=true")
    assert (scaled.code, scaled.json["spec"]["replicas"]) == (200, 5)
    entry = next(
        each
        for each in (await api.get(f"{DEPLOYMENTS}/d")).json["metadata"]["managedFields"]
        if each.get("subresource") == "scale"
    )
    assert (entry["manager"], entry["apiVersion"]) == ("one", "apps/v1")
    assert entry["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


async def test_kubectl_takes_over_what_it_had_applied_from_the_client(api: AsgiClient) -> None:
    applied = config_map(data={"k": "v"})
    annotated = config_map(data={"k": "v"}, metadata={"name": "a", "annotations": {LAST_APPLIED: json.dumps(applied)}})
    await api.post(f"{MAPS}?fieldManager=kubectl-client-side-apply", annotated)
    stranger = await apply(api, f"{MAPS}/a", config_map(data={"k": "w"}), "other")
    assert stranger.code == 409
    taken = await apply(api, f"{MAPS}/a", config_map(data={"k": "w<"}), "kubectl")
    assert (taken.code, taken.json["data"]) == (200, {"k": "w<"})
    annotation = taken.json["metadata"]["annotations"][LAST_APPLIED]
    assert annotation == (
        '{"apiVersion":"v1","data":{"k":"w\\u003c"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"a"}}\n'
    )


async def test_objects_without_owners_get_one_before_the_first_apply(api: AsgiClient) -> None:
    await api.post(MAPS, {"metadata": {"name": "a", "managedFields": [{}]}, "data": {"k": "v"}})
    await api.patch(f"{MAPS}/a", {"metadata": {"managedFields": [{}]}})
    refused = await apply(api, f"{MAPS}/a", config_map(data={"k": "w"}))
    assert refused.json["details"]["causes"][0]["message"] == 'conflict with "before-first-apply" using v1'


async def test_a_write_that_changes_nothing_keeps_version_and_times(api: AsgiClient, clock: MovableClock) -> None:
    made = await api.post(f"{MAPS}?fieldManager=maker", config_map(data={"k": "v"}))
    clock.advance(60)
    again = await api.patch(f"{MAPS}/a?fieldManager=maker", {"data": {"k": "v"}})
    assert again.raw == made.raw


async def test_old_updaters_become_ancient_changes(api: AsgiClient, clock: MovableClock) -> None:
    await api.post(f"{MAPS}?fieldManager=maker", config_map(data={"k": "v"}))
    for place in range(11):
        clock.advance(1)
        await api.patch(f"{MAPS}/a?fieldManager=m{place:02}", {"data": {f"k{place}": "v"}})
    managers = [entry["manager"] for entry in (await api.get(f"{MAPS}/a")).json["metadata"]["managedFields"]]
    assert managers == ["ancient-changes", *(f"m{place:02}" for place in range(2, 11))]


REFUSALS = [
    ("", config_map(), 422, "fieldManager"),
    ("?fieldManager=m", {"metadata": {"name": "a"}}, 400, "invalid object type: /, Kind="),
    ("?fieldManager=m", config_map(kind="Secret"), 400, "invalid object type: /v1, Kind=Secret"),
    ("?fieldManager=m", config_map(metadata={"managedFields": []}), 400, "metadata.managedFields must be nil"),
    ("?fieldManager=m", config_map(metadata={"name": "b"}), 400, "the name of the object (b)"),
    ("?fieldManager=m", config_map(metadata={}), 400, "name must be provided"),
    ("?fieldManager=m", config_map(dada={}), 500, ".dada: field not declared in schema"),
    ("?fieldManager=m", config_map(metadata={"name": "a", "uid": "u"}), 409, "uid mismatch"),
    ("?fieldManager=m", b"a: [", 400, "error decoding YAML"),
    ("?fieldManager=m", b"[1]", 400, "error decoding YAML"),
    ("?fieldManager=m&fieldValidation=Strict", b"apiVersion: v1\nkind: ConfigMap\nkind: ConfigMap", 400, "already set"),
]


@pytest.mark.parametrize(("query", "config", "code", "said"), REFUSALS)
async def test_what_cannot_be_applied_changes_nothing(
    api: AsgiClient, query: str, config: Any, code: int, said: str
) -> None:
    refused = await api.patch(f"{MAPS}/a{query}", config, APPLY)
    assert (refused.code, said in refused.json["message"]) == (code, True), refused.json
    assert (await api.get(f"{MAPS}/a")).code == 404


async def test_only_an_apply_can_be_forced(api: AsgiClient) -> None:
    await api.post(MAPS, config_map())
    refused = await api.patch(f"{MAPS}/a?force=true", {"data": {"k": "v"}})
    assert refused.causes == [("FieldValueForbidden", "force")]
    cbor = await api.patch(f"{MAPS}/a?fieldManager=m", b"\xa0", "application/apply-patch+cbor")
    assert cbor.code == 415  # as Kubernetes answers where CBOR is not enabled


async def test_dry_runs_answer_as_if(api: AsgiClient) -> None:
    tried = await apply(api, f"{MAPS}/a", config_map(data={"k": "v"}), options="&dryRun=All")
    assert (tried.code, (await api.get(f"{MAPS}/a")).code) == (201, 404)


async def test_an_item_without_its_key_has_an_empty_one_which_validation_refuses(api: AsgiClient) -> None:
    """What is always written of a built-in kind is empty where it is missing."""
    spec = {"containers": [{"image": "i"}], "volumes": [{"emptyDir": {}}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec}
    refused = await apply(api, f"{DEPLOYMENTS}/d", deployment(selector={"matchLabels": {"a": "b"}}, template=template))
    assert refused.code == 422
    assert [field for _, field in refused.causes] == [
        "spec.template.spec.volumes[0].name",
        "spec.template.spec.containers[0].name",
    ]


async def test_a_reference_that_names_nothing_is_an_item_with_an_empty_name_and_stays_as_it_was(
    api: AsgiClient,
) -> None:
    template = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "imagePullSecrets": [{}]}}
    made = await apply(api, f"{DEPLOYMENTS}/d", {**WHOLE, "spec": {**WHOLE["spec"], "template": template}})
    assert (made.code, made.json["spec"]["template"]["spec"]["imagePullSecrets"]) == (201, [{}])
    owned = owners(made.json)[("one", "Apply")]["f:spec"]["f:template"]["f:spec"]["f:imagePullSecrets"]
    assert owned == {'k:{"name":""}': {}}


async def test_a_version_that_is_none_is_an_error_of_its_own(api: AsgiClient) -> None:
    assert (await api.post(MAPS, config_map())).code == 201
    answer = await api.put(f"{MAPS}/a", config_map(metadata={"name": "a", "resourceVersion": "b"}))
    assert (answer.code, answer.json["message"]) == (500, 'strconv.ParseUint: parsing "b": invalid syntax')
