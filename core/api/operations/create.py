"""POST: from a decoded object to a stored one.

In Kubernetes' order: defaults, mutating admission, defaults again, what the server sets, validation, validating admission,
store. Called by both transports, on the API server's loop.
"""

from __future__ import annotations

from sampan.core.api.catalog import Served
from sampan.core.api.operations import metadata
from sampan.core.api.operations.admission import mutate
from sampan.core.api.operations.alike import UNLIKE, alike, complete
from sampan.core.api.operations.expressions import compiled
from sampan.core.api.operations.managed import Writer, track
from sampan.core.api.operations.pipeline import Call, MutableWire, Outcome, Pipeline, exists_already
from sampan.core.api.operations.remarks import remarks
from sampan.core.api.options import WriteOptions
from sampan.core.api.storage import Posted
from sampan.core.errors import AlreadyExists, Forbidden, Unclassified
from sampan.core.model.rules.common.metadata import validate as validate_metadata
from sampan.core.schema.default import apply_defaults
from sampan.core.schema.refusal import invalid_object
from sampan.core.schema.resource import Resource
from sampan.core.schema.validate import validate
from sampan.core.store.entry import Entry

NAME_ATTEMPTS = 8
"""How often a generated name that is taken is made anew, as Kubernetes does."""


async def create(pipeline: Pipeline, call: Call, obj: MutableWire, options: WriteOptions) -> Outcome:
    """Store ``obj`` (decoded, not defaulted). Raises what the pipeline's gates and rules refuse with."""
    if isinstance(call.served.storage, Posted):
        return await call.served.storage.answer(pipeline, call, obj, options)
    info = call.served.info
    if call.served.closed:
        raise Forbidden(call.served.closed, kind=info.plural, group=info.group)
    meta = metadata.place(obj, info, call.namespace)
    wants_name = not meta.get("name") and bool(meta.get("generateName"))
    for attempt in range(NAME_ATTEMPTS):
        if wants_name:
            meta["name"] = metadata.generated_name(meta["generateName"])
        try:
            return Outcome(code=201, entry=await create_named(pipeline, call, obj, options))
        except AlreadyExists as taken:
            if not wants_name or attempt == NAME_ATTEMPTS - 1:
                raise _being_deleted(call, meta["name"], taken) from taken
    raise AssertionError("unreachable: the last attempt returns or raises")


async def create_named(
    pipeline: Pipeline, call: Call, obj: MutableWire, options: WriteOptions, writer: Writer | None = None
) -> Entry:
    """Everything after the name is known. ``obj`` is changed on the way; a later attempt may start from it."""
    served, resource = call.served, call.served.resource
    meta = obj["metadata"]
    metadata.wipe(meta)
    if repeated := metadata.without_repeated_owners(meta):
        call.warnings.append(metadata.owners_warning(repeated))
    key = alike(resource.struct, obj)
    complete(resource, obj, fill_defaults, key)
    track(served, obj, None, writer or Writer.of(call, options), pipeline.clock(), key)
    request = pipeline.admission(
        call, "CREATE", obj, None, dry_run=options.dry_run, name=meta.get("name", ""), options=options.told
    )
    obj = await mutate(pipeline, call, request)
    complete(resource, obj, fill_defaults, alike(resource.struct, obj) if key else UNLIKE)
    claimed = str(obj["metadata"].get("resourceVersion") or "")
    metadata.begin(obj["metadata"], resource.info, pipeline.clock())
    if resource.info.has_status and not resource.info.status_on_create and obj.pop("status", None) is not None:
        fill_defaults(resource, obj)
    resource.rules.prepare_create(obj)
    keeper = pipeline.keepers.get(resource.info.keeper)
    undo = await keeper.claim(obj, None, dry_run=options.dry_run) if keeper else _nothing
    try:
        check_new(pipeline, served, obj)
        await pipeline.gates.validate(request)
        call.warnings.extend(remarks(resource.info, obj, here=pipeline.without_effect))
        if not options.dry_run:
            _check_no_version(claimed)
        return await _put(pipeline, call, obj, claimed, dry_run=options.dry_run)
    except BaseException:
        await undo()
        raise
    finally:
        await request.end()


def fill_defaults(resource: Resource, obj: MutableWire) -> None:
    """The types' defaults, and then those that depend on other fields."""
    apply_defaults(resource.struct, obj)
    resource.rules.default(obj)


def check_new(pipeline: Pipeline, served: Served, obj: MutableWire) -> None:
    """Raises `Invalid` with everything that is wrong."""
    resource = served.resource
    meta = obj["metadata"]
    last, second = resource.rules.metadata_last, resource.rules.metadata_second
    causes = pipeline.unmarked_namespace(meta.get("namespace", ""), resource.rules.namespace_needs(obj, None))
    causes += [] if last or second else validate_metadata(meta, resource.info)
    causes += validate(resource.struct, obj)
    causes += resource.rules.validate(obj)
    causes += validate_metadata(meta, resource.info) if second else []
    causes += resource.rules.validate_create(obj)
    if last and not causes:
        causes = validate_metadata(meta, resource.info)
    if causes := compiled(causes):
        raise invalid_object(served.refusing, meta.get("name", ""), causes)


def _check_no_version(version: str) -> None:
    """Raises for an object that claims to be stored already. A version that is no number is passed over."""
    if version.isascii() and version.isdigit() and int(version[:20]):
        raise Unclassified("resourceVersion should not be set on objects to be created")


def _being_deleted(call: Call, name: str, taken: AlreadyExists) -> AlreadyExists:
    """The refusal, and why to try again where the object in the way is about to go."""
    there = call.served.entries.get(call.served.key(call.namespace, name))
    if there is None or not there.wire["metadata"].get("deletionTimestamp"):
        return taken
    return AlreadyExists(f"object is being deleted: {taken}", kind=taken.kind, group=taken.group, name=taken.name)


async def _put(pipeline: Pipeline, call: Call, obj: MutableWire, claimed: str, *, dry_run: bool) -> Entry:
    """``claimed`` is the version that the client wrote: that of an object which is not stored stays."""
    name = obj["metadata"]["name"]
    key = call.served.key(call.namespace, name)
    if not dry_run:
        return await pipeline.insert(call.served, key, obj)
    await call.served.entries.fresh()
    if call.served.entries.get(key) is not None:
        raise exists_already(call.served, name)
    shown = await call.served.storage.shown_again(obj)
    return pipeline.not_stored(call.served, key, shown, claimed=claimed)


async def _nothing() -> None:
    pass
