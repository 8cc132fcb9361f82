"""PATCH, from the body of the request to a decoded object, for every patch type but server-side apply.

Called by the API server inside its retry loop: pure, so that it can be done again on a newer object. The errors are
kube-apiserver's: 400 for a body that cannot be read, 422 with the cause ``patch`` for a result that is no object of its
kind, 415 for a type that the kind does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import orjson

from sampan.core.errors import BadRequest, Invalid, UnsupportedMediaType
from sampan.core.model import causes
from sampan.core.schema.decode import (
    Decoded,
    FieldValidation,
    converter_problem,
    decode_value,
    json_problem,
    no_type_meta,
    strict_problem,
)
from sampan.core.schema.go_words import json_word, plus_v
from sampan.core.schema.json_patch import apply_json_patch
from sampan.core.schema.merge import merge_patch
from sampan.core.schema.parse import SyntaxProblem, duplicate_fields, parse_json
from sampan.core.schema.refusal import aggregate
from sampan.core.schema.resource import Resource
from sampan.core.schema.scalars import Mismatch
from sampan.core.schema.scheme import misfit
from sampan.core.schema.strategic import left_over, strategic_merge

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_YAML: Final = "application/apply-patch+yaml"
"""Server-side apply: `sampan.core.schema.apply`. Nothing here takes it."""
Shown = Callable[[], str]
"""Makes the value that the cause ``patch`` names: it is written for who is refused alone."""


def patch_object(
    resource: Resource, current: Mapping[str, Any], media_type: str, raw: bytes, validation: FieldValidation = "Warn"
) -> Decoded:
    """``current`` (a wire value with its resourceVersion) with the patch ``raw`` applied, decoded but not defaulted.

    Raises `BadRequest`, `Invalid`, `TooLarge` or `UnsupportedMediaType`.
    """
    if media_type not in patch_types(resource):
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join(patch_types(resource))
        )
    try:
        return _patched(resource, current, media_type, raw, validation)
    except RecursionError as error:
        raise BadRequest("exceeded max depth") from error


def _patched(
    resource: Resource, current: Mapping[str, Any], media_type: str, raw: bytes, validation: FieldValidation
) -> Decoded:
    where = "" if media_type == STRATEGIC_PATCH else "error decoding patch: "
    patch = _parse(raw, where)
    repeated: tuple[str, ...] = ()
    if patch is None and media_type == MERGE_PATCH:
        raise BadRequest("Invalid JSON Patch")
    if media_type == JSON_PATCH:
        patched = apply_json_patch(current, [] if patch is None else patch)
    else:
        patch = {} if patch is None else patch
        if not isinstance(patch, dict):
            word = json_word(patch)
            raise BadRequest(f"{where}json: cannot unmarshal {word} into Go value of type map[string]interface {{}}")
        repeated = (
            tuple(f'duplicate field "{path}"' for path in duplicate_fields(raw, patch))
            if validation != "Ignore"
            else ()
        )
        if media_type == STRATEGIC_PATCH:
            patched = strategic_merge(resource.struct, current, patch)
            shown = partial(_left_over, patch)
            return _decoded(resource, patched, shown, repeated, validation, strategic=True)
        patched = merge_patch(current, patch)
    shown = partial(_shown, patched, current, is_custom=resource.custom)
    return _decoded(resource, patched, shown, repeated, validation, strategic=False)


def _left_over(patch: Mapping[str, Any]) -> str:
    return plus_v(left_over(patch))


def _shown(patched: Any, current: Mapping[str, Any], *, is_custom: bool) -> str:
    if is_custom:  # an object without a class is a map to Go, which sorts it
        return orjson.dumps(patched, option=orjson.OPT_SORT_KEYS).decode()
    return orjson.dumps(_as_merged(patched, current)).decode()


def _as_merged(patched: Any, current: Any) -> Any:
    """The result with sorted keys wherever the patch has been: Go's patches leave all else as it was written."""
    if not isinstance(patched, dict) or patched == current:
        return patched
    before = current if isinstance(current, Mapping) else {}
    return {key: _as_merged(patched[key], before.get(key)) for key in sorted(patched)}


def patch_types(resource: Resource) -> tuple[str, ...]:
    """The patch types of a kind, in the order in which Kubernetes names them."""
    if resource.custom:
        return (JSON_PATCH, MERGE_PATCH, APPLY_YAML)
    return (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_YAML)


def _parse(raw: bytes, where: str) -> Any:
    try:
        return parse_json(raw)
    except SyntaxProblem as error:
        raise BadRequest(f"{where}{error}") from error


def _decoded(
    resource: Resource,
    patched: Any,
    shown: Shown,
    repeated: tuple[str, ...],
    validation: FieldValidation,
    *,
    strategic: bool,
) -> Decoded:
    """The patched value as an object of its kind."""
    if not isinstance(patched, dict):
        raise refused(shown, f"json: cannot unmarshal {json_word(patched)} into Go value of type {resource.info.kind}")
    if not strategic:  # which may name what it likes: Kubernetes knows from the path what is patched
        _check_type_meta(resource, patched, shown)
        if not patched.get("apiVersion"):
            return _of_no_version(patched, shown, validation)
    try:
        decoded = decode_value(resource, patched)
    except Mismatch as mismatch:
        raise refused(shown, converter_problem(mismatch) if strategic else json_problem(mismatch)) from mismatch
    if validation == "Ignore":
        return Decoded(decoded.value)
    problems = (*repeated, *(sorted(decoded.problems) if strategic else decoded.problems))
    if problems and validation == "Strict":
        raise refused(shown, strict_problem(problems))
    return Decoded(decoded.value, problems)


def _of_no_version(patched: Mapping[str, Any], shown: Shown, validation: FieldValidation) -> Decoded:
    """What Kubernetes reads of an object without an apiVersion: nothing, not even its name."""
    problems = tuple(f'unknown field "{key}"' for key in sorted(patched.keys() - {"kind", "apiVersion"}))
    if problems and validation == "Strict":
        raise refused(shown, strict_problem(problems))
    return Decoded({"metadata": {}}, problems if validation == "Warn" else ())


def _check_type_meta(resource: Resource, patched: Mapping[str, Any], shown: Shown) -> None:
    """The result must still say what it is. Raises `BadRequest` and `Invalid`."""
    about = resource.info
    if problem := no_type_meta(patched):
        raise refused(shown, f"couldn't get version/kind; json parse error: {problem}")
    kind, api_version = patched.get("kind") or about.kind, patched.get("apiVersion") or ""
    if (kind, api_version) == (about.kind, about.api_version):
        return
    if resource.custom:
        word, given = ("kind", kind) if kind != about.kind else ("apiVersion", api_version)
        raise refused(shown, f"the {word} of an object cannot be changed to {given!r}")
    if problem := misfit(about, kind, api_version or about.api_version):
        raise refused(shown, problem)


def refused(shown: Shown, problem: str) -> Invalid:
    """Kubernetes' error for a patch whose result is not an object of the kind."""
    cause = causes.invalid("patch", shown(), problem)
    return Invalid(f' "" is invalid: {aggregate([cause])}', causes=[cause])
