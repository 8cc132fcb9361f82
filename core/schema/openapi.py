"""OpenAPI documents: version 3 per group and version, version 2 for everything, made from resources.

The API server makes them on request and keeps them until its kinds change; which content types they are sent in is its
business. ``kubectl explain`` and ``apply`` read version 3, older clients version 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import evolve

from sampan.core.model.meta_v1.status import DeleteOptions, Status
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.openapi_paths import OF_PATHS, Operation, Parameters, operations
from sampan.core.schema.openapi_schemas import PATCH, Definitions, Schema, list_definition
from sampan.core.schema.resource import Resource

_STATUS: Final = struct_of(Status)
_DELETE_OPTIONS: Final = struct_of(DeleteOptions)
_GVK: Final = "x-kubernetes-group-version-kind"
_JSON: Final = "application/json"
_PRODUCES: Final = (_JSON, "application/vnd.kubernetes.protobuf", "application/yaml")
_STREAMED: Final = (f"{_JSON};stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
_CODES: Final = {
    "post": (("200", "OK"), ("201", "Created"), ("202", "Accepted")),
    "put": (("200", "OK"), ("201", "Created")),
    "patch": (("200", "OK"), ("201", "Created")),
    "delete": (("200", "OK"), ("202", "Accepted")),
}
"""By what is done (``x-kubernetes-action``); everything else is answered with 200."""


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
    definitions.add(_STATUS)
    definitions.add(_DELETE_OPTIONS)
    for resource in resources:
        definitions.add_resource(resource)
        for path, methods in _by_path(resource).items():
            shared = _shared_by(methods)
            written = paths.setdefault(path, {})
            written["parameters"] = _shared_parameters(path, shared, version_2=write is _operation_v2)
            for each in methods:
                rest = tuple(one for one in each.parameters if one not in shared)
                operation = evolve(each, parameters=rest)
                written[each.method] = _common(resource, operation) | write(resource, operation, definitions)
    return paths


def _by_path(resource: Resource) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for operation in operations(resource):
        found.setdefault(operation.path, []).append(operation)
    return found


def _shared_by(methods: Iterable[Operation]) -> Parameters:
    """What all methods of a path take."""
    first, *others = (each.parameters for each in methods)
    return tuple(one for one in first if all(one in each for each in others))


def _common(resource: Resource, operation: Operation) -> dict[str, Any]:
    info = resource.info
    group = "".join(part.capitalize() for part in info.group.removesuffix(".k8s.io").split(".")) or "Core"
    scope = "Namespaced" if "{namespace}" in operation.path else ""
    return {
        "tags": [f"{group.lower()}_{info.version}"],
        "operationId": (
            f"{operation.verb}{group}{info.version.capitalize()}{operation.what}{scope}{info.kind}{operation.part}"
        ),
        "x-kubernetes-action": operation.action,
        _GVK: {"group": info.group, "version": info.version, "kind": info.kind},
    }


def _shared_parameters(path: str, shared: Parameters, *, version_2: bool) -> list[dict[str, Any]]:
    """Of all methods of a path: the names in it, how the answer is laid out, and what else none goes without."""
    written = [_parameter(each, "string", "path", version_2=version_2) for each in _path_parameters(path)]
    return written + _query_parameters((*shared, *OF_PATHS), version_2=version_2)


def _query_parameters(parameters: Parameters, *, version_2: bool) -> list[dict[str, Any]]:
    return [_parameter(name, kind, "query", version_2=version_2) for name, kind in sorted(parameters)]


def _parameter(name: str, kind: str, place: str, *, version_2: bool) -> dict[str, Any]:
    about: dict[str, Any] = {"type": kind, "uniqueItems": True}
    needed = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **needed, **(about if version_2 else {"schema": about})}


def _produced(resource: Resource, operation: Operation) -> tuple[str, ...]:
    produced = (*_PRODUCES, *_STREAMED) if operation.answer == "list" and operation.action == "list" else _PRODUCES
    return tuple(each for each in produced if "protobuf" not in each) if resource.custom else produced


def _answer(resource: Resource, operation: Operation, definitions: Definitions) -> Schema:
    if operation.answer == "list":
        return definitions.ref(list_definition(resource))
    return definitions.ref((_STATUS if operation.answer == "status" else resource.struct).definition)


def _body(resource: Resource, operation: Operation, definitions: Definitions) -> Schema:
    fixed = {"patch": PATCH, "delete-options": _DELETE_OPTIONS.definition}
    return definitions.ref(fixed.get(operation.body, resource.struct.definition))


def _path_parameters(path: str) -> Iterator[str]:
    for name in ("name", "namespace"):
        if f"{{{name}}}" in path:
            yield name


def _codes(operation: Operation) -> Iterable[tuple[str, str]]:
    return _CODES.get(operation.action, (("200", "OK"),))


def _operation_v3(resource: Resource, operation: Operation, definitions: Definitions) -> dict[str, Any]:
    answer = _answer(resource, operation, definitions)
    content = {produced: {"schema": answer} for produced in _produced(resource, operation)}
    parameters = _query_parameters(operation.parameters, version_2=False)
    written: dict[str, Any] = {
        **({"parameters": parameters} if parameters else {}),
        "responses": {
            **{code: {"description": said, "content": content} for code, said in _codes(operation)},
            "401": {"description": "Unauthorized"},
        },
    }
    if operation.body:
        schema = _body(resource, operation, definitions)
        wanted = {} if operation.body == "delete-options" else {"required": True}
        written["requestBody"] = {"content": {each: {"schema": schema} for each in operation.consumes}} | wanted
    return written


def _operation_v2(resource: Resource, operation: Operation, definitions: Definitions) -> dict[str, Any]:
    parameters = _query_parameters(operation.parameters, version_2=True)
    if operation.body:
        schema = _body(resource, operation, definitions)
        wanted = {} if operation.body == "delete-options" else {"required": True}
        parameters.append({"name": "body", "in": "body", **wanted, "schema": schema})
    answer = _answer(resource, operation, definitions)
    return {
        "consumes": list(operation.consumes),
        "produces": list(_produced(resource, operation)),
        "schemes": ["https"],
        "parameters": parameters,
        "responses": {
            **{code: {"description": said, "schema": answer} for code, said in _codes(operation)},
            "401": {"description": "Unauthorized"},
        },
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
