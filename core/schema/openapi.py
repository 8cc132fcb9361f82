"""OpenAPI documents: version 3 per group and version, version 2 for everything, made from resources.

The API server makes them on request and keeps them until its kinds change; which content types they are sent in is its
business. ``kubectl explain`` and ``apply`` read version 3, older clients version 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sampan.core.schema.openapi_paths import Operation, operations
from sampan.core.schema.openapi_schemas import Definitions, Schema, list_definition
from sampan.core.schema.resource import Resource

_GVK: Final = "x-kubernetes-group-version-kind"
_JSON: Final = "application/json"
_PRODUCES: Final = (_JSON, "application/yaml")


def openapi_v3(resources: Iterable[Resource], version: str) -> dict[str, Any]:
    """The document of one group and version. ``version`` is the server's (``v1.36.0``)."""
    resources = tuple(resources)
    definitions = Definitions(lambda name: f"#/components/schemas/{name}")
    paths = _paths(resources, _operation_v3, definitions)
    return {
        "openapi": "3.0.0",
        "info": _info(version),
        "paths": paths,
        "components": {"schemas": dict(sorted(definitions.schemas.items()))},
    }


def openapi_v2(resources: Iterable[Resource], version: str) -> dict[str, Any]:
    """The one document of all groups, in the older language."""
    resources = tuple(resources)
    definitions = Definitions(lambda name: f"#/definitions/{name}", version_2=True)
    paths = _paths(resources, _operation_v2, definitions)
    return {
        "swagger": "2.0",
        "info": _info(version),
        "paths": paths,
        "definitions": {name: _as_v2(schema) for name, schema in sorted(definitions.schemas.items())},
    }


def _info(version: str) -> dict[str, str]:
    return {"title": "Kubernetes", "version": version}


def _paths(resources: Iterable[Resource], write: Any, definitions: Definitions) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for resource in resources:
        definitions.add_resource(resource)
        for operation in operations(resource):
            path = paths.setdefault(operation.path, {})
            path[operation.method] = _common(resource, operation) | write(resource, operation, definitions)
    return paths


def _common(resource: Resource, operation: Operation) -> dict[str, Any]:
    info = resource.info
    group = "".join(part.capitalize() for part in info.group.removesuffix(".k8s.io").split(".")) or "Core"
    scope = "Namespaced" if "{namespace}" in operation.path else ""
    return {
        "tags": [f"{group.lower()}_{info.version}"],
        "operationId": f"{operation.verb}{group}{info.version.capitalize()}{scope}{info.kind}",
        "x-kubernetes-action": operation.action,
        _GVK: {"group": info.group, "version": info.version, "kind": info.kind},
    }


def _answer(resource: Resource, operation: Operation, definitions: Definitions) -> Schema:
    if operation.answer == "list":
        return definitions.ref(list_definition(resource))
    return definitions.ref(resource.struct.definition)


def _body(resource: Resource, operation: Operation, definitions: Definitions) -> Schema:
    return {"type": "object"} if operation.body == "patch" else definitions.ref(resource.struct.definition)


def _path_parameters(operation: Operation) -> Iterator[str]:
    for name in ("name", "namespace"):
        if f"{{{name}}}" in operation.path:
            yield name


def _operation_v3(resource: Resource, operation: Operation, definitions: Definitions) -> dict[str, Any]:
    text = {"type": "string", "uniqueItems": True}
    written: dict[str, Any] = {
        "parameters": [
            *({"name": each, "in": "path", "required": True, "schema": text} for each in _path_parameters(operation)),
            *(
                {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}
                for name, kind in operation.parameters
            ),
        ],
        "responses": {"401": {"description": "Unauthorized"}},
    }
    if operation.body:
        schema = _body(resource, operation, definitions)
        written["requestBody"] = {
            "required": True,
            "content": {consumed: {"schema": schema} for consumed in operation.consumes},
        }
    answer = _answer(resource, operation, definitions)
    ok = {"description": "OK", "content": {produced: {"schema": answer} for produced in _PRODUCES}}
    written["responses"] |= {"200": ok} | ({"201": {**ok, "description": "Created"}} if operation.body else {})
    return written


def _operation_v2(resource: Resource, operation: Operation, definitions: Definitions) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "type": "string", "uniqueItems": True}
        for name in _path_parameters(operation)
    ]
    parameters += [
        {"name": name, "in": "query", "type": kind, "uniqueItems": True} for name, kind in operation.parameters
    ]
    if operation.body:
        schema = _body(resource, operation, definitions)
        parameters.append({"name": "body", "in": "body", "required": True, "schema": schema})
    ok = {"description": "OK", "schema": _answer(resource, operation, definitions)}
    created = {"201": {**ok, "description": "Created"}} if operation.body else {}
    return {
        "consumes": list(operation.consumes),
        "produces": list(_PRODUCES),
        "schemes": ["https"],
        "parameters": parameters,
        "responses": {"200": ok, **created, "401": {"description": "Unauthorized"}},
    }


def _as_v2(schema: Any) -> Any:
    """Version 2 has no ``nullable`` and no ``oneOf``, and a reference stands beside its description."""
    if isinstance(schema, list):
        return [_as_v2(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    written = {
        key: {name: _as_v2(below) for name, below in value.items()} if key == "properties" else _as_v2(value)
        for key, value in schema.items()
        if key != "nullable"
    }
    if written.pop("oneOf", None):
        written["type"] = "string"
    references = written.get("allOf")
    if isinstance(references, list) and len(references) == 1 and "$ref" in references[0]:
        del written["allOf"]
        written = references[0] | written
    return written
