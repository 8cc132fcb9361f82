"""Admission policies against a real API server: rules that refuse or warn, changes, parameters, and what goes wrong."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sampan.core.cel.mutations import constructed, misnamed
from sampan.core.errors import ApiError, Invalid
from sampan.core.model.admissionregistration_v1.mutating_admission_policy import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
)
from sampan.core.model.admissionregistration_v1.validating_admission_policy import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from sampan.core.model.builtin import ConfigMap, Deployment, Namespace, Node
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.testing.control_plane import ControlPlane, control_plane

pytestmark = pytest.mark.anyio

RULE = {
    "apiGroups": ["*"],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["configmaps", "deployments"],
}
MATCH = {"resourceRules": [RULE]}


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as made:
        await made.client.create(from_wire(Namespace, {"metadata": {"name": "a", "labels": {"team": "sea"}}}))
        yield made


async def policy(
    plane: ControlPlane, *rules: dict[str, Any], binding: dict[str, Any] | None = None, **spec: Any
) -> None:
    made = {"matchConstraints": MATCH, "validations": list(rules), **spec}
    bound = {"policyName": "p", "validationActions": ["Deny"], **(binding or {})}
    await plane.client.create(from_wire(ValidatingAdmissionPolicy, {"metadata": {"name": "p"}, "spec": made}))
    await plane.client.create(from_wire(ValidatingAdmissionPolicyBinding, {"metadata": {"name": "b"}, "spec": bound}))


async def mutations(plane: ControlPlane, *changes: dict[str, Any], **spec: Any) -> None:
    made = {"matchConstraints": MATCH, "mutations": list(changes), "reinvocationPolicy": "Never", **spec}
    await plane.client.create(from_wire(MutatingAdmissionPolicy, {"metadata": {"name": "p"}, "spec": made}))
    binding = {"metadata": {"name": "b"}, "spec": {"policyName": "p"}}
    await plane.client.create(from_wire(MutatingAdmissionPolicyBinding, binding))


async def write(plane: ControlPlane, name: str = "x", **data: str) -> ConfigMap:
    return await plane.client.create(from_wire(ConfigMap, {"metadata": {"name": name, "namespace": "a"}, "data": data}))


def deployment(**spec: Any) -> Deployment:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    whole = {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec}
    return from_wire(Deployment, {"metadata": {"name": "d", "namespace": "a"}, "spec": whole})


async def refusal(plane: ControlPlane, **data: str) -> ApiError:
    with pytest.raises(ApiError) as refused:
        await write(plane, **data)
    return refused.value


async def test_a_rule_that_does_not_hold_refuses_with_its_reason_and_words(plane: ControlPlane) -> None:
    await policy(
        plane,
        {"expression": "variables.size <= 1", "messageExpression": "'too many: ' + string(variables.size)"},
        {"expression": "!has(object.data) || !('x' in object.data)", "message": "no x", "reason": "Forbidden"},
        variables=[{"name": "size", "expression": "has(object.data) ? object.data.size() : 0"}],
    )
    await write(plane, name="fine", a="1")
    many = await refusal(plane, a="1", b="2")
    assert (many.code, many.reason) == (422, "Invalid")
    said = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: too many: 2"
    assert str(many) == f'configmaps "x" is forbidden: {said}'
    assert [cause.message for cause in many.causes] == [said]
    forbidden = await refusal(plane, x="1")
    assert (forbidden.code, forbidden.reason) == (403, "Forbidden")


async def test_without_a_binding_nothing_is_checked_and_a_binding_may_narrow(plane: ControlPlane) -> None:
    elsewhere = {"matchResources": {"namespaceSelector": {"matchLabels": {"team": "land"}}}}
    await policy(plane, {"expression": "false"}, binding=elsewhere)
    await write(plane)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("object.nope == 1", "resulted in error: no such key: nope"),
        ("1 / int(object.data['zero']) > 0", "resulted in error: division by zero"),
    ],
)
async def test_a_rule_that_fails_refuses_unless_it_is_told_not_to(
    plane: ControlPlane, source: str, expected: str
) -> None:
    await policy(plane, {"expression": source})
    assert expected in str(await refusal(plane, zero="0"))
    await plane.client.patch(ValidatingAdmissionPolicy, "", "p", {"spec": {"failurePolicy": "Ignore"}}, type="merge")
    await write(plane, zero="0")


async def test_parameters_are_objects_that_a_binding_names(plane: ControlPlane) -> None:
    await write(plane, name="limits", most="1")
    await policy(
        plane,
        {"expression": "object.metadata.name == 'limits' || size(object.data) <= int(params.data.most)"},
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        binding={"paramRef": {"name": "limits", "namespace": "a", "parameterNotFoundAction": "Deny"}},
    )
    await write(plane, name="fine", a="1")
    assert "failed expression: " in str(await refusal(plane, a="1", b="2"))
    await plane.client.delete(ConfigMap, "a", "limits")
    assert "no params found for policy binding" in str(await refusal(plane, a="1"))


@pytest.mark.parametrize(
    ("kind", "reference", "why"),
    [
        ("ConfigMap", {"name": "none"}, "no params found for policy binding with `Deny` parameterNotFoundAction"),
        (
            "Namespace",
            {"name": "a", "namespace": "a"},
            "paramRef.namespace must not be provided for a cluster-scoped `paramKind`",
        ),
    ],
)
async def test_parameters_that_cannot_be_had_refuse_whatever_the_binding_does(
    plane: ControlPlane, kind: str, reference: dict[str, Any], why: str
) -> None:
    await policy(
        plane,
        {"expression": "params != null"},
        paramKind={"apiVersion": "v1", "kind": kind},
        binding={"paramRef": {**reference, "parameterNotFoundAction": "Deny"}, "validationActions": ["Warn"]},
    )
    said = f"ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed to configure binding: {why}"
    assert str(await refusal(plane, a="1")).endswith(said)
    await plane.client.patch(ValidatingAdmissionPolicy, "", "p", {"spec": {"failurePolicy": "Ignore"}}, type="merge")
    await write(plane, a="1")


async def test_parameters_of_a_namespace_are_none_for_what_is_in_none(plane: ControlPlane) -> None:
    nodes = {**RULE, "apiGroups": [""], "resources": ["nodes"]}
    await policy(
        plane,
        {"expression": "true"},
        matchConstraints={"resourceRules": [nodes]},
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        binding={"paramRef": {"selector": {}, "parameterNotFoundAction": "Allow"}},
    )
    with pytest.raises(ApiError, match="cannot use namespaced paramRef in policy binding that matches cluster-scoped"):
        await plane.client.create(from_wire(Node, {"metadata": {"name": "n"}}))


async def test_what_a_later_rule_warns_of_is_told_with_a_refusal(plane: ControlPlane) -> None:
    await policy(plane, {"expression": "false"}, binding={"validationActions": ["Deny", "Audit"]})
    second = {"matchConstraints": MATCH, "validations": [{"expression": "false", "message": "mind the gap"}]}
    bound = {"policyName": "q", "validationActions": ["Warn"]}
    await plane.client.create(from_wire(ValidatingAdmissionPolicy, {"metadata": {"name": "q"}, "spec": second}))
    await plane.client.create(from_wire(ValidatingAdmissionPolicyBinding, {"metadata": {"name": "c"}, "spec": bound}))
    trust = ssl.create_default_context(cadata=plane.access.ca_pem)
    token = {"Authorization": f"Bearer {plane.access.token}"}
    async with httpx.AsyncClient(base_url=plane.access.server, verify=trust, headers=token) as http:
        answer = await http.post("/api/v1/namespaces/a/configmaps", json={"metadata": {"name": "x"}})
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert "mind the gap" in answer.headers["warning"]


async def test_rules_see_the_old_object_the_namespace_the_request_and_the_authorizer(plane: ControlPlane) -> None:
    await policy(
        plane,
        {"expression": "oldObject == null || object.data == oldObject.data", "message": "no change"},
        {"expression": "namespaceObject.metadata.labels.team == 'sea'"},
        {"expression": "request.operation in ['CREATE', 'UPDATE'] && request.userInfo.username != ''"},
        {"expression": "authorizer.group('').resource('configmaps').namespace('a').check('create').allowed()"},
    )
    await write(plane, a="1")
    with pytest.raises(ApiError, match="no change"):
        await plane.client.patch(ConfigMap, "a", "x", {"data": {"a": "2"}}, type="merge")
    await plane.client.patch(ConfigMap, "a", "x", {"metadata": {"labels": {"l": "1"}}}, type="merge")


async def test_an_applied_configuration_is_merged_by_the_types_of_the_kind(plane: ControlPlane) -> None:
    pod = "Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'side', image: 'more'}]}"
    spec = f"Object.spec{{replicas: object.spec.replicas + 1, template: Object.spec.template{{spec: {pod}}}}}"
    expression = f"Object{{metadata: Object.metadata{{labels: {{'by': 'policy'}}}}, spec: {spec}}}"
    await mutations(plane, {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}})
    made = await plane.client.create(deployment(replicas=2))
    assert made.spec.replicas == 3
    assert made.metadata.labels == {"by": "policy"}
    assert sorted(each.name for each in made.spec.template.spec.containers) == ["c", "side"]


async def test_a_json_patch_is_applied(plane: ControlPlane) -> None:
    expression = "[JSONPatch{op: 'add', path: '/data/n', value: string(size(object.data))}]"
    await mutations(plane, {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}})
    assert (await write(plane, a="1", b="2")).data == {"a": "1", "b": "2", "n": "2"}


async def test_a_change_that_cannot_be_made_refuses_and_leaves_nothing_behind(plane: ControlPlane) -> None:
    expression = "[JSONPatch{op: 'remove', path: '/data/nothing'}]"
    await mutations(plane, {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}})
    assert "policy 'p' with binding 'b' denied request" in str(await refusal(plane, a="1"))
    await plane.client.patch(MutatingAdmissionPolicy, "", "p", {"spec": {"failurePolicy": "Ignore"}}, type="merge")
    assert to_wire(await write(plane, a="1"))["data"] == {"a": "1"}


async def test_wrong_expressions_are_refused_with_their_places(plane: ControlPlane) -> None:
    with pytest.raises(Invalid) as refused:
        await policy(
            plane,
            {"expression": "object.metadata.name ==", "reason": "Teapot"},
            {"expression": "variables.nope == 1", "messageExpression": "1"},
            variables=[{"name": "a", "expression": "variables.b"}, {"name": "b", "expression": "1"}],
        )
    assert [cause.field for cause in refused.value.causes] == [
        "spec.variables[0].expression",
        "spec.validations[0].expression",
        "spec.validations[0].reason",
        "spec.validations[1].expression",
        "spec.validations[1].messageExpression",
    ]
    assert "undefined field 'b'" in refused.value.causes[0].message


async def test_a_variable_has_the_type_of_its_expression(plane: ControlPlane) -> None:
    variables = [
        {"name": "size", "expression": "object.data.size()"},
        {"name": "isOdd", "expression": "variables.size % 2 == 1"},
        {"name": "names", "expression": "['a', 'b']"},
        {"name": "times", "expression": "[timestamp('2030-01-01T00:00:00Z')]"},
        {"name": "hours", "expression": "{'few': duration('2h')}"},
    ]
    held = (
        "variables.isOdd",
        "variables.names[0].startsWith('a')",
        "(variables.times[0] + variables.hours.few).getHours() == 2",
    )
    await policy(plane, *({"expression": each} for each in held), variables=variables)
    await write(plane, a="1")
    assert "failed expression: variables.isOdd" in str(await refusal(plane, a="1", b="2"))
    wrong = ("variables.names", "object.data.a", "variables.isOdd > 1")
    with pytest.raises(Invalid) as refused:
        await policy(plane, *({"expression": each} for each in wrong), variables=variables)
    assert [cause.message.partition(": ")[2].splitlines()[0] for cause in refused.value.causes] == [
        '"variables.names": must evaluate to bool but got list(string)',
        '"object.data.a": must evaluate to bool but got dyn',
        '"variables.isOdd > 1": compilation failed: ERROR: <input>:1:17: found no matching overload for'
        " '_>_' applied to '(bool, int)'",
    ]


async def test_what_is_constructed_may_have_fields_of_several_types(plane: ControlPlane) -> None:
    words = "Object{metadata: Object.metadata{labels: {'x': 'y'}}, data: {'n': object.data.a}}"
    await mutations(plane, {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": words}})
    written = await write(plane, a="1")
    assert (written.data, written.metadata.labels) == ({"a": "1", "n": "1"}, {"x": "y"})


@pytest.mark.parametrize(
    ("constructed", "why"),
    [
        (
            "Object{spec: Object.spec{x: 1}}",
            "failed to convert patch object to typed object: .spec: field not declared in schema",
        ),
        (
            "Object{data: {'n': 1}}",
            "failed to convert patch object to typed object:"
            " .data.n: expected string, got &value.valueUnstructured{Value:1}",
        ),
        (
            "Object{metadata: Object.metadata{ownerReferences: [Object.metadata.ownerReferences{name: 'x', uid: 'u'}]}}",
            "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .metadata.ownerReferences[0]",
        ),
    ],
)
async def test_an_object_that_its_type_refuses_is_not_applied(plane: ControlPlane, constructed: str, why: str) -> None:
    await mutations(plane, {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": constructed}})
    said = f"policy 'p' with binding 'b' denied request: error applying patch: {why}"
    assert str(await refusal(plane, a="1")) == said
    await plane.client.patch(MutatingAdmissionPolicy, "", "p", {"spec": {"failurePolicy": "Ignore"}}, type="merge")
    assert to_wire(await write(plane, a="1"))["data"] == {"a": "1"}


async def test_a_construction_is_named_by_its_place(plane: ControlPlane) -> None:
    words = "object.data.a == '1' ? Object{metadata: Object.Metadata{labels: {'x': 'y'}}} : Object{}"
    await mutations(plane, {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": words}})
    wrong = 'unexpected type name "Object.Metadata", expected "Object.metadata"'
    assert f"denied request: type mismatch: {wrong}" in str(await refusal(plane, a="1"))


def test_names_of_constructions_are_read_once_whatever_stands_around_them() -> None:
    held = (
        "Object { spec : Object . spec { template: Object.spec.template{} } }",
        "Object{spec: Object.spec{list: [Object.spec.list{a: {'k': 1}}, has(x.y) ? Object.spec.list{} : x]}}",
        "[JSONPatch{op: 'add', path: '/a', value: Object.spec.any{x: Object.spec.any.x{}}}]",
        "x ? Object{} : (Object{a: 'Object.b{'})",
    )
    assert [misnamed(each) for each in held] == [""] * len(held)
    assert 'expected "Object.spec.list"' in misnamed("Object{spec: Object.spec{list: [Object.spec{}]}}")
    assert 'expected "Object"' in misnamed("Object.spec{}")
    assert constructed("Object{a: Object.a{b: 1}}") == '{"a": {"b": 1}}'
    assert constructed("{" * 200_000) == "{" * 200_000


async def test_a_patch_whose_test_fails_is_for_other_objects(plane: ControlPlane) -> None:
    patch = "[JSONPatch{op: 'add', path: '/data/b', value: 'x'}, JSONPatch{op: 'test', path: '/data/a', value: '2'}]"
    await mutations(plane, {"patchType": "JSONPatch", "jsonPatch": {"expression": patch}})
    assert to_wire(await write(plane, a="1"))["data"] == {"a": "1"}
    assert to_wire(await write(plane, "y", a="2"))["data"] == {"a": "2", "b": "x"}


@pytest.mark.parametrize(
    ("mutation", "why"),
    [
        (
            {"applyConfiguration": {"expression": "{'data': {'b': 'x'}}"}},
            "Object but got map(string, map(string, string))",
        ),
        ({"jsonPatch": {"expression": "[{'op': 'add'}]"}}, "list(JSONPatch) but got list(map(string, string))"),
        ({"jsonPatch": {"expression": "object.data"}}, "list(JSONPatch) but got dyn"),
    ],
)
async def test_what_constructs_nothing_is_refused(plane: ControlPlane, mutation: dict[str, Any], why: str) -> None:
    kind = "JSONPatch" if "jsonPatch" in mutation else "ApplyConfiguration"
    with pytest.raises(Invalid, match=re.escape(f"must evaluate to {why}")):
        await mutations(plane, {"patchType": kind, **mutation})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("null", ""),
        ("'x'", ""),
        ("1", "must evaluate to one of [string null_type] but got int"),
        ("request", "must evaluate to one of [string null_type] but got kubernetes.AdmissionRequest"),
    ],
)
async def test_a_value_to_audit_is_a_text_or_nothing(plane: ControlPlane, value: str, said: str) -> None:
    audited = [{"key": "k", "valueExpression": value}]
    if not said:
        await policy(plane, auditAnnotations=audited)
        return
    with pytest.raises(Invalid, match=re.escape(said)):
        await policy(plane, auditAnnotations=audited)


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ("op: 'remove', path: '/data/b'", "error in remove for path: '/data/b': Unable to remove nonexistent key: b"),
        ("op: 'add', path: '/nope/b', value: 'x'", 'add operation does not apply: doc is missing path: "/nope/b"'),
    ],
)
async def test_a_patch_that_does_not_apply_says_why(plane: ControlPlane, operation: str, why: str) -> None:
    await mutations(plane, {"patchType": "JSONPatch", "jsonPatch": {"expression": f"[JSONPatch{{{operation}}}]"}})
    refused = await refusal(plane, a="1")
    assert (refused.code, refused.reason) == (403, "Invalid")
    assert str(refused).startswith(f"policy 'p' with binding 'b' denied request: JSON Patch: {why}")


async def test_a_variable_that_fails_is_named(plane: ControlPlane) -> None:
    await policy(
        plane,
        {"expression": "variables.n > 1"},
        variables=[{"name": "n", "expression": "int(object.data.a)"}],
    )
    assert 'composited variable "n" fails to evaluate: type conversion error' in str(await refusal(plane, a="x"))


async def test_a_kind_of_parameters_that_there_is_not_is_named(plane: ControlPlane) -> None:
    kind, reference = {"apiVersion": "x.y/v1", "kind": "Z"}, {"name": "z", "parameterNotFoundAction": "Deny"}
    await policy(plane, {"expression": "true"}, paramKind=kind, binding={"paramRef": reference})
    words = "failed to configure policy: failed to find resource referenced by paramKind: 'x.y/v1, Kind=Z'"
    assert f"ValidatingAdmissionPolicy 'p' denied request: {words}" in str(await refusal(plane, a="x"))
