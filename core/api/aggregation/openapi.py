"""Other servers' OpenAPI: their part of the whole v2 document, and where their v3 documents are.

A document is asked for again after half a minute, and kept as long as its server does not answer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from sampan.core.api.aggregation.link import Link, LinkFailed
from sampan.core.api.aggregation.registered import Extension
from sampan.core.api.service_endpoints import NoEndpoint
from sampan.core.classes import define

Document = dict[str, Any]

FRESH: Final = 30.0
V2, V3 = "/openapi/v2", "/openapi/v3"
_REFERENCE: Final = "#/definitions/"


@define
class KeptDocument:
    """A document of another server, as it was last; empty until it was had."""

    path: str
    body: bytes = b""
    _tag: str = ""
    _until: float = 0.0

    async def refresh(self, link: Link) -> bytes:
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + FRESH
            with contextlib.suppress(LinkFailed, NoEndpoint):
                found = await link.fetch(self.path, "application/json", self._tag)
                if found.code == 200:
                    self.body, self._tag = found.body, found.tag
        return self.body


def relative_url(body: bytes, extension: Extension) -> str:
    """Where the index says that the version's v3 document is; empty where it does not."""
    with contextlib.suppress(ValueError, AttributeError):
        found = orjson.loads(body).get("paths", {}).get(extension.path[1:], {}).get("serverRelativeURL")
        if isinstance(found, str) and found.startswith(f"{V3}{extension.path}"):
            return found
    return ""


def merge_v2(whole: Document, body: bytes, extension: Extension) -> None:
    """Add the version's paths, and the definitions that they need, to ``whole``.

    A definition that has another's name without being the same gets a name of its own. What cannot be read adds nothing.
    """
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        theirs = orjson.loads(body)
        paths = {path: item for path, item in theirs["paths"].items() if _is_within(path, extension.path)}
        definitions = theirs.get("definitions") or {}
        needed = {name: definitions[name] for name in _needed(paths, definitions)}
        present = whole.setdefault("definitions", {})
        names = {name: _name(name, value, present) for name, value in needed.items()}
        whole["paths"] |= _renamed(paths, names)
        present |= {names[name]: _renamed(value, names) for name, value in needed.items() if names[name] not in present}


def _is_within(path: str, root: str) -> bool:
    return path.rstrip("/") == root or path.startswith(f"{root}/")


def _needed(paths: Document, definitions: Mapping[str, Any]) -> list[str]:
    """The names of the definitions that are referred to, also by each other."""
    found: dict[str, None] = {}
    waiting: list[Any] = [paths]
    while waiting:
        for name in _references(waiting.pop()):
            if name in definitions and name not in found:
                found[name] = None
                waiting.append(definitions[name])
    return list(found)


def _references(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str) and reference.startswith(_REFERENCE):
                yield reference.removeprefix(_REFERENCE)
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _name(name: str, value: Any, present: Mapping[str, Any]) -> str:
    number, chosen = 1, name
    while chosen in present and present[chosen] != value and not _is_shared(name):
        number += 1
        chosen = f"{name}_v{number}"
    return chosen


def _is_shared(name: str) -> bool:
    """Kubernetes' own types are the same everywhere, however much a server's version says of them."""
    return name.startswith("io.k8s.apimachinery.")


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    made = {key: _renamed(each, names) for key, each in value.items()}
    reference = made.get("$ref")
    if isinstance(reference, str) and reference.startswith(_REFERENCE):
        name = reference.removeprefix(_REFERENCE)
        made["$ref"] = f"{_REFERENCE}{names.get(name, name)}"
    return made
