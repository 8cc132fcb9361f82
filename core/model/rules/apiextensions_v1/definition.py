"""CustomResourceDefinition: its defaults, and what is refused.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, invalid, not_supported, required
from sampan.core.model.conditions import holds_wire
from sampan.core.model.formats import problems_of
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.apiextensions_v1.conversion import validate_conversion
from sampan.core.model.rules.apiextensions_v1.formats import unrecognized, warnings_of
from sampan.core.model.rules.apiextensions_v1.names import names_needed, validate_names
from sampan.core.model.rules.apiextensions_v1.versions import NO_DEEPER, Deeper, validate_shared, validate_versions

Value = Mapping[str, Any]

SCOPES: Final = ("Cluster", "Namespaced")
CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
APPROVED: Final = "api-approved.kubernetes.io"
"""The annotation that a definition in one of Kubernetes' own groups needs."""
PULL: Final = "see https://github.com/kubernetes/enhancements/pull/1111"
NO_UNKNOWN: Final = (
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
)
NONE_STORED: Final = "must have at least one stored version"
PENDING: Final = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"


class DefinitionRules(KindRules):
    any_finalizer = True
    counts_deletion = False

    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return
        names = spec.setdefault("names", {})
        if kind := names.get("kind"):
            names["singular"] = names.get("singular") or kind.lower()
            names["listKind"] = names.get("listKind") or f"{kind}List"
        spec.setdefault("conversion", {"strategy": "None"})
        if not (obj.get("status") or {}).get("storedVersions"):
            _remember_storage(obj)

    def prepare_create(self, obj: JsonObject) -> None:
        _remember_storage(obj)

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        if not subresource:
            _remember_storage(obj)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        new, before = obj.get("spec") or {}, old.get("spec") or {}
        names, names_before = new.get("names") or {}, before.get("names") or {}
        if holds_wire(old, "Established"):
            yield from changed("spec.scope", new.get("scope"), before.get("scope"))
            yield from changed("spec.names.kind", names.get("kind"), names_before.get("kind"))
        yield from changed("spec.group", new.get("group"), before.get("group"))
        yield from changed("spec.names.plural", names.get("plural"), names_before.get("plural"))

    def concerns(self, cause: Cause, subresource: str) -> bool:
        """The name has been right since the definition was made. Of a write of the status only itself is looked at."""
        if subresource == "status":
            return cause.field.startswith("status.acceptedNames")
        return cause.field != "metadata.name"

    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return warnings_of(unrecognized(obj.get("spec") or {}))

    def change_warnings(self, obj: Mapping[str, Any], old: Mapping[str, Any]) -> Iterable[str]:
        known = unrecognized(old.get("spec") or {})
        return warnings_of(each for each in unrecognized(obj.get("spec") or {}) if each not in known)

    def begin_delete(self, obj: JsonObject) -> None:
        """The objects go first: whoever deletes them takes the finalizer off."""
        meta = obj["metadata"]
        meta.pop("deletionGracePeriodSeconds", None)
        meta["finalizers"] = [*(each for each in meta.get("finalizers") or () if each != CLEANUP), CLEANUP]
        status = obj.setdefault("status", {})
        condition = {
            "type": "Terminating",
            "status": "True",
            "lastTransitionTime": meta["deletionTimestamp"],
            "reason": "InstanceDeletionPending",
            "message": PENDING,
        }
        others = [each for each in status.get("conditions") or () if each.get("type") != "Terminating"]
        status["conditions"] = [*others, condition]


def _remember_storage(obj: JsonObject) -> None:
    """The storage version is one of those in which objects have been stored."""
    status = obj.setdefault("status", {})
    stored = list(status.get("storedVersions") or ())
    name = next(
        (each.get("name") for each in (obj.get("spec") or {}).get("versions") or () if each.get("storage")), None
    )
    if name is not None and name not in stored:
        status["storedVersions"] = [*stored, name]


