"""DELETE: finalizers, grace, preconditions, propagation; and deletecollection, which is many of them.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and the generic registry's ``Store.Delete`` have the
rules. Dependents are the garbage collector's work: here they only leave a finalizer for it. On the API server's loop.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from sampan.core.api.operations.metadata import is_deleting
from sampan.core.api.operations.pipeline import Call, MutableWire, Outcome, Pipeline, Wire
from sampan.core.api.operations.read import Listed, list_page
from sampan.core.api.options import DeleteOptions, ListOptions
from sampan.core.api.selectors import Selection
from sampan.core.classes import frozen
from sampan.core.errors import Conflict, NotFound
from sampan.core.model.kinds import KindInfo
from sampan.core.schema.copying import own_copy
from sampan.core.schema.scalars import format_time
from sampan.core.store.contract import KeyValue
from sampan.core.store.entry import Entry

ATTEMPTS: Final = 10
EVERYTHING: Final = 2**31
"""A page that all objects fit into."""
ORPHAN: Final = "orphan"
LAST_MOMENT: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
FOREGROUND: Final = "foregroundDeletion"


@frozen
class Verdict:
    """What a delete does to an object: ``obj`` is its next state (``None``: unchanged), ``remove`` whether it goes."""

    obj: MutableWire | None
    remove: bool


async def delete(
    pipeline: Pipeline, call: Call, options: DeleteOptions, *, admitted: bool = False, of_many: bool = False
) -> Outcome:
    """Delete one object. Raises `NotFound`, `Conflict` for preconditions, and what admission refuses with.

    ``admitted``: it has been asked already, about what leads to this. ``of_many``: no single object was named.
    """
    if damaged := call.served.damaged(call.namespace, call.name):
        return await _remove_damaged(pipeline, call, damaged, dry_run=options.dry_run)
    old: Entry | None = await pipeline.current(call)
    for _ in range(ATTEMPTS):
        if old is None:
            raise call.not_found()
        check_preconditions(call, old, options)
        if not admitted:
            request = pipeline.admission(call, "DELETE", None, old.wire, dry_run=options.dry_run, options=options.told)
            if of_many:
                request.name = ""
            await pipeline.gates.mutate(request)
            await pipeline.gates.validate(request)
        verdict = decide(call.served.info, old.wire, options, pipeline.clock())
        try:
            return await _carry_out(pipeline, call, old, verdict, options)
        except (Conflict, NotFound) as exc:
            if exc.kind:
                raise
            old = await pipeline.reload(call.served, old)
    raise Conflict(f"{call.served.info.resource} {call.name!r} is being changed too often to be deleted")


async def _remove_damaged(pipeline: Pipeline, call: Call, damaged: KeyValue, *, dry_run: bool) -> Outcome:
    """What nobody can read goes at once: there are no finalizers, no grace and no preconditions to be seen."""
    if not dry_run:
        await pipeline.store.delete(damaged.key, damaged.revision)
        await call.served.entries.fresh()
    return Outcome(status=success(call, {"metadata": {}}))


async def delete_collection(
    pipeline: Pipeline, call: Call, listing: ListOptions, selection: Selection, options: DeleteOptions
) -> Listed:
    """Delete what is listed; the objects as they were found. Raises what a list raises.

    Kubernetes lists in pages here too, so a version that is named is one of a page: that one and no other.
    """
    found = await list_page(pipeline, call, attrs.evolve(listing, limit=listing.limit or EVERYTHING), selection)
    for entry in found.page.entries:
        meta = entry.wire["metadata"]
        one = attrs.evolve(call, verb="delete", name=meta["name"], namespace=meta.get("namespace", ""))
        try:
            await delete(pipeline, one, options, of_many=True)
        except NotFound:
            continue  # someone else was faster
    return found


def check_preconditions(call: Call, old: Entry, options: DeleteOptions) -> None:
    """Raises `Conflict`, whose details name the kind, unlike all others."""
    meta = old.wire["metadata"]
    for word, wanted in (("UID", options.uid), ("ResourceVersion", options.resource_version)):
        own = meta["uid"] if word == "UID" else meta["resourceVersion"]
        if wanted is not None and wanted != own:
            info = call.served.info
            said = f"the {word} in the precondition ({wanted}) does not match the {word} in record ({own})."
            message = f'Operation cannot be fulfilled on {info.kind} "{call.name}": {said}'
            raise Conflict(f"{message} The object might have been deleted and then recreated",
                           kind=info.kind, group=info.group, name=call.name)  # fmt: skip


def decide(info: KindInfo, old: Wire, options: DeleteOptions, now: datetime) -> Verdict:
    """What becomes of ``old``. Pure."""
    obj: MutableWire = own_copy(old)
    is_first = not is_deleting(old)
    graceful, pending = _begin_grace(info, obj, options, now)
    if is_first:
        if not graceful:
            _mark(info, obj, now, 0)
        info.rules.begin_delete(obj)
    finalizers = _finalizers(info, obj, options)
    changed = is_first or graceful or finalizers != obj["metadata"].get("finalizers", [])
    _set_finalizers(obj, finalizers)
    if finalizers or not info.rules.may_be_removed(obj):
        return Verdict(obj if changed else None, remove=False)
    if pending:
        # Without grace left it should have gone with the write that marked it: somebody, or a crash, came between.
        return Verdict(obj if changed else None, remove=not obj["metadata"].get("deletionGracePeriodSeconds"))
    if graceful:
        waits = obj["metadata"].get("deletionGracePeriodSeconds", 0) > 0
        return Verdict(obj, remove=not waits)
    return Verdict(None, remove=True)


def _begin_grace(info: KindInfo, obj: MutableWire, options: DeleteOptions, now: datetime) -> tuple[bool, bool]:
    """(the object is marked or its grace shortened, it only waits for an earlier delete). Kubernetes' ``BeforeDelete``."""
    if not info.rules.graceful:
        return False, False
    meta = obj["metadata"]
    if not is_deleting(obj):
        _mark(info, obj, now, info.rules.grace_period(obj, options.grace_period))
        return True, False
    present = meta.get("deletionGracePeriodSeconds")
    if present is None:
        return False, False
    wanted = options.grace_period
    if wanted is not None and wanted < 0:
        wanted = 1
    if wanted is None or wanted >= present:
        return False, True
    begun = datetime.fromisoformat(meta["deletionTimestamp"]) - timedelta(seconds=present)
    meta["deletionTimestamp"] = format_time(later(begun, wanted))
    meta["deletionGracePeriodSeconds"] = wanted
    return True, False


