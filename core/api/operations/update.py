"""PUT, and the common end of every PATCH: from a changed object to a stored one.

An update is a function of the present object, tried again where another writer was faster and the client did not say
which version it meant. Called by both transports, on the API server's loop.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

import attrs

from sampan.core.api.operations import metadata
from sampan.core.api.operations.admission import mutate
from sampan.core.api.operations.create import create_named, fill_defaults
from sampan.core.api.operations.expressions import compiled
from sampan.core.api.operations.managed import Writer, keep_times, track
from sampan.core.api.operations.pipeline import (
    Call,
    MutableWire,
    Outcome,
    Pipeline,
    Wire,
    conflict,
    needs_version,
)
from sampan.core.api.operations.remarks import remarks
from sampan.core.api.options import WriteOptions
from sampan.core.errors import BadRequest, Conflict, NotFound, Tolerated, Unclassified
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.metadata import validate_again as validate_metadata_again
from sampan.core.model.rules.common.metadata import validate_changes_again as recheck_metadata
from sampan.core.model.rules.common.metadata import validate_update as validate_metadata_update
from sampan.core.schema.copying import copied, own_copy
from sampan.core.schema.ratchet import new_causes
from sampan.core.schema.refusal import invalid_object
from sampan.core.schema.validate import validate, validate_update
from sampan.core.store.entry import Entry

ATTEMPTS = 10
"""How often a write without a version is tried again when others write the same object meanwhile."""

Change = Callable[[Entry], Awaitable[MutableWire]]
"""The present object → the wanted one (a new value; the entry's own must stay as it is)."""


async def update(pipeline: Pipeline, call: Call, obj: MutableWire, options: WriteOptions) -> Outcome:
    """Replace an object; a few kinds are created by it where there is none."""
    meta = metadata.place(obj, call.served.info, call.namespace)
    check_name(call, meta.get("name", ""))

    async def replaced(old: Entry) -> MutableWire:
        changed = own_copy(obj)
        _check_version(call, changed, old)
        return changed

    there = await call.served.current(call.namespace, call.name)
    if there is None and call.served.info.create_on_update and not call.subresource:
        await pipeline.gates.check(attrs.evolve(call, verb="create").attributes)
        meta.pop("resourceVersion", None)
        return Outcome(code=201, entry=await create_named(pipeline, call, obj, options))
    return Outcome(entry=await change(pipeline, call, replaced, options))


async def change(
    pipeline: Pipeline, call: Call, wanted: Change, options: WriteOptions, writer: Writer | None = None
) -> Entry:
    """Apply ``wanted`` to the object until no other writer comes between. Raises `NotFound`, `Conflict` …

    ``writer`` is who owns what it changes; left out, whoever calls.
    """
    writer = writer or Writer.of(call, options)
    old: Entry | None = await pipeline.current(call)
    for _ in range(ATTEMPTS):
        if old is None:
            raise call.not_found()
        obj = await wanted(old)
        if not obj["metadata"].get("name"):
            obj["metadata"]["name"] = call.name
        named = obj["metadata"].get("resourceVersion")
        if named and named != str(old.revision):
            _read_version(named)
            raise conflict(call.served, call.name)
        try:
            return await _change_once(pipeline, call, obj, old, options, writer)
        except (Conflict, NotFound) as exc:
            if exc.kind:
                raise  # refused, not outrun
            old = await pipeline.reload(call.served, old)
    raise conflict(call.served, call.name)


async def rewrite(
    pipeline: Pipeline, call: Call, wanted: Callable[[Entry], MutableWire], *, dry_run: bool = False
) -> Entry:
    """As `change`, for what the server itself writes: no admission, no rules for updates, no field manager."""
    old: Entry | None = await pipeline.current(call)
    for _ in range(ATTEMPTS):
        if old is None:
            raise call.not_found()
        obj = wanted(old)
        if dry_run:
            return pipeline.not_stored(call.served, old.key, obj, old.revision)
        try:
            return await pipeline.replace(call.served, old, obj)
        except (Conflict, NotFound):
            old = await pipeline.reload(call.served, old)
    raise conflict(call.served, call.name)


async def _change_once(
    pipeline: Pipeline, call: Call, obj: MutableWire, old: Entry, options: WriteOptions, writer: Writer
) -> Entry:
    """One attempt. A store's `Conflict` or `NotFound` (without details) means that another writer was faster."""
    served, resource, before = call.served, call.served.resource, old.wire
    old_meta = before["metadata"]
    obj["metadata"]["resourceVersion"] = str(old.revision)
    _keep_spec(obj, before, call)
    if repeated := metadata.without_repeated_owners(obj["metadata"]):
        call.warnings.append(metadata.owners_warning(repeated, admitted=call.verb != "update"))
    fill_defaults(resource, obj)
    track(served, obj, before, writer, pipeline.clock())
    request = pipeline.admission(call, "UPDATE", obj, before, dry_run=options.dry_run, options=options.told)
    obj = await mutate(pipeline, call, request)
    check_name(call, obj["metadata"].get("name", ""))
    _keep_spec(obj, before, call)
    fill_defaults(resource, obj)
    metadata.carry_over(obj["metadata"], old_meta)
    _keep_other_half(obj, before, call)
    resource.rules.prepare_update(obj, before, call.subresource)
    _bump_generation(call, obj, before)
    keeper = None if call.subresource else pipeline.keepers.get(resource.info.keeper)
    undo = await keeper.claim(obj, before, dry_run=options.dry_run) if keeper else _nothing
    try:
        check_changed(pipeline, call, obj, before)
        await pipeline.gates.validate(request)
        call.warnings.extend(remarks(resource.info, obj, before, call.subresource, pipeline.without_effect))
        keep_times(obj, before)
        if options.dry_run:
            return pipeline.not_stored(served, old.key, await served.storage.shown_again(obj), old.revision)
        entry = await _store(pipeline, call, obj, old)
    except BaseException:
        await undo()
        raise
    finally:
        await request.end()
    if keeper:
        await keeper.settle(entry.wire, before)
    return entry


async def _store(pipeline: Pipeline, call: Call, obj: MutableWire, old: Entry) -> Entry:
    """Write, or remove an object that was only waiting for its last finalizer."""
    meta = obj["metadata"]
    done = metadata.is_deleting(obj) and not meta.get("finalizers") and not meta.get("deletionGracePeriodSeconds")
    if done and old.wire["metadata"].get("finalizers") and call.served.info.rules.may_be_removed(obj):
        await pipeline.remove(call.served, old)
        return pipeline.not_stored(call.served, old.key, obj, old.revision)
    return await pipeline.replace(call.served, old, obj)


def nameless(call: Call) -> BadRequest:
    """A patch that takes the name away, or an apply that creates and gives none."""
    return BadRequest(f"the name of the object ({call.name} based on URL) was undeterminable: name must be provided")


def check_name(call: Call, name: str) -> None:
    if name != call.name:
        if not name:
            raise nameless(call)
        raise BadRequest(f"the name of the object ({name}) does not match the name on the URL ({call.name})")


def _check_version(call: Call, obj: MutableWire, old: Entry) -> None:
    """The resourceVersion and uid that a PUT names must be the object's own."""
    meta = obj["metadata"]
    uid, own = meta.get("uid"), old.wire["metadata"]["uid"]
    if uid and uid != own:
        said = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {own}"
        raise conflict(call.served, call.name, said)
    if not meta.get("resourceVersion") and not call.served.info.unconditional_update:
        raise needs_version(call.served, call.name)
    if version := meta.get("resourceVersion"):
        _read_version(version)
    if meta.get("resourceVersion") == "0":
        del meta["resourceVersion"]


def _read_version(version: str) -> None:
    if not (version.isascii() and version.isdigit()):
        raise Unclassified(f"strconv.ParseUint: parsing {json.dumps(version, ensure_ascii=False)}: invalid syntax")


def _keep_spec(obj: MutableWire, old: Wire, call: Call) -> None:
    """A spec that is left away is an empty one, as with Go's structs: the rules say what it lacks."""
    if obj.get("spec") is None and isinstance(old.get("spec"), Mapping) and not call.served.resource.custom:
        obj["spec"] = {}


def _keep_other_half(obj: MutableWire, old: Wire, call: Call) -> None:
    """A write of the object leaves its status alone, and one of its status everything else but some metadata."""
    if not call.served.info.has_status:
        return
    if call.subresource == "":
        _copy_field(obj, old, "status")
    elif call.subresource == "status":
        for field in {*obj, *old} - {"metadata", "status", "kind", "apiVersion"}:
            _copy_field(obj, old, field)
        for word in call.served.info.rules.status_keeps:
            _copy_field(obj["metadata"], old["metadata"], word)


def _copy_field(obj: MutableWire, old: Wire, field: str) -> None:
    if field in old:
        obj[field] = copied(old[field])
    else:
        obj.pop(field, None)


def _bump_generation(call: Call, obj: MutableWire, old: Wire) -> None:
    info = call.served.info
    if not info.has_generation or call.subresource == "status":
        return
    if info.rules.generation_input(obj) != info.rules.generation_input(old):
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def check_changed(pipeline: Pipeline, call: Call, obj: MutableWire, old: Wire) -> None:
    """Raises `Invalid` with everything that is wrong."""
    resource = call.served.resource
    of_status = call.subresource == "status"
    causes = validate_metadata_update(obj["metadata"], old["metadata"], resource.info, of_status=of_status)
    causes += pipeline.unmarked_namespace(call.namespace, resource.rules.namespace_needs(obj, old))
    wrong = validate(resource.struct, obj)
    again = validate_metadata_again(obj["metadata"], resource.info, of_status=of_status)
    rechecked = recheck_metadata(obj["metadata"], old["metadata"], resource.info, of_status=of_status)
    own = new_causes(resource.struct, obj, old, wrong) if wrong and resource.custom else wrong
    own += resource.rules.validate(obj)
    own = [cause for cause in own if resource.rules.concerns(cause, call.subresource)]
    of_change = validate_update(resource.struct, obj, old)
    of_change += resource.rules.validate_update(obj, old, call.subresource)
    if resource.rules.changes_first:
        causes += rechecked + of_change + again + own
    elif _again_is_first(resource.rules, of_status=of_status):
        causes += again + own + rechecked + of_change
    else:
        causes += rechecked + own + of_change
    call.warnings.extend(f"{each.field}: {each.message}" for each in causes if isinstance(each, Tolerated))
    if causes := compiled(each for each in causes if not isinstance(each, Tolerated)):
        raise invalid_object(call.served.refusing, call.name, causes)


def _again_is_first(rules: KindRules, *, of_status: bool) -> bool:
    """Whether the object is checked as a new one before what changed is looked at."""
    return bool(rules.revalidates_status if of_status else rules.revalidates_metadata)


async def _nothing() -> None:
    pass
