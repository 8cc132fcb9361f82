"""Webhooks against a real API server: asked about what they are for, obeyed, and harmless where they fail."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from sampan.core.errors import ApiError, Forbidden, InternalError, Invalid, NotFound
from sampan.core.model.admissionregistration_v1.webhook_configuration import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from sampan.core.model.builtin import ConfigMap, EndpointSlice, Namespace, Service
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.testing.control_plane import ControlPlane, control_plane
from tests.support.webhook import Review, Webhook, allow, change, deny, webhook

pytestmark = pytest.mark.anyio

RULE = {
    "operations": ["CREATE", "UPDATE", "DELETE"],
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["configmaps"],
}


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as made:
        await made.client.create(from_wire(Namespace, {"metadata": {"name": "a", "labels": {"team": "sea"}}}))
        yield made


async def register(plane: ControlPlane, kind: Any, *hooks: dict[str, Any], name: str = "hooks") -> None:
    await plane.client.create(from_wire(kind, {"metadata": {"name": name}, "webhooks": list(hooks)}))


def hook(asked: Webhook, name: str = "a.example.com", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "clientConfig": asked.client_config,
        "rules": [RULE],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **more,
    }


async def write(plane: ControlPlane, name: str = "x", namespace: str = "a", **data: str) -> ConfigMap:
    return await plane.client.create(
        from_wire(ConfigMap, {"metadata": {"name": name, "namespace": namespace}, "data": data})
    )


def add(field: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": field, "value": value}


async def test_a_validating_webhook_refuses_in_its_own_words_and_is_told_everything(
    plane: ControlPlane, tmp_path: Path
) -> None:
    with webhook(tmp_path, lambda review: deny(review, message="not today", code=402)) as asked:
        await register(plane, ValidatingWebhookConfiguration, hook(asked))
        with pytest.raises(ApiError) as refused:
            await write(plane, key="value")
    assert refused.value.code == 402
    assert str(refused.value) == 'admission webhook "a.example.com" denied the request: not today'
    told = asked.asked[0]["request"]
    assert told["object"]["data"] == {"key": "value"}
    assert told["object"]["kind"] == "ConfigMap"
    assert (told["operation"], told["namespace"], told["name"], told["dryRun"]) == ("CREATE", "a", "x", False)
    assert told["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert told["userInfo"]["username"]


async def test_mutating_webhooks_change_one_after_the_other_and_validating_ones_see_the_result(
    plane: ControlPlane, tmp_path: Path
) -> None:
    def answer(review: Review) -> Review:
        data = review["request"]["object"].get("data") or {}
        return change(review, add("/data/second" if "first" in data else "/data", {"first": "1"} if not data else "2"))

    with webhook(tmp_path, answer) as changing:
        await register(plane, MutatingWebhookConfiguration, hook(changing, "a.b.c"), hook(changing, "d.e.f"))
        made = await write(plane)
    assert made.data == {"first": "1", "second": "2"}


async def test_one_that_wants_to_is_asked_again_after_a_later_change(plane: ControlPlane, tmp_path: Path) -> None:
    def answer(review: Review) -> Review:
        data = review["request"]["object"].get("data") or {}
        return change(review, add("/data", {**data, f"n{len(data)}": "x"})) if len(data) < 3 else allow(review)

    with webhook(tmp_path, answer) as changing:
        eager = hook(changing, "a.b.c", reinvocationPolicy="IfNeeded")
        await register(plane, MutatingWebhookConfiguration, eager, hook(changing, "d.e.f"))
        assert len((await write(plane)).data) == 3


async def test_what_a_webhook_leaves_is_checked_like_what_a_client_sends(plane: ControlPlane, tmp_path: Path) -> None:
    with webhook(tmp_path, lambda review: change(review, add("/data", {"bad key": "x"}))) as asked:
        await register(plane, MutatingWebhookConfiguration, hook(asked))
        with pytest.raises(Invalid, match="data"):
            await write(plane)
    with pytest.raises(ApiError):
        await plane.client.get(ConfigMap, "a", "x")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "sea"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "land"}}}, False),
        ({"objectSelector": {"matchLabels": {"nobody": "has"}}}, False),
        ({"rules": [{**RULE, "operations": ["UPDATE"]}]}, False),
        ({"rules": [{**RULE, "resources": ["*"], "apiGroups": ["*"]}]}, True),
        ({"rules": [{**RULE, "resources": ["configmaps/status"]}]}, False),
        ({"rules": [{**RULE, "scope": "Cluster"}]}, False),
        ({"matchConditions": [{"name": "c", "expression": "object.metadata.name == 'x'"}]}, True),
        ({"matchConditions": [{"name": "c", "expression": "request.operation == 'DELETE'"}]}, False),
        (
            {"matchConditions": [{"name": "c", "expression": "authorizer.path('/metrics').check('get').allowed()"}]},
            True,
        ),
    ],
)
async def test_which_requests_it_is_asked_about(
    plane: ControlPlane, tmp_path: Path, more: dict[str, Any], expected: bool
) -> None:
    with webhook(tmp_path, lambda review: deny(review)) as asked:
        await register(plane, ValidatingWebhookConfiguration, hook(asked, **more))
        if expected:
            with pytest.raises(ApiError, match="without explanation"):
                await write(plane)
        else:
            await write(plane)
        assert bool(asked.asked) is expected


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda review: b"no json", "json parse error"),
        (lambda review: b"[1]", "cannot unmarshal array into Go value of type struct"),
        (lambda review: {}, "webhook response was absent"),
        (lambda review: {**allow(review), "kind": "Surprise"}, "got admission.k8s.io/v1, Kind=Surprise"),
        (
            lambda review: allow(review, allowed="yes"),
            "into Go struct field AdmissionResponse.response.allowed of type",
        ),
        (
            lambda review: allow(review, warnings=[1]),
            "into Go struct field AdmissionResponse.response.warnings of type",
        ),
        (lambda review: allow(review, patch="bm8="), "response.patch but not response.patchType"),
        (lambda review: allow(review, patchType="JSONPatch"), "response.patchType but not response.patch"),
        (lambda review: allow(review, patch="W3t9XQ==", patchType="Merge"), 'unsupported patch type "Merge"'),
        (lambda review: allow(review, patch="b!8=", patchType="JSONPatch"), "illegal base64 data at input byte 1"),
        (lambda review: {**allow(review), "response": None}, "webhook response was absent"),
        (lambda review: allow(review, uid="another"), "expected response.uid"),
        (lambda review: b"x" * (4 << 20), "longer than"),
        (lambda review: allow(review, patch="bm8=", patchType="JSONPatch"), "undecodable patch"),
    ],
)
async def test_nonsense_refuses_the_request_and_names_the_webhook(
    plane: ControlPlane, tmp_path: Path, answer: Any, message: str
) -> None:
    with webhook(tmp_path, answer) as asked:
        await register(plane, MutatingWebhookConfiguration, hook(asked))
        with pytest.raises(InternalError) as refused:
            await write(plane)
        assert "a.example.com" in str(refused.value)
        assert message in str(refused.value)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "teleport", "path": "/data"}, "Internal error occurred: Unexpected kind: teleport"),
        ({"op": "test", "path": "/data/a", "value": "2"}, "testing value /data/a failed: test failed"),
        ({"op": "remove", "path": "/data/b"}, "Unable to remove nonexistent key: b: missing value"),
        ({"op": "replace", "path": "", "value": [1]}, "cannot unmarshal array into Go value of type struct"),
        ({"op": "add", "path": "/kind", "value": "Pod"}, "converting (v1.Pod) to (v1.ConfigMap): unknown conversion"),
        ({"op": "add", "path": "/metadata/namespace", "value": "b"}, "namespace of the provided object does not match"),
    ],
)
async def test_a_patch_that_cannot_be_applied_stores_nothing(
    plane: ControlPlane, tmp_path: Path, operation: dict[str, Any], message: str
) -> None:
    with webhook(tmp_path, lambda review: change(review, operation)) as asked:
        await register(plane, MutatingWebhookConfiguration, hook(asked, failurePolicy="Ignore"))
        with pytest.raises(ApiError) as refused:
            await write(plane, a="1")
        assert message in str(refused.value)
    with pytest.raises(NotFound):
        await plane.client.get(ConfigMap, "a", "x")


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ({}, 400, ""),
        ({"message": "no"}, 400, ""),
        ({"code": 200, "status": "Success"}, 400, ""),
        ({"code": 403, "reason": "Forbidden"}, 403, "Forbidden"),
        ({"code": 418, "reason": "Teapot"}, 418, "Teapot"),
    ],
)
async def test_a_refusal_has_the_code_and_reason_that_the_webhook_gives(
    plane: ControlPlane, tmp_path: Path, status: dict[str, Any], code: int, reason: str
) -> None:
    with webhook(tmp_path, lambda review: deny(review, **status)) as asked:
        await register(plane, ValidatingWebhookConfiguration, hook(asked))
        with pytest.raises(ApiError, match="denied the request") as refused:
            await write(plane)
        assert (refused.value.code, refused.value.to_status().get("reason", "")) == (code, reason)


async def test_a_validating_webhook_may_not_patch(plane: ControlPlane, tmp_path: Path) -> None:
    with webhook(tmp_path, lambda review: change(review, {"op": "remove", "path": "/data"})) as asked:
        await register(plane, ValidatingWebhookConfiguration, hook(asked))
        with pytest.raises(InternalError, match=r"validating webhook may not return response\.patch"):
            await write(plane)


async def test_a_condition_that_fails_forbids_the_request(plane: ControlPlane, tmp_path: Path) -> None:
    conditions = [{"name": "a", "expression": "object.data.a == '1'"}, {"name": "b", "expression": "1 / 0 == 1"}]
    with webhook(tmp_path, allow) as asked:
        await register(plane, ValidatingWebhookConfiguration, hook(asked, matchConditions=conditions))
        with pytest.raises(Forbidden, match=r'configmaps "x" is forbidden: \[expression .* no such key: a, expression'):
            await write(plane, b="1")
        await write(plane, a="2")  # one that gives false settles it
        assert asked.asked == []


async def test_who_wants_to_is_asked_again_while_others_change_the_object(plane: ControlPlane, tmp_path: Path) -> None:
    asked_in_order: list[str] = []

    def answer(review: Review) -> Review:
        data = review["request"]["object"].get("data") or {}
        asked_in_order.append(str(len(data)))
        return change(review, {"op": "add", "path": f"/data/n{min(len(data), 3)}", "value": "x"})

    with webhook(tmp_path, answer) as asked:
        hooks = [hook(asked, f"{name}.example.com", reinvocationPolicy="IfNeeded") for name in "ab"]
        await register(plane, MutatingWebhookConfiguration, *hooks)
        made = await write(plane, first="1")
    assert asked_in_order == ["1", "2", "3", "4"], "a, b, a as b changed it, b as a changed it, and no more"
    assert sorted(made.data) == ["first", "n1", "n2", "n3"]


async def test_objects_of_a_collection_go_without_their_names(plane: ControlPlane, tmp_path: Path) -> None:
    await write(plane)
    with webhook(tmp_path, allow) as asked:
        await register(plane, ValidatingWebhookConfiguration, hook(asked))
        await plane.http_client().request("DELETE", "/api/v1/namespaces/a/configmaps?dryRun=All")
        request = asked.asked[0]["request"]
    assert ("name" in request, request["oldObject"]["metadata"]["name"]) == (False, "x")
    assert request["options"] == {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "dryRun": ["All"]}


async def test_the_options_of_a_request_are_told(plane: ControlPlane, tmp_path: Path) -> None:
    client = plane.http_client()
    maps = "/api/v1/namespaces/a/configmaps"
    with webhook(tmp_path, allow) as asked:
        condition = "request.operation != 'DELETE' || request.options.gracePeriodSeconds == 0"
        await register(
            plane,
            ValidatingWebhookConfiguration,
            hook(asked, matchConditions=[{"name": "forced", "expression": condition}]),
        )
        await client.request("POST", maps, {"metadata": {"name": "x"}}, query={"fieldManager": "me"})
        await client.request("DELETE", f"{maps}/x", {"gracePeriodSeconds": 0, "propagationPolicy": "Foreground"})
        made, gone = (each["request"]["options"] for each in asked.asked)
    about = {"apiVersion": "meta.k8s.io/v1"}
    assert made == {"kind": "CreateOptions", **about, "fieldManager": "me"}
    assert gone == {"kind": "DeleteOptions", **about, "gracePeriodSeconds": 0, "propagationPolicy": "Foreground"}


async def test_one_that_hangs_costs_its_time_and_no_more(plane: ControlPlane, tmp_path: Path) -> None:
    may_go_on = threading.Event()

    def answer(review: Review) -> Review:
        may_go_on.wait(30)
        return allow(review)

    with webhook(tmp_path, answer) as asked:
        try:
            await register(plane, ValidatingWebhookConfiguration, hook(asked, timeoutSeconds=1))
            with pytest.raises(InternalError, match="context deadline exceeded"):
                await write(plane)
            await plane.client.delete(ValidatingWebhookConfiguration, "", "hooks")
            await register(plane, ValidatingWebhookConfiguration, hook(asked, timeoutSeconds=1, failurePolicy="Ignore"))
            await write(plane)
        finally:
            may_go_on.set()


async def test_one_that_is_away_hurts_only_what_it_is_for_and_can_be_deleted(
    plane: ControlPlane, tmp_path: Path
) -> None:
    with webhook(tmp_path, allow) as asked:
        gone = hook(asked, rules=[{**RULE, "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}])
    await register(plane, ValidatingWebhookConfiguration, gone)
    with pytest.raises(InternalError, match="failed calling webhook"):
        await write(plane)
    await plane.client.get(Namespace, "", "a")
    await plane.client.delete(ValidatingWebhookConfiguration, "", "hooks")
    await write(plane)


async def test_a_service_leads_to_a_ready_pod_behind_it(plane: ControlPlane, tmp_path: Path) -> None:
    with webhook(tmp_path, lambda review: deny(review, message="by service"), "hook.a.svc") as asked:
        service = {"metadata": {"name": "hook", "namespace": "a"}, "spec": {"ports": [{"name": "https", "port": 443}]}}
        await plane.client.create(from_wire(Service, service))
        config = {"service": {"namespace": "a", "name": "hook", "path": "/"}, "caBundle": asked.ca_bundle}
        await register(plane, ValidatingWebhookConfiguration, hook(asked, clientConfig=config))
        with pytest.raises(InternalError, match='no endpoints available for service "hook"'):
            await write(plane)
        part = {
            "metadata": {"name": "hook-1", "namespace": "a", "labels": {"kubernetes.io/service-name": "hook"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": asked.port}],
        }
        made = from_wire(EndpointSlice, part)
        await plane.api.pipeline.store.create("/registry/endpointslices/a/hook-1", _bytes(made))
        with pytest.raises(ApiError, match="by service"):
            await eventually_refused(plane)


async def eventually_refused(plane: ControlPlane) -> None:
    await plane.client.list(EndpointSlice, "a")  # the cache holds what was put into the store
    await write(plane, name="y")


def _bytes(part: EndpointSlice) -> bytes:

    return orjson.dumps({"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", **to_wire(part)})


async def test_a_dry_run_asks_only_those_without_side_effects(plane: ControlPlane, tmp_path: Path) -> None:
    with webhook(tmp_path, allow) as asked:
        await register(plane, ValidatingWebhookConfiguration, hook(asked, sideEffects="NoneOnDryRun"))
        wanted = from_wire(ConfigMap, {"metadata": {"name": "dry", "namespace": "a"}})
        await plane.client.create(wanted, dry_run=True)
        assert asked.asked[0]["request"]["dryRun"] is True


async def test_wrong_configurations_are_refused_with_every_cause(plane: ControlPlane, tmp_path: Path) -> None:
    wrong = {
        "name": "short",
        "clientConfig": {"url": "http://x", "service": {"name": "n", "namespace": "n"}},
        "rules": [{**RULE, "operations": ["*", "CREATE"], "resources": []}],
        "sideEffects": "Some",
        "timeoutSeconds": 31,
        "admissionReviewVersions": ["v7"],
        "matchConditions": [{"name": "c", "expression": "object.metadata.name =="}, {"name": "c", "expression": "1"}],
    }
    with pytest.raises(Invalid) as refused:
        await register(plane, ValidatingWebhookConfiguration, wrong)
    assert [cause.field for cause in refused.value.causes] == [
        "webhooks[0].name",
        "webhooks[0].rules[0].operations",
        "webhooks[0].rules[0].resources",
        "webhooks[0].sideEffects",
        "webhooks[0].timeoutSeconds",
        "webhooks[0].clientConfig",
        "webhooks[0].matchConditions[0].expression",
        "webhooks[0].matchConditions[1].expression",
        "webhooks[0].matchConditions[1].name",
        "webhooks[0].admissionReviewVersions",
    ]
    assert refused.value.causes[7].message == 'Invalid value: "1": must evaluate to bool but got int'
