"""What may change in a pod: image, deadline, tolerations and gates; ephemeral containers. Resources: `pod_resize`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import WHOLE_OBJECT, forbidden, invalid, required
from sampan.core.model.rules.common.sameness import differ
from sampan.core.model.rules.core_v1.affinity import validate_tolerations
from sampan.core.model.rules.core_v1.containers import image_spaces
from sampan.core.model.rules.core_v1.label_keys import REQUIRED
from sampan.core.model.rules.core_v1.pod_spec import MAX_INT32, MIRROR

Value = Mapping[str, Any]

UPDATABLE: Final = ",".join(
    (
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )
)
SPEC_FORBIDDEN: Final = f"pod updates may not change fields other than {UPDATABLE}"


def spec_changes(pod: Value, old: Value) -> list[Cause]:
    """An update of the pod itself; some findings end the search, as in Kubernetes."""
    causes = _annotation_changes(pod, old)
    spec, before = pod.get("spec") or {}, old.get("spec") or {}
    for word in ("containers", "initContainers"):
        new_list, old_list = spec.get(word) or (), before.get(word) or ()
        if len(new_list) != len(old_list):
            return [*causes, forbidden(f"spec.{word}", "pod updates may not add or remove containers")]
        causes += _images(new_list, f"spec.{word}")
    deadline, stop = _deadline(spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    causes += deadline
    if stop:
        return causes
    causes += _tolerations(spec.get("tolerations") or (), before.get("tolerations") or ())
    causes += _gates(spec.get("schedulingGates") or (), before.get("schedulingGates") or ())
    munged = _without_updatable(spec, before)
    if before.get("schedulingGates"):
        causes += _gated(munged, before)
    if differ(munged, before):
        causes.append(forbidden("spec", SPEC_FORBIDDEN))
    return causes


def _annotation_changes(pod: Value, old: Value) -> list[Cause]:
    new = ((pod.get("metadata") or {}).get("annotations") or {}).get(MIRROR)
    before = ((old.get("metadata") or {}).get("annotations") or {}).get(MIRROR)
    path = f"metadata.annotations[{MIRROR}]"
    if new == before:
        return []
    if before is None:
        return [forbidden(path, "may not add mirror pod annotation")]
    return [forbidden(path, "may not remove or update mirror pod annotation")]


def _images(containers: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, container in enumerate(containers):
        if not container.get("image"):
            causes.append(required(f"{path}[{index}].image"))
        causes += image_spaces(container, f"{path}[{index}]")
    return causes


def _deadline(new: int | None, old: int | None) -> tuple[list[Cause], bool]:
    """A deadline may be set, or moved nearer. Also: whether the search ends here."""
    path = "spec.activeDeadlineSeconds"
    if new is None:
        words = "must not update from a positive integer to nil value"
        return ([], False) if old is None else ([invalid(path, None, words)], False)
    if not 0 <= new <= MAX_INT32:
        return [invalid(path, new, formats.between(0, MAX_INT32))], True
    if old is not None and old < new:
        return [invalid(path, new, "must be less than or equal to previous value")], True
    return [], False


def _tolerations(new: Sequence[Value], old: Sequence[Value]) -> list[Cause]:
    def bare(toleration: Value) -> dict[str, Any]:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    kept = [bare(toleration) for toleration in new]
    if any(bare(toleration) not in kept for toleration in old):
        words = "existing toleration can not be modified except its tolerationSeconds"
        return [forbidden("spec.tolerations", words)]
    return validate_tolerations(new, "spec.tolerations")


def _gates(new: Sequence[Value], old: Sequence[Value]) -> list[Cause]:
    known = {gate.get("name") for gate in old}
    words = "only deletion is allowed, but found new scheduling gate '{}'"
    return [
        forbidden(f"spec.schedulingGates[{index}].name", words.format(gate.get("name")))
        for index, gate in enumerate(new)
        if gate.get("name") not in known
    ]


def _without_updatable(spec: Value, old: Value) -> dict[str, Any]:
    """The new spec with all that may change put back."""
    munged = dict(spec)
    for word in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        put_back(munged, old, word)
    for word in ("containers", "initContainers"):
        if word in munged:
            munged[word] = [_with_image(new, before) for new, before in zip(munged[word], old[word], strict=True)]
    if (old.get("terminationGracePeriodSeconds") or 0) < 0 and munged.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    return munged


def _with_image(container: Value, old: Value) -> dict[str, Any]:
    munged = dict(container)
    put_back(munged, old, "image")
    return munged


def put_back(munged: dict[str, Any], old: Value, word: str) -> None:
    munged.pop(word, None)
    if word in old:
        munged[word] = old[word]


def _gated(munged: dict[str, Any], old: Value) -> list[Cause]:
    """A pod that is not scheduled yet may become more particular about nodes."""
    causes = []
    selector, before = munged.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    for key, value in before.items():
        if selector.get(key) != value:
            words = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            causes.append(invalid(f"spec.nodeSelector.{key}", selector.get(key), words))
    put_back(munged, old, "nodeSelector")
    new_node = (munged.get("affinity") or {}).get("nodeAffinity")
    old_node = (old.get("affinity") or {}).get("nodeAffinity")
    if new_node != old_node:
        causes += _node_affinity(new_node or {}, old_node or {})
        affinity = {key: value for key, value in (munged.get("affinity") or {}).items() if key != "nodeAffinity"}
        if old_node is not None:
            affinity["nodeAffinity"] = old_node
        munged.pop("affinity", None)
        if affinity or "affinity" in old:
            munged["affinity"] = affinity
    return causes


def _node_affinity(new: Value, old: Value) -> list[Cause]:
    path = f"spec.affinity.nodeAffinity.{REQUIRED}"
    before = old.get(REQUIRED)
    if before is None:
        return []
    old_terms, terms = before.get("nodeSelectorTerms") or (), (new.get(REQUIRED) or {}).get("nodeSelectorTerms") or ()
    if len(terms) != len(old_terms):
        words = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [invalid(f"{path}.nodeSelectorTerms", terms, words)]
    words = "only additions are allowed (no mutations or deletions)"
    return [
        invalid(f"{path}.nodeSelectorTerms[{index}]", term, words)
        for index, (term, previous) in enumerate(zip(terms, old_terms, strict=True))
        for word in ("matchExpressions", "matchFields")
        if list(term.get(word) or ())[: len(previous.get(word) or ())] != list(previous.get(word) or ())
    ]


def ephemeral_containers_changes(pod: Value, old: Value) -> list[Cause]:
    """Containers may be added for debugging; none may change or go."""
    if MIRROR in ((old.get("metadata") or {}).get("annotations") or {}):
        return [forbidden(WHOLE_OBJECT, "static pods do not support ephemeral containers")]
    causes = []
    new = {each.get("name"): each for each in (pod.get("spec") or {}).get("ephemeralContainers") or ()}
    for each in (old.get("spec") or {}).get("ephemeralContainers") or ():
        name = each.get("name")
        if name not in new:
            words = f'existing ephemeral containers "{name}" may not be removed\n'
            causes.append(forbidden("spec.ephemeralContainers", words))
        elif new[name] != each:
            words = f'existing ephemeral containers "{name}" may not be changed\n'
            causes.append(forbidden("spec.ephemeralContainers", words))
    return causes
