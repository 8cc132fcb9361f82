"""Names, labels, annotations, owners and finalizers: what Kubernetes checks of every object.

The API server calls `validate` when an object is created and `validate_update` when it changes, before the kind's own
checks; templates use `validate_labels` and `validate_annotations` alone. Kubernetes goes over the metadata several times on
an update (once for all kinds, once or twice for the kind) and lists each finding as often: so do we.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import changed, forbidden, invalid, negative, required, too_long
from sampan.core.model.kinds import KindInfo, struct_rules
from sampan.core.model.meta_v1.object_meta import ObjectMeta

Meta = Mapping[str, Any]

MAX_ANNOTATIONS: Final = 256 * 1024
"""Bytes of all annotations' keys and values together."""

CORE_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
"""Finalizers that may be without a domain."""

NOT_IN_TEMPLATES: Final = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields",
)  # fmt: skip
"""What a template for objects of one owner leaves to who makes them."""

PATH_SEGMENT_WORDS: Final = {".": "may not be '.'", "..": "may not be '..'"}


@struct_rules(ObjectMeta, whole=True)
def _checked_with_its_kind(value: Meta, path: str) -> Sequence[Cause]:
    """The walk leaves metadata alone: what a name may be depends on the kind, which it does not know."""
    return ()


def validate(meta: Meta, info: KindInfo, path: str = "metadata") -> list[Cause]:
    """Everything about the metadata of one object, in Kubernetes' order."""
    last = info.rules.metadata_last
    causes = _validate(meta, info, path, "" if last else info.name_format)
    return causes if last else causes + _known_finalizers(meta.get("finalizers") or (), info, f"{path}.finalizers")


def validate_update(
    meta: Meta, old: Meta, info: KindInfo, path: str = "metadata", *, of_status: bool = False
) -> list[Cause]:
    """The pass over the metadata of a changed object that all kinds have. ``of_status``: only the status is written."""
    return _validate(meta, info, path, "") + validate_changes(meta, old, path)


def validate_changes_again(
    meta: Meta, old: Meta, info: KindInfo, path: str = "metadata", *, of_status: bool = False
) -> list[Cause]:
    """The pass over what changed that most kinds have besides, as a part of what they check of a change."""
    if not (info.rules.rechecks_status if of_status else info.rules.rechecks_changes):
        return []
    known = _known_finalizers(meta.get("finalizers") or (), info, f"{path}.finalizers")
    return validate_changes(meta, old, path) + known


def validate_again(meta: Meta, info: KindInfo, path: str = "metadata", *, of_status: bool = False) -> list[Cause]:
    """The further passes of the kind's own, which look at the metadata as at that of a new object."""
    times = info.rules.revalidates_status if of_status else info.rules.revalidates_metadata
    return [cause for _ in range(times) for cause in validate(meta, info, path)]


def validate_embedded(meta: Meta, path: str) -> list[Cause]:
    """The metadata of an object within another one, whose kind nobody knows: it may do without a name."""
    causes: list[Cause] = []
    if prefix := meta.get("generateName"):
        causes += _name_causes(f"{path}.generateName", prefix, "", prefix=True)
    if name := meta.get("name"):
        causes += _name_causes(f"{path}.name", name, "")
    return causes + _of_any_kind(meta, bool(meta.get("namespace")), path) + _managers(meta, f"{path}.managedFields")


def _managers(meta: Meta, path: str) -> list[Cause]:
    return [
        invalid(f"{path}[{index}].operation", entry.get("operation") or "", "must be `Apply` or `Update`")
        for index, entry in enumerate(meta.get("managedFields") or ())
        if entry.get("operation") not in ("Apply", "Update")
    ]


def _validate(meta: Meta, info: KindInfo, path: str, name_format: str) -> list[Cause]:
    causes: list[Cause] = []
    prefix = meta.get("generateName")
    if prefix and (info.rules.checks_prefix or not name_format):
        causes += _name_causes(f"{path}.generateName", prefix, name_format, prefix=True)
    name = meta.get("name")
    if not name:
        causes.append(required(f"{path}.name", "name or generateName is required"))
    else:
        causes += _name_causes(f"{path}.name", name, name_format)
    return causes + _of_any_kind(meta, info.namespaced, path)


def _of_any_kind(meta: Meta, namespaced: bool, path: str) -> list[Cause]:
    """All but the name."""
    causes = _namespace(meta.get("namespace") or "", namespaced, f"{path}.namespace")
    causes += negative(f"{path}.generation", meta.get("generation"))
    causes += validate_labels(meta.get("labels") or {}, f"{path}.labels")
    causes += validate_annotations(meta.get("annotations") or {}, f"{path}.annotations")
    causes += _owners(meta.get("ownerReferences") or (), f"{path}.ownerReferences")
    causes += _finalizers(meta.get("finalizers") or (), f"{path}.finalizers")
    return causes


def _name_causes(path: str, name: str, name_format: str, *, prefix: bool = False) -> list[Cause]:
    """A ``generateName`` may end in a dash: what follows it is made by the server.

    Kubernetes judges what comes before the letter in front of such a dash.
    """
    checked = name[:-2] + "a" if prefix and name.endswith("-") and len(name) > 1 else name
    if name_format in formats.FORMATS:
        return [invalid(path, name, problem) for problem in formats.problems_of(name_format, checked)]
    return [invalid(path, name, problem) for problem in path_segment(name, prefix=prefix)]


