"""PATCH with an applied configuration: server-side apply, which creates what is not there.

https://kubernetes.io/docs/reference/using-api/server-side-apply/. Merging and ownership are the schema's; here it is
done on the newest object, again where another writer was faster, and refused in Kubernetes' words. Called by both
transports, on the API server's loop.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

from sampan.core.api.operations import metadata
from sampan.core.api.operations.create import create_named
from sampan.core.api.operations.managed import Writer, empty_object, without_managed, write_of
from sampan.core.api.operations.pipeline import Call, MutableWire, Outcome, Pipeline, Wire, conflict
from sampan.core.api.operations.update import ATTEMPTS, change, check_name, nameless
from sampan.core.api.options import WriteOptions
from sampan.core.errors import AlreadyExists, BadRequest, Cause, Conflict, NotFound, Unclassified
from sampan.core.model.kinds import KindInfo
from sampan.core.schema.applied import applied_fields, problems
from sampan.core.schema.apply import Conflicts, NotApplicable, Write
from sampan.core.schema.comparison import compare
from sampan.core.schema.decode import FieldValidation, converter_problem, decode_value
from sampan.core.schema.field_sets import EMPTY, FieldSet, difference, path_text, paths_of, union
from sampan.core.schema.go_words import json_word
from sampan.core.schema.granularity import NotAnItem
from sampan.core.schema.ownership import APPLY, Entries, Owner, decode, encode
from sampan.core.schema.parse import SyntaxProblem, parse_yaml
from sampan.core.schema.scalars import Mismatch
from sampan.core.store.entry import Entry

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL: Final = "kubectl"
"""The manager whose applies take over what ``kubectl apply`` from the client's side has left in that annotation."""


async def apply(pipeline: Pipeline, call: Call, raw: bytes, options: WriteOptions) -> Outcome:
    """Apply the YAML or JSON in ``raw`` to the object, or create it. Raises `Conflict` with a cause for every field."""
    config = read_config(call, call.served.info, raw, options.field_validation)
    return await apply_config(pipeline, call, config, options)


async def apply_config(pipeline: Pipeline, call: Call, config: Wire, options: WriteOptions) -> Outcome:
    """The same with a configuration that has been read."""
    writer = Writer.of(call, options, APPLY)

    async def wanted(old: Entry) -> MutableWire:
        return _applied(pipeline, call, config, old.wire, writer, options)

    for _ in range(ATTEMPTS):
        there = await call.served.current(call.namespace, call.name)
        if call.subresource or there is not None:
            try:
                return Outcome(entry=await change(pipeline, call, wanted, options, writer))
            except NotFound:
                if call.subresource or call.served.get(call.namespace, call.name) is not None:
                    raise
        else:
            try:
                return Outcome(code=201, entry=await _create(pipeline, call, config, writer, options))
            except AlreadyExists:
                continue  # another writer was faster
    raise conflict(call.served, call.name)


async def _create(pipeline: Pipeline, call: Call, config: Wire, writer: Writer, options: WriteOptions) -> Entry:
    await pipeline.gates.check(attrs.evolve(call, verb="create").attributes)
    obj = _applied(pipeline, call, config, empty_object(call.served.resource.struct, config), writer, options)
    meta = obj["metadata"]
    if not meta.get("name"):
        raise nameless(call)
    if uid := meta.get("uid"):
        said = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(call.served, call.name, said)
    if not options.dry_run:  # which shows what the client wrote
        meta.pop("resourceVersion", None)
    return await create_named(pipeline, call, obj, options, writer)


