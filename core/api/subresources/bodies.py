"""Bodies of subresources that are objects of another kind (Scale, Binding, Eviction)."""

from __future__ import annotations

from typing import Any, Final

from sampan.core.api.operations.pipeline import Call, MutableWire
from sampan.core.api.operations.update import check_name
from sampan.core.api.request import Request
from sampan.core.errors import BadRequest
from sampan.core.schema.decode import FieldValidation, decode_body
from sampan.core.schema.default import apply_defaults
from sampan.core.schema.resource import Resource

OWN_WORDS: Final = ("binding", "eviction", "token")
"""Subresources that say themselves what is wrong with another name."""


async def read_object(request: Request, call: Call, resource: Resource, validation: FieldValidation) -> dict[str, Any]:
    """The body as a defaulted object of ``resource`` about the object that the path names. Raises `BadRequest`."""
    raw, media_type = await request.object_body(resource.struct)
    decoded = await request.workers.run_if_much(
        len(raw), media_type, decode_body, resource, raw, media_type=media_type, validation=validation
    )
    call.warnings.extend(decoded.problems)
    if request.trail is not None:
        request.trail.is_about(decoded.value)
    apply_defaults(resource.struct, decoded.value)
    check_place(call, decoded.value)
    return decoded.value


def check_place(call: Call, obj: MutableWire) -> None:
    """The body's namespace and name, where it gives them, are those of the path."""
    meta = obj.setdefault("metadata", {})
    if meta.get("namespace", call.namespace) != call.namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    if call.name and meta.get("name") and call.subresource not in OWN_WORDS:
        check_name(call, meta["name"])


def created() -> dict[str, Any]:
    """The answer to a Binding or an Eviction that was carried out."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