def path_segment(name: str, *, prefix: bool = False) -> list[str]:
    """What keeps a name from being a part of a URL (RBAC names, and every kind on an update)."""
    if not prefix and name in PATH_SEGMENT_WORDS:
        return [PATH_SEGMENT_WORDS[name]]
    return [f"may not contain '{char}'" for char in ("/", "%") if char in name]


def _namespace(namespace: str, namespaced: bool, path: str) -> list[Cause]:
    if not namespaced:
        return [forbidden(path, "not allowed on this type")] if namespace else []
    if not namespace:
        return [required(path)]
    return [invalid(path, namespace, problem) for problem in formats.dns1123_label(namespace)]


def validate_labels(labels: Mapping[str, str], path: str) -> list[Cause]:
    causes = []
    for key, value in sorted(labels.items()):
        causes += [invalid(path, key, problem) for problem in formats.qualified_name(key)]
        causes += [invalid(path, value, problem) for problem in formats.label_value(value)]
    return causes


def validate_annotations(annotations: Mapping[str, str], path: str) -> list[Cause]:
    causes = []
    for key in sorted(annotations):
        causes += [invalid(path, key, problem) for problem in formats.qualified_name(key.lower())]
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > MAX_ANNOTATIONS:
        causes.append(too_long(path, MAX_ANNOTATIONS))
    return causes


def validate_template_metadata(meta: Meta, path: str) -> list[Cause]:
    """Labels and annotations for what is made from a template, which may say nothing else of it."""
    causes = validate_annotations(meta.get("annotations") or {}, f"{path}.annotations")
    causes += validate_labels(meta.get("labels") or {}, f"{path}.labels")
    given = [word for word in NOT_IN_TEMPLATES if meta.get(word) not in (None, "", [])]
    return causes + [forbidden(f"{path}.{'uID' if word == 'uid' else word}", "cannot be set") for word in given]


def _owners(owners: Sequence[Mapping[str, Any]], path: str) -> list[Cause]:
    causes = []
    controller = ""
    for owner in owners:
        causes += _owner(owner, path)
        if owner.get("controller"):
            shown = f"{owner.get('kind', '')}/{owner.get('name', '')}"
            if controller:
                text = (
                    f'Only one reference can have Controller set to true. Found "true" in references for {controller}'
                )
                causes.append(invalid(path, owners, f"{text} and {shown}"))
            controller = controller or shown
    return causes


def _owner(owner: Mapping[str, Any], path: str) -> list[Cause]:
    causes = []
    group, _, version = (owner.get("apiVersion") or "").rpartition("/")
    if not version:
        causes.append(invalid(f"{path}.apiVersion", owner.get("apiVersion") or "", "version must not be empty"))
    for word in ("kind", "name", "uid"):
        if not owner.get(word):
            causes.append(invalid(f"{path}.{word}", owner.get(word) or "", "must not be empty"))
    if (group, version, owner.get("kind")) == ("", "v1", "Event"):
        causes.append(invalid(path, owner, f"{owner.get('apiVersion')}, Kind=Event is disallowed from being an owner"))
    return causes


def _finalizers(finalizers: Sequence[str], path: str) -> list[Cause]:
    causes = []
    for finalizer in finalizers:
        causes += [invalid(path, finalizer, problem) for problem in formats.qualified_name(finalizer)]
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        words = "finalizer orphan and foregroundDeletion cannot be both set"
        causes.append(invalid(path, list(finalizers), words))
    return causes


def _known_finalizers(finalizers: Sequence[str], info: KindInfo, path: str) -> list[Cause]:
    if info.rules.any_finalizer:
        return []
    words = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        invalid(f"{path}[{index}]", finalizer, words)
        for index, finalizer in enumerate(finalizers)
        if "/" not in finalizer and finalizer not in CORE_FINALIZERS
    ]


def validate_changes(meta: Meta, old: Meta, path: str = "metadata") -> list[Cause]:
    """What may not change, and the parts that may, once more."""
    causes: list[Cause] = []
    if old.get("deletionTimestamp"):
        causes += _new_finalizers(meta.get("finalizers") or (), old.get("finalizers") or (), f"{path}.finalizers")
    if not meta.get("resourceVersion"):
        causes.append(invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if (meta.get("generation") or 0) < (old.get("generation") or 0):
        causes.append(invalid(f"{path}.generation", meta.get("generation") or 0, "must not be decremented"))
    for word in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        causes += changed(f"{path}.{word}", meta.get(word), old.get(word))
    causes += validate_labels(meta.get("labels") or {}, f"{path}.labels")
    causes += validate_annotations(meta.get("annotations") or {}, f"{path}.annotations")
    causes += _owners(meta.get("ownerReferences") or (), f"{path}.ownerReferences")
    return causes


def _new_finalizers(finalizers: Sequence[str], old: Sequence[str], path: str) -> list[Cause]:
    extra = sorted(set(finalizers) - set(old))
    if not extra:
        return []
    shown = "[]string{" + ", ".join(f'"{each}"' for each in extra) + "}"
    words = "no new finalizers can be added if the object is being deleted, found new finalizers"
    return [forbidden(path, f"{words} {shown}")]
