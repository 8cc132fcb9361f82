"""JSON patch (RFC 6902), as lenient and as strict as kube-apiserver.

The ``jsonpatch`` library applies the operations; what differs from it is what Kubernetes' Go library does: ``replace`` of
a missing field of an object adds it, and ``test`` for null holds where nothing is. Any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jsonpatch
import jsonpointer
import orjson

from sampan.core.errors import BadRequest, Invalid, TooLarge
from sampan.core.schema.copying import copied, own_copy
from sampan.core.schema.go_words import json_word

MAX_OPERATIONS: Final = 10_000
MAX_COPIED: Final = 3 * 1024 * 1024
"""Bytes (as JSON) that all ``copy`` operations of a patch may add: each can double what there is."""
OPERATIONS: Final = ("add", "remove", "replace", "move", "copy", "test")
_MISSING: Final = object()


TEST_FAILED = "test failed"


class RefusedPatch(Invalid):
    """A patch that cannot be applied to the object as it is: Kubernetes answers 422 without saying more.

    ``why`` is what its library says, which policies pass on.
    """

    why: str = ""
    of_test: bool = False
    """An operation ``test`` has found another value."""

    def to_status(self) -> dict[str, Any]:
        return {"details": {}} | super().to_status()


def apply_json_patch(original: Mapping[str, Any], operations: Any) -> Any:
    """A changed copy of ``original``; all operations apply or none.

    Raises `BadRequest` where ``operations`` is not a list of objects, `TooLarge` for more than `MAX_OPERATIONS`, and
    `RefusedPatch` for one that fails.
    """
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        is_list = isinstance(operations, list)
        word = json_word(next(each for each in operations if not isinstance(each, dict)) if is_list else operations)
        raise BadRequest(
            f"error decoding patch: json: cannot unmarshal {word} into Go value of type []handlers.jsonPatchOp"
        )
    if len(operations) > MAX_OPERATIONS:
        raise TooLarge(f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}")
    patched: Any = own_copy(original)
    last: Mapping[str, Any] = {}
    added = 0
    try:
        for operation in operations:
            if operation.get("op") == "copy":
                operation = _as_addition(patched, operation)
                added += len(orjson.dumps(operation["value"]))
                if added > MAX_COPIED:
                    raise _too_much(added)
            last = operation
            patched = _apply(patched, operation)
    except RefusedPatch:
        raise
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        LookupError,
        ValueError,
    ) as error:
        refused = RefusedPatch("the server rejected our request due to an error in our request")
        refused.why = _why(patched, last)
        refused.of_test = refused.why.endswith(TEST_FAILED)
        raise refused from error
    return patched


def _too_much(size: int) -> RefusedPatch:
    said = f"Unable to complete the copy, the accumulated size increase of copy is {size}"
    return RefusedPatch(f"{said}, exceeding the limit {MAX_COPIED}")


def _apply(value: Any, operation: Mapping[str, Any]) -> Any:
    """One operation, in place where it can be."""
    name = operation.get("op")
    if name == "replace" and isinstance(_parent(value, operation), dict):
        operation = {**operation, "op": "add"}
    elif name == "test" and operation.get("value") is None and _is_nothing(value, operation):
        return value
    return jsonpatch.apply_patch(value, [operation], in_place=True)


def _why(value: Any, operation: Mapping[str, Any]) -> str:
    """What Go's library says of an operation that fails, where it is one of the usual ways; else nothing."""
    name, path = operation.get("op"), str(operation.get("path"))
    if name not in OPERATIONS:
        return f"Unexpected kind: {name or 'unknown'}"
    try:
        holder, key = _holder(value, operation), jsonpointer.JsonPointer(path).parts[-1]
    except (jsonpointer.JsonPointerException, LookupError, TypeError):
        return ""
    if holder is None:
        quoted = path if name in ("replace", "test") else f'"{path}"'
        lacks = "is missing path" if name == "test" else "doc is missing path"
        return f"{name} operation does not apply: {lacks}: {quoted}: missing value"
    if name == "test":
        return f"testing value {path} failed: {TEST_FAILED}"
    if name == "remove" and isinstance(holder, dict):
        return f"error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value"
    if name == "replace":
        return f"replace operation does not apply: doc is missing key: {path}: missing value"
    if isinstance(holder, list) and key.lstrip("-").isdigit():
        words = f"Unable to access invalid index: {key}: invalid index referenced"
        return f"error in {name} for path: '{path}': {words}"
    return ""


def _as_addition(value: Any, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a copy adds. A field that an object does not have is copied as ``null``."""
    source = jsonpointer.JsonPointer(operation["from"])
    if not source.parts:
        raise jsonpatch.JsonPatchConflict("the whole document cannot be copied into itself")
    holder, key = source.to_last(value)
    found = holder.get(key) if isinstance(holder, dict) else source.resolve(value)
    return {"op": "add", "path": operation["path"], "value": copied(found)}


def _parent(value: Any, operation: Mapping[str, Any]) -> Any:
    """What holds the operation's target; None for the whole document."""
    pointer = jsonpointer.JsonPointer(operation["path"])
    return pointer.to_last(value)[0] if pointer.parts else None


def _is_nothing(value: Any, operation: Mapping[str, Any]) -> bool:
    """Whether ``null`` or nothing is there. A place behind a list's end is no place."""
    if jsonpointer.JsonPointer(operation["path"]).resolve(value, _MISSING) is not _MISSING:
        return jsonpointer.JsonPointer(operation["path"]).resolve(value) is None
    return not isinstance(_holder(value, operation), list)


def _holder(value: Any, operation: Mapping[str, Any]) -> Any:
    """What would hold the target; ``None`` where that is not there either."""
    pointer = jsonpointer.JsonPointer(operation["path"])
    return jsonpointer.JsonPointer.from_parts(pointer.parts[:-1]).resolve(value, None) if pointer.parts else None
