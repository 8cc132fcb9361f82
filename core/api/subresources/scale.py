"""``scale``: a workload seen as a number, for kubectl scale and autoscalers.

The object's three paths (`sampan.core.model.kinds.Scale`) say where the numbers are, so it works for any kind. A write
goes through the same update as the object itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.api.catalog import Served
from sampan.core.api.operations import read
from sampan.core.api.operations.apply import apply_config, read_config
from sampan.core.api.operations.patch import check_type
from sampan.core.api.operations.pipeline import Call, MutableWire, Pipeline
from sampan.core.api.operations.update import change, check_name
from sampan.core.api.options import WriteOptions, write_options
from sampan.core.api.request import Request
from sampan.core.api.subresources.bodies import check_place, read_object
from sampan.core.api.subresources.contract import Plain
from sampan.core.api.subresources.status import READ_AND_WRITE
from sampan.core.classes import define
from sampan.core.errors import BadRequest, InternalError, Invalid, NotFound, Unclassified
from sampan.core.model.autoscaling_v1.scale import Scale as ScaleKind
from sampan.core.model.causes import negative
from sampan.core.model.kinds import Scale
from sampan.core.model.labels import wire_selector
from sampan.core.schema.applied import problems
from sampan.core.schema.jsonpath import first
from sampan.core.schema.nested import WrongType, integer_at, put_at, text_at
from sampan.core.schema.patch import APPLY_YAML, patch_object
from sampan.core.schema.refusal import invalid_object
from sampan.core.schema.resource import resource_of
from sampan.core.store.entry import Entry

SCALE = resource_of(ScaleKind)
UNSET_NUMBER: Final = -(2**31)
"""What a patch finds where a custom object has no number: one that leaves it is refused."""


@define(eq=False)
class ScaleSubresource(Plain):
    pipeline: Pipeline

    def belongs(self, served: Served) -> bool:
        return served.info.scale is not None

    def verbs(self, served: Served) -> frozenset[str]:
        return READ_AND_WRITE

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("autoscaling", "v1", "Scale")

    async def serve(self, request: Request, call: Call) -> None:
        if call.verb == "get":
            await request.answer(await read_scale(self.pipeline, call, request.query.get("resourceVersion", "")))
            return
        if call.verb == "update":
            entry = await self._replace(request, call)
        else:
            entry = await self._patch(request, call)
        await request.answer(scale_of(_paths(call), entry.wire))

    async def _replace(self, request: Request, call: Call) -> Entry:
        options = write_options(request.query, "UpdateOptions")
        wanted = await read_object(request, call, SCALE, options.field_validation)
        check_name(call, wanted["metadata"].get("name", ""))
        return await _replaced(self.pipeline, call, wanted, options)

    async def _patch(self, request: Request, call: Call) -> Entry:
        media_type = request.headers.content_type.partition(";")[0].strip().lower()
        check_type(call, media_type)
        options = write_options(request.query, "PatchOptions", applies=media_type == APPLY_YAML)
        raw = await request.body()
        if media_type == APPLY_YAML:
            return await self._apply(call, raw, options)

        async def scaled(old: Entry) -> MutableWire:
            paths = _paths(call)
            present = scale_of(paths, old.wire)
            if not _has_number(paths, old.wire):
                present["spec"]["replicas"] = UNSET_NUMBER
            decoded = patch_object(SCALE, present, media_type, raw, options.field_validation)
            check_place(call, decoded.value)
            if (decoded.value.get("spec") or {}).get("replicas") == UNSET_NUMBER:
                raise BadRequest(f'the spec replicas field "{paths.spec_replicas}" cannot be empty')
            return apply_scale(call, old, decoded.value)

        return await change(self.pipeline, call, scaled, options)

    async def _apply(self, call: Call, raw: bytes, options: WriteOptions) -> Entry:
        """An apply of the number alone, owned through this subresource."""
        config = read_config(call, SCALE.info, raw, options.field_validation)
        if said := next(problems(SCALE.struct, config), ""):
            raise Unclassified(f"failed to create typed patch object: {said}")
        outcome = await apply_config(self.pipeline, call, applied_scale(call, config), options)
        assert outcome.entry is not None, "an apply answers with an object"
        return outcome.entry


async def read_scale(pipeline: Pipeline, call: Call, resource_version: str = "") -> dict[str, Any]:
    """What an object's scale is. Raises `NotFound`, also for a kind that has none."""
    paths = _paths(call)
    entry = await read.get(pipeline, call, resource_version)
    scale = scale_of(paths, entry.wire)
    if call.served.resource.custom and not _has_number(paths, entry.wire):
        raise InternalError.because(f'the spec replicas field "{paths.spec_replicas}" does not exist')
    return scale


