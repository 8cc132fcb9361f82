"""PATCH: JSON patch, merge patch and strategic merge patch onto the present object; server-side apply is `apply`.

The patching itself is the schema's; here it is done on the newest object, again where another writer was faster. Called by
both transports, on the API server's loop.
"""

from __future__ import annotations

from sampan.core.api.operations import metadata
from sampan.core.api.operations.apply import apply
from sampan.core.api.operations.pipeline import Call, MutableWire, Outcome, Pipeline
from sampan.core.api.operations.update import change, check_name, nameless
from sampan.core.api.options import WriteOptions
from sampan.core.api.problems import NoConsumer
from sampan.core.errors import UnsupportedMediaType
from sampan.core.schema.patch import APPLY_YAML, patch_object, patch_types
from sampan.core.store.entry import Entry


async def patch(pipeline: Pipeline, call: Call, raw: bytes, media_type: str, options: WriteOptions) -> Outcome:
    """Apply the patch ``raw`` to the object. Raises `UnsupportedMediaType` for a type that the kind has not."""
    check_type(call, media_type)
    if media_type == APPLY_YAML:
        return await apply(pipeline, call, raw, options)

    async def wanted(old: Entry) -> MutableWire:
        return patched(call, old, raw, media_type, options)

    return Outcome(entry=await change(pipeline, call, wanted, options))


def check_type(call: Call, media_type: str) -> None:
    offered = patch_types(call.served.resource)
    if media_type not in offered:
        if call.served.resource.custom:
            words = (
                f"the body of the request was in an unknown format - accepted media types include: {', '.join(offered)}"
            )
            raise UnsupportedMediaType(words)
        raise NoConsumer


def patched(call: Call, old: Entry, raw: bytes, media_type: str, options: WriteOptions) -> MutableWire:
    """The object that the patch makes of ``old``. Raises `BadRequest` and `Invalid`."""
    decoded = patch_object(call.served.resource, old.wire, media_type, raw, options.field_validation)
    call.warnings.extend(decoded.problems)
    meta = metadata.place(decoded.value, call.served.info, call.namespace)
    if not meta.get("name"):
        raise nameless(call)
    check_name(call, meta["name"])
    return decoded.value