def validate_definition(obj: Value, path: str, deeper: Deeper = NO_DEEPER) -> list[Cause]:
    """Everything but the metadata. ``deeper`` checks what takes the algorithms of schemas."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    versions = spec.get("versions") or ()
    return [
        *_name(obj),
        *_group(spec.get("group") or ""),
        *_scope(spec.get("scope") or ""),
        *_schemas(versions),
        *validate_versions(versions, deeper),
        *names_needed(spec.get("names") or {}, "spec.names"),
        *validate_names(spec.get("names") or {}, "spec.names"),
        *validate_shared(versions, deeper),
        *validate_conversion(spec.get("conversion"), "spec.conversion"),
        *validate_names(status.get("acceptedNames") or {}, "status.acceptedNames"),
        *_stored(status.get("storedVersions") or (), versions),
        *_approval(obj),
        *([invalid("spec.preserveUnknownFields", True, NO_UNKNOWN)] if spec.get("preserveUnknownFields") else ()),
    ]


def _name(obj: Value) -> Iterable[Cause]:
    spec, name = obj.get("spec") or {}, (obj.get("metadata") or {}).get("name") or ""
    if name and name != f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _group(group: str) -> Iterable[Cause]:
    if not group:
        yield required("spec.group")
    elif problems := problems_of("dns1123-subdomain", group):
        yield invalid("spec.group", group, ",".join(problems))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def _scope(scope: str) -> Iterable[Cause]:
    if not scope:
        yield required("spec.scope")
    elif scope not in SCOPES:
        yield not_supported("spec.scope", scope, SCOPES)


def _schemas(versions: Sequence[Value]) -> Iterable[Cause]:
    for index, version in enumerate(versions):
        if (version.get("schema") or {}).get("openAPIV3Schema") is None:
            yield required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")


def _stored(stored: Sequence[str], versions: Sequence[Value]) -> Iterable[Cause]:
    if not stored:
        yield invalid("status.storedVersions", list(stored), NONE_STORED)
        return
    names = [version.get("name") for version in versions]
    left = set(stored)
    for version in versions:
        if version.get("storage") and version.get("name") not in left:
            words = f"must have the storage version {version.get('name')}"
            yield invalid("status.storedVersions", list(stored), words)
        left.discard(version.get("name") or "")
    for index, name in enumerate(stored):
        if name not in names:
            words = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions"
                f" until a storage migration ensures no data remains persisted in {name} and removes {name} from"
                " status.storedVersions"
            )
            yield invalid(f"status.storedVersions[{index}]", name, words)


def _approval(obj: Value) -> Iterable[Cause]:
    state, reason = approval(obj)
    where = f"metadata.annotations[{APPROVED}]"
    if state == "missing":
        yield required(where, reason)
    elif state == "invalid":
        yield invalid(where, annotations_of(obj).get(APPROVED), reason)


def approval(obj: Value) -> tuple[str, str]:
    """Whether a definition may be in its group, and why: approved, bypassed, missing, invalid; "" in anybody's groups."""
    group = (obj.get("spec") or {}).get("group") or ""
    if not is_protected(group):
        return "", ""
    text = annotations_of(obj).get(APPROVED) or ""
    if not text:
        return "missing", f'protected groups must have approval annotation "{APPROVED}", {PULL}'
    if text.startswith("unapproved"):
        return "bypassed", f"not approved: {text!r}"
    parts = urlsplit(text)
    if parts.scheme and parts.netloc:
        return "approved", f"approved in {text}"
    words = 'with either a URL or a reason starting with "unapproved"'
    return "invalid", f'protected groups must have approval annotation "{APPROVED}" {words}, {PULL}'


def annotations_of(obj: Value) -> Value:
    return (obj.get("metadata") or {}).get("annotations") or {}


def is_protected(group: str) -> bool:
    """A group that belongs to Kubernetes."""
    return any(group == own or group.endswith(f".{own}") for own in ("k8s.io", "kubernetes.io"))