async def write_scale(
    pipeline: Pipeline, call: Call, wanted: Mapping[str, Any], options: WriteOptions
) -> dict[str, Any]:
    """Put a whole Scale in the place of the one there is; returns what it has become."""
    paths = _paths(call)
    entry = await _replaced(pipeline, call, wanted, options)
    return scale_of(paths, entry.wire)


def _paths(call: Call) -> Scale:
    """Where the kind's numbers are. Raises `NotFound` for one that has no scale."""
    paths = call.served.info.scale
    if paths is None:
        raise NotFound("the server could not find the requested resource")
    return paths


async def _replaced(pipeline: Pipeline, call: Call, wanted: Mapping[str, Any], options: WriteOptions) -> Entry:
    async def scaled(old: Entry) -> MutableWire:
        return apply_scale(call, old, wanted)

    return await change(pipeline, call, scaled, options)


def applied_scale(call: Call, config: Mapping[str, Any]) -> MutableWire:
    """A Scale's configuration as one of the object. Raises `Invalid` for a number below zero."""
    info, paths = call.served.info, _paths(call)
    kept = ("name", "namespace", "uid", "resourceVersion")
    meta = config.get("metadata") or {}
    made: MutableWire = {
        "apiVersion": info.api_version,
        "kind": info.kind,
        "metadata": {key: meta[key] for key in kept if key in meta},
    }
    replicas = (config.get("spec") or {}).get("replicas")
    if replicas is not None:
        if causes := negative("spec.replicas", replicas):
            raise _invalid(call, causes)
        set_number(made, paths, replicas)
    return made


def scale_of(paths: Scale, obj: Mapping[str, Any]) -> dict[str, Any]:
    """The Scale that an object shows. Raises `Unclassified` where something else than numbers and a selector lies there."""
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    try:
        replicas = integer_at(paths.spec_replicas, obj) or 0
        status: dict[str, Any] = {"replicas": integer_at(paths.status_replicas, obj) or 0}
        if selector := _selector_of(paths, obj):
            status["selector"] = selector
    except WrongType as error:
        raise Unclassified(str(error)) from error
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: obj["metadata"][key] for key in kept if key in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def apply_scale(call: Call, old: Entry, wanted: Mapping[str, Any]) -> MutableWire:
    """The object with the wanted number. Raises `Invalid` for a number below zero (a custom kind's own rules do so)."""
    replicas = wanted.get("spec", {}).get("replicas", 0)
    if not call.served.resource.custom and (causes := negative("spec.replicas", replicas)):
        raise _invalid(call, causes)
    obj: MutableWire = old.copy()
    set_number(obj, _paths(call), replicas)
    if version := wanted["metadata"].get("resourceVersion"):
        obj["metadata"]["resourceVersion"] = version
    else:
        obj["metadata"].pop("resourceVersion", None)
    return obj


def _invalid(call: Call, causes: Any) -> Invalid:
    return invalid_object(SCALE, call.name, causes)


def set_number(obj: MutableWire, paths: Scale, replicas: int) -> None:
    """Write the number that is wanted. Raises `Unclassified` where its path leads through something else than objects."""
    try:
        put_at(paths.spec_replicas, obj, replicas)
    except WrongType as error:
        raise Unclassified(str(error)) from error


def _selector_of(paths: Scale, obj: Mapping[str, Any]) -> str:
    """Custom kinds have a text there, built-in ones an object. Raises `WrongType`."""
    found = first(paths.selector, obj) if paths.selector else None
    return selector_text(found) if isinstance(found, dict) else text_at(paths.selector, obj)


def _has_number(paths: Scale, obj: Mapping[str, Any]) -> bool:
    return integer_at(paths.spec_replicas, obj) is not None


def selector_text(selector: Any) -> str:
    """A selector as clients pass it to lists: from text, a plain map or a LabelSelector."""
    if not selector:
        return ""
    if isinstance(selector, str):
        return selector
    if "matchLabels" in selector or "matchExpressions" in selector:
        return str(wire_selector(selector))
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
