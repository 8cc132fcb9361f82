"""The routes of a kind, as data: what the OpenAPI documents list under ``paths``.

kubectl reads them to learn whether a kind takes ``fieldValidation``, ``dryRun`` and strategic merge patches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from sampan.core.classes import frozen
from sampan.core.schema.patch import patch_types
from sampan.core.schema.resource import Resource

Body = Literal["", "object", "patch", "delete-options"]
Answer = Literal["object", "list", "status"]

Parameters = tuple[tuple[str, str], ...]

_TEXT: Final = "string"
OF_PATHS: Final[Parameters] = (("pretty", _TEXT),)
"""What every method of a path takes."""
_WRITE: Final[Parameters] = (("dryRun", _TEXT), ("fieldManager", _TEXT), ("fieldValidation", _TEXT))
_LIST: Final[Parameters] = (
    ("allowWatchBookmarks", "boolean"),
    ("continue", _TEXT),
    ("fieldSelector", _TEXT),
    ("labelSelector", _TEXT),
    ("limit", "integer"),
    ("resourceVersion", _TEXT),
    ("resourceVersionMatch", _TEXT),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
)
_DELETE: Final[Parameters] = (
    ("dryRun", _TEXT),
    ("gracePeriodSeconds", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", _TEXT),
)


@frozen(kw_only=True)
class Operation:
    """One method of one path. ``parameters`` are its own query parameters: name and OpenAPI type.

    Its id is made of ``verb``, group and version, ``what`` of the kind it is about, the kind, and ``part``.
    """

    path: str
    method: str
    verb: str
    action: str
    parameters: Parameters = ()
    what: str = ""
    part: str = ""
    body: Body = ""
    consumes: tuple[str, ...] = ("*/*",)
    answer: Answer = "object"


def operations(resource: Resource) -> Iterator[Operation]:
    """Every operation of a kind, ``status`` and ``scale`` included (other subresources are not described)."""
    info = resource.info
    root = f"/apis/{info.group}/{info.version}" if info.group else f"/api/{info.version}"
    collection = f"{root}/namespaces/{{namespace}}/{info.plural}" if info.namespaced else f"{root}/{info.plural}"
    if info.namespaced and "list" in info.verbs:
        yield _reading(f"{root}/{info.plural}", part="ForAllNamespaces")
    yield from _of_collection(resource, collection)
    item = f"{collection}/{{name}}"
    yield from _of_item(resource, item)
    if info.has_status:
        for verb in ("get", "update", "patch"):
            yield _item_operation(resource, f"{item}/status", verb, "Status")


def _of_collection(resource: Resource, path: str) -> Iterator[Operation]:
    verbs = resource.info.verbs
    if "list" in verbs:
        yield _reading(path)
    if "create" in verbs:
        yield Operation(path=path, method="post", verb="create", action="post", parameters=_WRITE, body="object")
    if "deletecollection" in verbs:
        yield Operation(
            path=path,
            method="delete",
            verb="delete",
            what="Collection",
            action="deletecollection",
            parameters=tuple(sorted((*_LIST[1:-1], *_DELETE))),
            body="delete-options",
            answer="status",
        )


def _of_item(resource: Resource, path: str) -> Iterator[Operation]:
    for verb in ("get", "update", "patch", "delete"):
        if verb in resource.info.verbs:
            yield _item_operation(resource, path, verb, "")


def _item_operation(resource: Resource, path: str, verb: str, part: str) -> Operation:
    if verb == "get":
        return Operation(path=path, method="get", verb="read", action="get", part=part)
    if verb == "delete":
        return Operation(
            path=path,
            method="delete",
            verb="delete",
            action="delete",
            parameters=_DELETE,
            body="delete-options",
            answer="object" if resource.info.delete_answers_object else "status",
        )
    if verb == "update":
        return Operation(
            path=path, method="put", verb="replace", action="put", parameters=_WRITE, part=part, body="object"
        )
    return Operation(
        path=path,
        method="patch",
        verb="patch",
        action="patch",
        parameters=(*_WRITE, ("force", "boolean")),
        part=part,
        body="patch",
        consumes=patch_types(resource),
    )


def _reading(path: str, part: str = "") -> Operation:
    return Operation(path=path, method="get", verb="list", action="list", parameters=_LIST, part=part, answer="list")