def _mark(info: KindInfo, obj: MutableWire, now: datetime, grace: int) -> None:
    """Deleting changes what controllers do with the object, so its generation goes up."""
    meta = obj["metadata"]
    meta["deletionTimestamp"] = format_time(later(now, grace))
    meta["deletionGracePeriodSeconds"] = grace
    if meta.get("generation", 0) > 0 and info.rules.counts_deletion:
        meta["generation"] += 1


def later(moment: datetime, seconds: int) -> datetime:
    """No later than the calendar goes."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return LAST_MOMENT


def _finalizers(info: KindInfo, obj: Wire, options: DeleteOptions) -> list[str]:
    """The object's finalizers with the garbage collector's two as the propagation policy wants them."""
    present = list(obj["metadata"].get("finalizers", ()))
    policy = options.propagation
    if policy is None:
        if ORPHAN in present or FOREGROUND in present:
            return present
        policy = "Orphan" if info.orphans_by_default else "Background"
    others = [each for each in present if each not in (ORPHAN, FOREGROUND)]
    if policy == "Orphan":
        return [*others, ORPHAN]
    if policy == "Foreground":
        return [*others, FOREGROUND]
    return others


def _set_finalizers(obj: MutableWire, finalizers: list[str]) -> None:
    if finalizers:
        obj["metadata"]["finalizers"] = finalizers
    else:
        obj["metadata"].pop("finalizers", None)


async def _carry_out(pipeline: Pipeline, call: Call, old: Entry, verdict: Verdict, options: DeleteOptions) -> Outcome:
    dry_run = options.dry_run
    served = call.served
    entry = old
    if verdict.obj is not None:
        if dry_run:
            entry = pipeline.not_stored(served, old.key, verdict.obj, old.revision)
        else:
            entry = await pipeline.replace(served, old, verdict.obj)
    if not verdict.remove:
        return Outcome(entry=entry, code=202 if options.keeps_none else 200)
    if not dry_run:
        await pipeline.remove(served, entry)
    if served.info.delete_answers_object:
        return Outcome(entry=entry)
    return Outcome(status=success(call, entry.wire))


def success(call: Call, obj: Wire) -> dict[str, object]:
    """The ``Status`` of a delete that has taken effect."""
    info = call.served.info
    details = {"name": call.name, "group": info.group, "kind": info.plural, "uid": obj["metadata"].get("uid", "")}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
