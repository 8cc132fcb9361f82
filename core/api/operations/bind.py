"""Putting a pod on a node: what the ``binding`` subresource does.

Called by the scheduler's in-process client and by the subresource, on the API server's loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from sampan.core.api.operations.pipeline import Call, MutableWire, Pipeline, conflict
from sampan.core.api.operations.update import rewrite
from sampan.core.api.options import WriteOptions
from sampan.core.errors import BadRequest, Conflict, Unclassified
from sampan.core.model.builtin import Binding
from sampan.core.model.causes import not_supported, required
from sampan.core.schema.refusal import aggregate
from sampan.core.schema.resource import resource_of
from sampan.core.schema.scalars import format_time
from sampan.core.store.entry import Entry

BINDING: Final = resource_of(Binding)


async def bind(
    pipeline: Pipeline,
    call: Call,
    node: str,
    *,
    uid: str = "",
    metadata: Mapping[str, Any] | None = None,
    options: WriteOptions | None = None,
) -> Entry:
    """Set ``spec.nodeName`` and the condition PodScheduled. ``metadata`` of a Binding adds labels and annotations.

    Raises `Conflict` for a pod that has a node, is being deleted, is gated, or is another than ``uid``.
    """
    dry_run = options is not None and options.dry_run
    binding = {"metadata": dict(metadata or {}), "target": {"kind": "Node", "name": node}}
    request = pipeline.admission(call, "CREATE", binding, None, dry_run=dry_run)
    await pipeline.gates.mutate(request)
    await pipeline.gates.validate(request)
    added = binding["metadata"]

    def bound(old: Entry) -> MutableWire:
        _check(call, old.wire, node, uid)
        obj: MutableWire = old.copy()
        obj["spec"]["nodeName"] = node
        obj.get("status", {}).pop("nominatedNodeName", None)  # a promise that is kept now, or was of another node
        for field in ("labels", "annotations"):
            if more := added.get(field):
                obj["metadata"][field] = {**obj["metadata"].get(field, {}), **more}
        _mark_scheduled(obj, format_time(pipeline.clock()))
        return obj

    return await rewrite(pipeline, call, bound, dry_run=dry_run)


async def bind_as_told(pipeline: Pipeline, call: Call, binding: Mapping[str, Any], options: WriteOptions) -> Entry:
    """`bind` with what a Binding says; it is about ``call.name``, or about the pod that it names itself."""
    target, meta = binding.get("target", {}), binding["metadata"]
    if call.name and meta.get("name") != call.name:
        raise BadRequest("name in URL does not match name in Binding object")
    check_target(target.get("kind", ""), target.get("name", ""))
    named = attrs.evolve(call, name=meta.get("name", ""))
    if not named.name:
        raise BadRequest("Name parameter required.")
    uid = meta.get("uid", "") if call.name else ""
    return await bind(pipeline, named, target["name"], uid=uid, metadata=meta, options=options)


def check_target(kind: str, node: str) -> None:
    """Raises `Unclassified` for a target that is no node: Kubernetes makes no Status of what is wrong here."""
    causes = []
    if kind not in ("", "Node"):
        causes.append(not_supported("target.kind", kind, ("Node", "<empty>")))
    if not node:
        causes.append(required("target.name"))
    if causes:
        raise Unclassified(aggregate(causes))


def _check(call: Call, pod: Mapping[str, Any], node: str, uid: str) -> None:
    own = pod["metadata"]["uid"]
    if uid and uid != own:
        where = f"Code: 4, Key: /pods/{call.namespace}/{call.name}, ResourceVersion: 0"
        said = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {own}"
        raise conflict(call.served, call.name, f"StorageError: invalid object, {where}, AdditionalErrorMsg: {said}")
    if pod["metadata"].get("deletionTimestamp"):
        raise _refused(call, f"pod {call.name} is being deleted, cannot be assigned to a host")
    if present := pod.get("spec", {}).get("nodeName"):
        raise _refused(call, f'pod {call.name} is already assigned to node "{present}"')
    if pod.get("spec", {}).get("schedulingGates"):
        raise _refused(call, f"pod {call.name} has non-empty .spec.schedulingGates")


def _refused(call: Call, said: str) -> Conflict:
    message = f'Operation cannot be fulfilled on pods/binding "{call.name}": {said}'
    return Conflict(message, kind="pods/binding", name=call.name)


def _mark_scheduled(pod: MutableWire, now: str) -> None:
    conditions = [each for each in pod.setdefault("status", {}).get("conditions", ()) if each["type"] != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    pod["status"]["conditions"] = [*conditions, scheduled]
