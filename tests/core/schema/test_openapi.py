"""OpenAPI documents hold what kubectl looks for, and say of built-in kinds what Kubernetes says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.model.builtin import BUILTIN_KINDS, Deployment, Pod
from sampan.core.model.kinds import KindInfo
from sampan.core.schema.custom import custom_resource
from sampan.core.schema.openapi import openapi_v2, openapi_v3
from sampan.core.schema.resource import resource_of

REFERENCE = Path(__file__).parents[4] / "shared/openapi/definitions.json"
ALL = [resource_of(cls) for cls in BUILTIN_KINDS]
CRON_TAB = KindInfo(
    group="example.com", version="v1", kind="CronTab", plural="crontabs", singular="crontab", list_kind="CronTabList"
)
SCHEMA = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "description": "What is to run.",
            "required": ["cron"],
            "properties": {
                "cron": {"type": "string", "description": "When.", "nullable": True},
                "nullable": {"type": "boolean"},
                "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "size": {"x-kubernetes-int-or-string": True},
                "policy": {"type": "string", "enum": ["Keep", "Drop"], "default": "Keep"},
            },
        }
    },
}


UNTOLD = ("description", "default", "minimum", "maximum")
"""What the reference data leaves out."""


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for below in value.values():
            yield from references(below)
    elif isinstance(value, list):
        for below in value:
            yield from references(below)


def test_every_reference_leads_somewhere() -> None:
    third = openapi_v3(ALL, "v1.36.0")
    assert {f"#/components/schemas/{name}" for name in third["components"]["schemas"]} >= set(references(third))
    second = openapi_v2(ALL, "v1.36.0")
    assert {f"#/definitions/{name}" for name in second["definitions"]} >= set(references(second))


def test_explain_finds_kinds_and_their_fields() -> None:
    schemas = openapi_v3([resource_of(Pod)], "v1.36.0")["components"]["schemas"]
    pod = schemas["io.k8s.api.core.v1.Pod"]
    assert pod["x-kubernetes-group-version-kind"] == [{"group": "", "version": "v1", "kind": "Pod"}]
    assert list(pod["properties"]) == ["kind", "apiVersion", "metadata", "spec", "status"]
    container = schemas["io.k8s.api.core.v1.Container"]
    assert container["properties"]["imagePullPolicy"]["enum"] == ["Always", "IfNotPresent", "Never"]
    assert container["required"] == ["name"]


def test_numbers_or_names_are_a_type_of_their_own() -> None:
    name = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
    third = openapi_v3([resource_of(Deployment)], "v")["components"]["schemas"][name]
    assert third["oneOf"] == [{"type": "integer"}, {"type": "string"}]
    assert openapi_v2([resource_of(Deployment)], "v")["definitions"][name]["type"] == "string"


def test_apply_finds_merge_keys_and_patch_types() -> None:
    document = openapi_v3([resource_of(Deployment)], "v1.36.0")
    containers = document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert {"fieldValidation", "dryRun"} <= {parameter["name"] for parameter in patch["parameters"]}


def test_custom_resources_are_written_out_in_place() -> None:
    document = openapi_v3([custom_resource(CRON_TAB, SCHEMA)], "v1.36.0")
    root = document["components"]["schemas"]["com.example.v1.CronTab"]
    assert root["required"] == ["spec"]
    spec = root["properties"]["spec"]
    assert spec["description"] == "What is to run."
    assert spec["properties"]["cron"] == {"type": "string", "nullable": True, "description": "When."}
    assert spec["properties"]["size"] == {"x-kubernetes-int-or-string": True}
    assert spec["properties"]["policy"] == {"type": "string", "enum": ["Keep", "Drop"], "default": "Keep"}
    assert spec["properties"]["extra"]["x-kubernetes-preserve-unknown-fields"] is True
    patch = document["paths"]["/apis/example.com/v1/namespaces/{namespace}/crontabs/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]


def test_version_two_knows_no_nullable_but_a_field_may_be_called_so() -> None:
    spec = openapi_v2([custom_resource(CRON_TAB, SCHEMA)], "v")["definitions"]["com.example.v1.CronTab"]
    properties = spec["properties"]["spec"]["properties"]
    assert "nullable" not in properties["cron"]
    assert properties["nullable"] == {"type": "boolean"}


def test_operation_ids_differ() -> None:
    paths = openapi_v3(ALL, "v1.36.0")["paths"]
    ids = [
        operation["operationId"]
        for path in paths.values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    assert len(ids) == len(set(ids))


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference data of Kubernetes 1.36 is not beside the repository")
def test_definitions_are_those_of_kubernetes() -> None:
    """Field types, lists and merge keys; the object model's own test holds names and required fields."""
    known = json.loads(REFERENCE.read_text())["definitions"]
    wrong = {}
    for name, schema in openapi_v2(ALL, "v1.36.0")["definitions"].items():
        for field, ours in schema.get("properties", {}).items():
            theirs = known[name]["properties"].get(field)
            told = {
                key: value for key, value in ours.items() if key not in ("description", "default", "minimum", "maximum")
            }
            if "additionalProperties" in ours and theirs.get("x-kubernetes-map-type") == "granular":
                del theirs["x-kubernetes-map-type"]  # what every map is
            if ours.get("format") == "byte":
                theirs.pop("x-kubernetes-list-type", None)  # bytes are a list in Go alone
            if told != theirs:
                wrong[f"{name}.{field}"] = told
    assert wrong == {}