def read_config(call: Call, info: KindInfo, raw: bytes, validation: FieldValidation) -> dict[str, Any]:
    """The configuration, as it is written. Raises `BadRequest` for what is none, or none of this kind."""
    try:
        config, repeated = parse_yaml(raw)
    except SyntaxProblem as error:
        raise BadRequest(f"error decoding YAML: error converting YAML to JSON: {error}") from error
    if config is None:
        config = {}
    if not isinstance(config, dict):
        said = f"json: cannot unmarshal {json_word(config)} into Go value of type map[string]interface {{}}"
        raise BadRequest(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {said}")
    if (config.get("apiVersion"), config.get("kind")) != (info.api_version, info.kind):
        raise BadRequest(f"invalid object type: {_kind_text(config)}")
    meta = config.get("metadata")
    if isinstance(meta, Mapping) and meta.get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")
    if repeated and validation != "Ignore":
        said = "error converting YAML to JSON: yaml: unmarshal errors:\n  " + "\n  ".join(repeated)
        if validation == "Strict":
            raise BadRequest(f"error strict decoding YAML: {said}")
        call.warnings.append(said)
    return config


def _applied(
    pipeline: Pipeline, call: Call, config: Wire, old: Wire, writer: Writer, options: WriteOptions
) -> MutableWire:
    """The object that the configuration makes of ``old``, with everybody's fields."""
    live = without_managed(old)
    write = write_of(call.served, writer, live, config, pipeline.clock())
    try:
        entries = decode(old["metadata"].get("managedFields") or ())
    except ValueError as error:
        raise Unclassified(f"failed to decode managed fields: {error}") from error
    try:
        merged, made = _apply(write, live, config, entries, force=options.force)
    except NotApplicable as error:
        raise Unclassified(f"failed to create typed patch object ({_object_text(config)}): {error}") from error
    except NotAnItem as error:
        raise Unclassified(f"failed to create typed live object ({_object_text(config)}): {error}") from error
    except Conflicts as conflicts:
        raise conflicting(conflicts.found) from conflicts
    obj = _decoded(call, config, live if merged is None else merged)
    meta = obj["metadata"]
    if meta.get("name"):
        check_name(call, meta["name"])
    metadata.place(obj, call.served.info, call.namespace)
    if encoded := encode(made):
        meta["managedFields"] = encoded
    if writer.manager == KUBECTL and meta.get("annotations", {}).get(LAST_APPLIED):
        meta["annotations"][LAST_APPLIED] = last_applied_text(config)
    return obj


def _apply(write: Write, live: Wire, config: Wire, entries: Entries, *, force: bool) -> tuple[Wire | None, Entries]:
    """An apply; kubectl's goes over fields that its annotation says it had applied from the client's side."""
    try:
        return write.applied(live, config, entries, force=force)
    except Conflicts as conflicts:
        allowed = client_applied(write, live) if write.owner.manager == KUBECTL else EMPTY
        rest = {owner: left for owner, fields in conflicts.found.items() if (left := difference(fields, allowed))}
        if rest:
            raise Conflicts(rest) from conflicts
    return write.applied(live, config, entries, force=True)


def client_applied(write: Write, live: Wire) -> FieldSet:
    """What ``kubectl apply`` has applied from the client's side and nobody has changed since."""
    kind = write.versions.type_of(write.version)
    text = live["metadata"].get("annotations", {}).get(LAST_APPLIED)
    try:
        config = json.loads(text) if text else None
    except ValueError:
        return EMPTY
    if kind is None or not isinstance(config, dict) or config.get("apiVersion") != write.version:
        return EMPTY
    if any(problems(kind, config)):
        return EMPTY
    found = compare(kind, config, live)
    changed = union(union(found.modified, found.added), found.removed)
    return difference(applied_fields(kind, config), changed)


def last_applied_text(config: Wire) -> str:
    """The annotation as kubectl writes it: without itself, keys sorted, as Go's encoder writes JSON."""
    meta = dict(config.get("metadata") or {})
    meta["annotations"] = {key: text for key, text in (meta.get("annotations") or {}).items() if key != LAST_APPLIED}
    text = json.dumps({**config, "metadata": meta}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return f"{text}\n"


def _decoded(call: Call, config: Wire, merged: Wire) -> MutableWire:
    try:
        value: MutableWire = decode_value(call.served.resource, merged).value
    except Mismatch as mismatch:
        said = f"unable to convert unstructured object to {_kind_text(config)}: {converter_problem(mismatch)}"
        raise Unclassified(
            f"failed to convert new object ({_object_text(config)}) to proper version: {said}"
        ) from mismatch
    except RecursionError as error:
        raise BadRequest("exceeded max depth") from error
    value.setdefault("metadata", {})
    return value


def conflicting(found: Mapping[Owner, FieldSet]) -> Conflict:
    """Kubernetes' error for an apply: a cause for each field that somebody else owns."""
    by_owner = {_owner_text(owner): [path_text(path) for path in paths_of(found[owner])] for owner in sorted(found)}
    causes = [
        Cause("FieldManagerConflict", f"conflict with {owner}", path)
        for owner, paths in by_owner.items()
        for path in paths
    ]
    if len(causes) == 1:
        return Conflict(f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}", causes=causes)
    lines = []
    for owner, paths in by_owner.items():
        lines += [f"conflicts with {owner}:", *(f"- {path}" for path in paths)]
    return Conflict(f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines), causes=causes)


def _owner_text(owner: Owner) -> str:
    said = json.dumps(owner.manager, ensure_ascii=False)
    if owner.subresource:
        said += f" with subresource {json.dumps(owner.subresource)}"
    return said if owner.applies else f"{said} using {owner.version}"


def _object_text(config: Wire) -> str:
    """``namespace/name; group/version, Kind=Kind``, as Go prints an object."""
    meta = config.get("metadata")
    named = meta if isinstance(meta, Mapping) else {}
    return f"{named.get('namespace') or ''}/{named.get('name') or ''}; {_kind_text(config)}"


def _kind_text(config: Wire) -> str:
    version = str(config.get("apiVersion") or "")
    return f"{version if '/' in version else f'/{version}'}, Kind={config.get('kind') or ''}"
