"""What another server says of its resources, in either form of discovery, as one form. Pure.

Only what discovery knows is taken over, and only where it has the right form: clients read this server's word for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

Document = dict[str, Any]

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
ACCEPT: Final = f"{AGGREGATED.format('v2')},{AGGREGATED.format('v2beta1')},application/json;q=0.9"


def is_aggregated(content_type: str) -> bool:
    return "as=APIGroupDiscoveryList" in content_type.replace(" ", "")


def resources_of_version(body: bytes, group: str, version: str) -> list[Document] | None:
    """Of one version in an aggregated document; ``None`` where it is not in there. Raises `ValueError`."""
    for item in _items(_object(body).get("items")):
        if (item.get("metadata") or {}).get("name", "") != group:
            continue
        for each in _items(item.get("versions")):
            if each.get("version") == version:
                return [_resource(one) for one in _items(each.get("resources"))]
    return None


def resources_of_list(body: bytes) -> list[Document]:
    """Of an ``APIResourceList``. Raises `ValueError`."""
    found: dict[str, Document] = {}
    for item in _items(_object(body).get("resources")):
        name, slash, part = _text(item, "name").partition("/")
        if slash:
            if name in found:
                found[name].setdefault("subresources", []).append(_listed_part(item, part))
            continue
        found[name] = {
            "resource": name,
            "responseKind": _listed_kind(item),
            "scope": "Namespaced" if item.get("namespaced") else "Cluster",
            "singularResource": _text(item, "singularName"),
            "verbs": _texts(item, "verbs"),
        } | {word: texts for word in ("shortNames", "categories") if (texts := _texts(item, word))}
    return list(found.values())


def _listed_part(item: Document, part: str) -> Document:
    return {"subresource": part, "responseKind": _listed_kind(item), "verbs": _texts(item, "verbs")}


def _listed_kind(item: Document) -> Document:
    return {word: _text(item, word) for word in ("group", "version", "kind")}


def _resource(item: Document) -> Document:
    made: Document = {
        "resource": _text(item, "resource"),
        "responseKind": _kind(item),
        "scope": _text(item, "scope"),
        "singularResource": _text(item, "singularResource"),
        "verbs": _texts(item, "verbs"),
    }
    made |= {word: texts for word in ("shortNames", "categories") if (texts := _texts(item, word))}
    parts = [
        {"subresource": _text(one, "subresource"), "responseKind": _kind(one), "verbs": _texts(one, "verbs")}
        for one in _items(item.get("subresources"))
    ]
    return made | {"subresources": parts} if parts else made


def _kind(item: Document) -> Document:
    kind = item.get("responseKind") or {}
    if not isinstance(kind, dict):
        raise ValueError("responseKind is no object")
    return {word: _text(kind, word) for word in ("group", "version", "kind")}


def _object(body: bytes) -> Document:
    value = orjson.loads(body)
    if not isinstance(value, dict):
        raise ValueError("the document is no object")
    return value


def _items(value: Any) -> Iterable[Document]:
    if not isinstance(value, list | None):
        raise ValueError("a list is expected")
    for each in value or ():
        if not isinstance(each, dict):
            raise ValueError("a list of objects is expected")
        yield each


def _text(item: Document, word: str) -> str:
    value = item.get(word) or ""
    if not isinstance(value, str):
        raise ValueError(f"{word} is no text")
    return value


def _texts(item: Document, word: str) -> list[str]:
    value = item.get(word) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{word} is no list of texts")
    return value
