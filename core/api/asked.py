"""One in-process request: whether it may be, and what the audit log is told of it, as of one that comes over HTTPS.

Without an audit policy nothing is told, and this costs the authorization alone. On the API server's loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import attrs
import orjson

from sampan.core.api.access import Gates
from sampan.core.api.audit.auditor import Auditor, audit_id
from sampan.core.api.audit.trail import Trail
from sampan.core.api.operations.pipeline import Call
from sampan.core.api.request_info import selected_name
from sampan.core.api.responses import JSON_TYPE
from sampan.core.classes import define
from sampan.core.contracts.access import Attributes
from sampan.core.errors import ApiError
from sampan.core.model.kinds import KubeObject
from sampan.core.schema.codec import to_wire

T = TypeVar("T", bound=KubeObject)

HERE: Final = "127.0.0.1"
JSON: Final = "application/json"


@define
class Asked:
    """What is answered, for the audit log. (Tokens have nothing of their answer kept.)"""

    trail: Trail | None
    code: int = 200
    answered: KubeObject | None = None
    begun: bool = False

    def answer(self, obj: T, code: int = 200) -> T:
        self.answered, self.code = obj, code
        return obj

    def begin(self) -> None:
        """The answer lasts: its head goes out."""
        if self.trail is not None and not self.begun:
            self.begun = True
            self.trail.answers(self.code, [JSON_TYPE])


@asynccontextmanager
async def asked(
    gates: Gates, auditor: Auditor | None, call: Call, selectors: tuple[str, str] = ("", ""), body: Any = None
) -> AsyncIterator[Asked]:
    """Around the work. ``body`` is an object or a patch. Raises `Forbidden`."""
    attributes = call.attributes
    if any(selectors):
        labels, fields = selectors
        attributes = attrs.evolve(attributes, name=selected_name(fields), label_selector=labels, field_selector=fields)
    trail = auditor.follow(attributes, lambda: _came(attributes, call.agent)) if auditor is not None else None
    if trail is None:
        await gates.check(attributes)
        yield Asked(None)
        return
    trail.received()
    if body is not None:
        _tell_body(trail, body)
    told = Asked(trail)
    try:
        await gates.check(attributes, trail.decided)
        yield told
        told.begin()
        if told.answered is not None:
            trail.answers_with(orjson.dumps(to_wire(told.answered)))
    except ApiError as exc:
        trail.answers(exc.code)
        trail.says(exc.to_status())
        raise
    finally:
        trail.complete()


def _tell_body(trail: Trail, body: Any) -> None:
    wire = to_wire(body) if isinstance(body, KubeObject) else body
    trail.asks_with(orjson.dumps(wire), JSON)
    if isinstance(wire, Mapping):
        trail.is_about(wire)


def _came(attributes: Attributes, agent: str) -> dict[str, Any]:
    return {"auditID": audit_id(""), "requestURI": _path(attributes), "sourceIPs": [HERE], "userAgent": agent}


def _path(attributes: Attributes) -> str:
    """Where the same would be asked over HTTPS."""
    steps = ["/apis", attributes.group] if attributes.group else ["/api"]
    steps.append(attributes.version)
    if attributes.namespace:
        steps += ["namespaces", attributes.namespace]
    return "/".join(filter(None, (*steps, attributes.resource, attributes.name, attributes.subresource)))
