"""What a conversion webhook may answer: the objects that it was given, in the version that was asked for.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#response
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Unclassified
from sampan.core.model.rules.common.metadata import validate_annotations, validate_labels
from sampan.core.schema.go_words import value_type
from sampan.core.schema.refusal import aggregate

Wire = Mapping[str, Any]

REVIEW: Final = "ConversionReview"
SAME: Final = {"kind": "kind", "name": "name", "namespace": "namespace", "uid": "UID"}
"""What an object must keep, and what it is called where it does not."""


class ConversionFailed(Unclassified):
    """The webhook could not be asked, or its answer cannot be used."""


class Unusable(Exception):
    """What is wrong with an answer, without whose it is."""


def objects_of(answer: Any, uid: str, review: str, objects: Sequence[Wire], wanted: str) -> list[dict[str, Any]]:
    """The converted objects, with the metadata that they may have. Raises `Unusable`."""
    made = _response(answer, uid, review).get("convertedObjects") or []
    if len(made) != len(objects):
        raise Unusable(f"returned {len(made)} objects, expected {len(objects)}")
    return [_checked(before, after, wanted) for before, after in zip(objects, made, strict=True)]


def _response(answer: Any, uid: str, review: str) -> Wire:
    if not isinstance(answer, Mapping):
        raise Unusable("failed: the answer is no object")
    given = f"{answer.get('apiVersion', '')}, Kind={answer.get('kind', '')}"
    if given != f"{review}, Kind={REVIEW}":
        raise Unusable(f"failed: expected webhook response of {review}, Kind={REVIEW}, got {given}")
    response = answer.get("response")
    if not isinstance(response, Mapping):
        raise Unusable("failed: no response provided")
    if response.get("uid") != uid and review.endswith("/v1"):
        raise Unusable(f'failed: expected response.uid="{uid}", got "{response.get("uid") or ""}"')
    result = response.get("result") or {}
    status = result.get("status") or "" if isinstance(result, Mapping) else ""
    if status != "Success":
        words = result.get("message") if isinstance(result, Mapping) else ""
        raise Unusable(f"failed: {words or _not_success(status)}")
    return response


def _not_success(status: str) -> str:
    return f"response.result.status was '{status}', not 'Success'"


def _checked(before: Wire, after: Any, wanted: str) -> dict[str, Any]:
    """A webhook may change everything but what the object is, and of its metadata the labels and annotations."""
    if not isinstance(after, Mapping):
        raise Unusable("returned invalid object at index 0: not an object")
    if (given := after.get("apiVersion") or "") != wanted:
        raise Unusable(
            f"returned invalid object at index 0: invalid groupVersion (expected {wanted}, received {given})"
        )
    if (kind := after.get("kind") or "") != before["kind"]:
        raise Unusable(f"returned invalid object at index 0: invalid kind (expected {before['kind']}, received {kind})")
    meta = after.get("metadata")
    for field, called in SAME.items():
        is_own = field == "kind"
        old = before[field] if is_own else before["metadata"].get(field) or ""
        new = kind if is_own else (meta.get(field) or "" if isinstance(meta, Mapping) else "")
        if new != old:
            raise Unusable(f"returned invalid object: must have the same {called}: {old} != {new}")
    if not isinstance(meta, Mapping):
        words = "missing metadata" if "metadata" not in after else f"invalid metadata of type {value_type(meta)}"
        raise Unusable(f"returned invalid metadata: {words} in converted object")
    return {**after, "metadata": _metadata(before["metadata"], meta)}


def _metadata(before: Wire, after: Wire) -> dict[str, Any]:
    kept = {name: value for name, value in before.items() if name not in ("labels", "annotations")}
    for field, validate in (("labels", validate_labels), ("annotations", validate_annotations)):
        given = after.get(field)
        if given is None:
            continue
        if not isinstance(given, Mapping):
            words = f"invalid metadata.{field} of type {value_type(given)} in converted object"
            raise Unusable(f"returned invalid metadata: {words}")
        for name, value in given.items():
            if not isinstance(value, str):
                words = f"metadata.{field}[{name}] must be a string, but is {value_type(value)} in converted object"
                raise Unusable(f"returned invalid metadata: {words}")
        if given != before.get(field) and (causes := validate(given, f"metadata.{field}")):
            raise Unusable(f"returned invalid metadata: {aggregate(causes)}")
        kept[field] = dict(given)
    return kept
