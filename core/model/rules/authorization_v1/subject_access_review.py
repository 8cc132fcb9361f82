"""SubjectAccessReview, and its forms for one namespace and for oneself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, required
from sampan.core.model.rules.common.reviews import without_metadata
from sampan.core.model.rules.common.selectors import validate_requirement, values_fit

Value = Mapping[str, Any]

ONE_OF_BOTH: Final = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
NOT_BOTH: Final = "cannot be specified in combination with resourceAttributes"


def validate_subject_access_review(obj: Value, path: str) -> list[Cause]:
    return _question(obj.get("spec") or {}, needs_user=True) + without_metadata(obj, "must be empty")


def validate_self_subject_access_review(obj: Value, path: str) -> list[Cause]:
    return _question(obj.get("spec") or {}, needs_user=False) + without_metadata(obj, "must be empty")


def validate_local_subject_access_review(obj: Value, path: str) -> list[Cause]:
    spec, namespace = obj.get("spec") or {}, (obj.get("metadata") or {}).get("namespace") or ""
    causes = _question(spec, needs_user=True)
    causes += without_metadata(obj, "must be empty except for namespace", "namespace")
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and (resource.get("namespace") or "") != namespace:
        where = "spec.resourceAttributes.namespace"
        causes.append(invalid(where, resource.get("namespace") or "", "must match metadata.namespace"))
    if other is not None:
        causes.append(invalid("spec.nonResourceAttributes", _as_kept(other), "disallowed on this kind of request"))
    return causes


def _question(spec: Value, *, needs_user: bool) -> list[Cause]:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    causes = []
    if resource is not None and other is not None:
        causes.append(invalid("spec.nonResourceAttributes", _as_kept(other), NOT_BOTH))
    if resource is None and other is None:
        causes.append(invalid("spec.resourceAttributes", None, ONE_OF_BOTH))
    if needs_user and not spec.get("user") and not spec.get("groups"):
        causes.append(invalid("spec.user", "", "at least one of user or group must be specified"))
    for word in ("fieldSelector", "labelSelector"):
        selector = (resource or {}).get(word)
        causes += _selector(selector, f"spec.resourceAttributes.{word}") if selector is not None else []
    return causes


def _as_kept(attributes: Value) -> Value:
    """The attributes under the names that Kubernetes' messages use."""
    return {"Path": attributes.get("path") or "", "Verb": attributes.get("verb") or ""}


def _selector(selector: Value, path: str) -> list[Cause]:
    raw, requirements = selector.get("rawSelector") or "", selector.get("requirements") or ()
    causes = []
    if raw and requirements:
        words = "may not specified at the same time as requirements"
        causes.append(invalid(f"{path}.rawSelector", raw, words))
    if not raw and not requirements:
        words = f"when {path} is specified, requirements or rawSelector is required"
        causes.append(required(f"{path}.requirements", words))
    for index, requirement in enumerate(requirements):
        causes += _requirement(requirement, f"{path}.requirements[{index}]", is_label=path.endswith("labelSelector"))
    return causes


def _requirement(requirement: Value, path: str, *, is_label: bool) -> list[Cause]:
    """Operators that are not known are let through: an authorizer ignores them."""
    if is_label:
        return validate_requirement(requirement, path, known_operators_only=False)
    key, operator, values = (requirement.get(word) or "" for word in ("key", "operator", "values"))
    causes = [] if key else [required(f"{path}.key", "must be specified")]
    return causes + values_fit(operator, values, f"{path}.values")
