"""From a CustomResourceDefinition to the kinds that it stands for: one `Resource` for each version.

Called by the API server when a definition is established or changed. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import attrs

from sampan.core.classes import frozen
from sampan.core.errors import Cause
from sampan.core.model.causes import invalid
from sampan.core.model.conditions import holds_wire
from sampan.core.model.kinds import Json, JsonObject, KindInfo, KindRules, Scale
from sampan.core.model.rules.apiextensions_v1.field_path import split_path
from sampan.core.model.unstructured import unstructured
from sampan.core.schema.custom import columns_of, custom_resource
from sampan.core.schema.nested import WrongType, integer_at, text_at
from sampan.core.schema.ratchet import new_causes
from sampan.core.schema.resource import Resource
from sampan.core.schema.types import Struct
from sampan.core.schema.validate import validate

Value = Mapping[str, Any]

VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which Kubernetes' discovery names them for custom resources."""
MOST: Final = 2**31 - 1


@frozen(kw_only=True)
class CustomKind:
    """What a definition stands for. ``stored`` is the version that objects are stored in, ``served`` those to ask for."""

    name: str
    stored: Resource
    served: tuple[Resource, ...]
    versions: Mapping[str, Resource]
    """All that there are, by apiVersion: objects may be stored in any."""
    webhook: Value | None
    """What converts between the versions; ``None`` where only the apiVersion changes."""
    is_terminating: bool


class ScaleCause(Cause):
    """Something wrong at one of the paths of a scale."""


ObjectRules = Callable[[Value, Value | None], list[Cause]]
"""The causes that rules in CEL find in an object, and in its change from an old one."""
RulesOf = Callable[[Value], ObjectRules | None]
"""What makes them of a schema; ``None`` where it has none."""
BLOCKING: Final = (
    "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid",
)  # fmt: skip
"""Reasons with which an object is too wrong for its rules to be asked."""
NOT_CHECKED: Final = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete"
    " validation"
)


class CustomRules(KindRules):
    """What custom objects do beyond their types: a status and a scale like built-in kinds', where they have one."""

    any_finalizer = True

    def __init__(
        self,
        *,
        has_status: bool,
        scale: Scale | None,
        struct: Callable[[], Struct],
        rules: ObjectRules | None = None,
    ) -> None:
        self._has_status = has_status
        self._scale = scale
        self._struct = struct
        self._rules = rules

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        """A write of the status changes nothing else; of the metadata only who wrote what."""
        if subresource == "status":
            managed = obj["metadata"].get("managedFields")
            obj["metadata"] = {**old["metadata"], "resourceVersion": obj["metadata"].get("resourceVersion")}
            if managed is not None:
                obj["metadata"]["managedFields"] = managed

    def validate(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        return _scale_causes(self._scale, obj) if self._scale is not None else ()

    def concerns(self, cause: Cause, subresource: str) -> bool:
        """A write of the status is not refused for the number that is wanted."""
        is_wanted = (
            isinstance(cause, ScaleCause) and self._scale is not None and cause.field == self._scale.spec_replicas
        )
        return not (is_wanted and subresource == "status")

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        return self._run(obj, None)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return self._run(obj, old)

    def _run(self, obj: Value, old: Value | None) -> Iterable[Cause]:
        if self._rules is None:
            return ()
        wrong = validate(self._struct(), obj)
        if wrong and old is not None:
            wrong = new_causes(self._struct(), obj, old, wrong)
        if any(cause.reason in BLOCKING for cause in wrong):
            return (invalid("<nil>", None, NOT_CHECKED),)
        return self._rules(obj, old)

    def generation_input(self, obj: Mapping[str, Any]) -> Json:
        hidden = ("metadata", "status") if self._has_status else ("metadata",)
        return {name: value for name, value in obj.items() if name not in hidden}


def custom_kind(definition: Value, rules_of: RulesOf = lambda schema: None) -> CustomKind:
    """The kinds of a valid definition, by the names that were accepted."""
    spec = definition["spec"]
    resources = {version["name"]: (version, _resource(definition, version, rules_of)) for version in spec["versions"]}
    stored = next(resource for version, resource in resources.values() if version.get("storage"))
    conversion = spec.get("conversion") or {}
    return CustomKind(
        name=definition["metadata"]["name"],
        stored=stored,
        served=tuple(resource for version, resource in resources.values() if version.get("served")),
        versions={resource.info.api_version: resource for _, resource in resources.values()},
        webhook=conversion.get("webhook") if conversion.get("strategy") == "Webhook" else None,
        is_terminating=holds_wire(definition, "Terminating"),
    )


def _resource(definition: Value, version: Value, rules_of: RulesOf) -> Resource:
    spec = definition["spec"]
    names = {**spec["names"], **((definition.get("status") or {}).get("acceptedNames") or {})}
    subresources = version.get("subresources") or {}
    scale = _scale(subresources.get("scale"))
    has_status = subresources.get("status") is not None
    namespaced = spec["scope"] == "Namespaced"
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    made: list[Resource] = []
    rules = CustomRules(has_status=has_status, scale=scale, struct=lambda: made[0].struct, rules=rules_of(schema))
    info = KindInfo(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        namespaced=namespaced,
        verbs=VERBS,
        has_status=has_status,
        has_generation=True,
        scale=scale,
        columns=columns_of(version.get("additionalPrinterColumns") or ()),
        selectable_fields=tuple(_selectable(each["jsonPath"]) for each in version.get("selectableFields") or ()),
        unconditional_update=False,
        deprecation=_deprecation(spec["group"], names["kind"], version),
        rules=rules,
    )
    cls = unstructured(info.api_version, info.kind, info.plural, namespaced=namespaced)
    made.append(attrs.evolve(custom_resource(info, schema), cls=cls))
    return made[0]


def _scale(paths: Value | None) -> Scale | None:
    if paths is None:
        return None
    return Scale(
        spec_replicas=paths["specReplicasPath"],
        status_replicas=paths["statusReplicasPath"],
        selector=paths.get("labelSelectorPath") or "",
    )


def _selectable(path: str) -> str:
    """A path as field selectors write it: ``spec.colour``."""
    return ".".join(split_path(path) or ())


def _deprecation(group: str, kind: str, version: Value) -> str:
    if not version.get("deprecated"):
        return ""
    return version.get("deprecationWarning") or f"{group}/{version['name']} {kind} is deprecated"


def _scale_causes(scale: Scale, obj: Value) -> Iterable[ScaleCause]:
    """Kubernetes names the paths as the definition writes them."""
    for path in (scale.spec_replicas, scale.status_replicas):
        try:
            number = integer_at(path, obj) or 0
        except WrongType as error:
            yield _scale_cause(path, 0, str(error))
            continue
        if number < 0:
            yield _scale_cause(path, number, "should be a non-negative integer")
        elif number > MOST:
            yield _scale_cause(path, number, f"should be less than or equal to {MOST}")
    if scale.selector:
        try:
            text_at(scale.selector, obj)
        except WrongType as error:
            yield _scale_cause(scale.selector, "", str(error))


def _scale_cause(path: str, shown: Any, words: str) -> ScaleCause:
    cause = invalid(path, shown, words)
    return ScaleCause(cause.reason, cause.message, cause.field)
