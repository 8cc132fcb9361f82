"""What a resize may change in a pod: CPU and memory, of containers and of the pod as a whole.

https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import WHOLE_OBJECT, forbidden, invalid
from sampan.core.model.rules.common.sameness import same
from sampan.core.model.rules.core_v1.pod_spec import MIRROR
from sampan.core.model.rules.core_v1.pod_update import put_back
from sampan.core.model.rules.core_v1.qos import qos_class

Value = Mapping[str, Any]

CONTAINERS: Final = ("containers", "initContainers")
SORTS: Final = ("requests", "limits")
ONLY: Final = "only cpu and memory resources are mutable"
ONLY_OF_INIT: Final = "only cpu and memory resources for init or sidecar containers are mutable"
ONLY_OF_POD: Final = "only cpu and memory resources are mutable at pod-level"


def resized(spec: Value, old: Value) -> dict[str, Any]:
    """The old spec with the new one's resources and resize policies: all that a resize may change.

    Where containers have come, gone or changed places, they are left as they are, to be refused.
    """
    if any(len(spec.get(word) or ()) != len(old.get(word) or ()) for word in CONTAINERS):
        return dict(spec)
    wanted = dict(old)
    put_back(wanted, spec, "resources")
    for word in CONTAINERS:
        if old.get(word):
            wanted[word] = _with_resources(spec[word], old[word])
    return wanted


def _with_resources(new: Sequence[Value], old: Sequence[Value]) -> list[Value]:
    if [each.get("name") for each in new] != [each.get("name") for each in old]:
        return list(new)
    made: list[Value] = []
    for container, before in zip(new, old, strict=True):
        munged = dict(before)
        for word in ("resources", "resizePolicy"):
            put_back(munged, container, word)
        made.append(munged)
    return made


def resize_changes(pod: Value, old: Value) -> list[Cause]:
    """CPU and memory may change, within the pod's quality of service; no request and no limit may go."""
    if MIRROR in ((old.get("metadata") or {}).get("annotations") or {}):
        return [forbidden(WHOLE_OBJECT, "static pods cannot be resized")]
    spec, before = pod.get("spec") or {}, old.get("spec") or {}
    if (before.get("os") or {}).get("name") == "windows":
        return [forbidden(WHOLE_OBJECT, "windows pods cannot be resized")]
    causes = []
    if qos_class(spec) != qos_class(before):
        words = "Pod QOS Class may not change as a result of resizing"
        causes.append(invalid("spec", (pod.get("status") or {}).get("qosClass", ""), words))
    causes += _of_pod(spec.get("resources"), before.get("resources"))
    if moved := _moved(spec, before):
        return causes + moved
    for word in reversed(CONTAINERS):
        for index, (container, previous) in enumerate(_pairs(spec, before, word)):
            path = f"spec.{word}[{index}].resources"
            causes += _removed(container.get("resources"), previous.get("resources"), path, "resource")
    causes += [forbidden("spec", ONLY) for pair in _pairs(spec, before, "containers") if _is_another(*pair)]
    for index, pair in enumerate(_pairs(spec, before, "initContainers")):
        causes += _of_init_container(*pair, f"spec.initContainers[{index}]")
    return causes


def _of_pod(new: Value | None, old: Value | None) -> list[Cause]:
    if not any(_amounts(each, word) for each in (new, old) for word in SORTS):
        return []
    if old is not None and new is None:
        return [forbidden("spec.resources", "pod-level resources cannot be removed")]
    causes = _removed(new, old, "spec.resources", "pod-level resource") if old is not None else []
    if not same(_without_resizable(new), _without_resizable(old)):
        causes.append(forbidden("spec", ONLY_OF_POD))
    return causes


def _moved(spec: Value, old: Value) -> list[Cause]:
    causes = []
    for word in CONTAINERS:
        new, before = spec.get(word) or (), old.get(word) or ()
        if len(new) != len(before):
            causes.append(forbidden(f"spec.{word}", f"{word} may not be added or removed on resize"))
            continue
        causes += [
            forbidden(f"spec.{word}[{index}].name", f"{word} may not be renamed or reordered on resize")
            for index, (container, previous) in enumerate(zip(new, before, strict=True))
            if container.get("name") != previous.get("name")
        ]
    return causes


def _of_init_container(container: Value, old: Value, path: str) -> list[Cause]:
    causes = [forbidden(path, ONLY_OF_INIT)] if _is_another(container, old) else []
    if container.get("restartPolicy") != "Always" and not same(container, old):
        words = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
        policies = container.get("resizePolicy") or ()
        causes += [forbidden(path, words) for each in policies if each.get("restartPolicy") == "RestartContainer"]
    return causes


def _pairs(spec: Value, old: Value, word: str) -> list[tuple[Value, Value]]:
    return list(zip(spec.get(word) or (), old.get(word) or (), strict=True))


def _removed(new: Value | None, old: Value | None, path: str, what: str) -> list[Cause]:
    return [
        forbidden(f"{path}.{word}", f"{what} {word} cannot be removed")
        for word in SORTS
        if _amounts(old, word).keys() - _amounts(new, word).keys()
    ]


def _is_another(container: Value, old: Value) -> bool:
    """Apart from its CPU and memory. A container with claims of devices is not to be resized at all."""
    munged = {**container, "resources": {word: _amounts(container.get("resources"), word) for word in SORTS}}
    return not same(_munged(munged), _munged(old))


def _munged(container: Value) -> Value:
    return {**container, "resources": _without_resizable(container.get("resources"))}


def _without_resizable(resources: Value | None) -> dict[str, Any]:
    others = {
        word: {name: amount for name, amount in _amounts(resources, word).items() if name not in ("cpu", "memory")}
        for word in SORTS
    }
    return {**(resources or {}), **others}


def _amounts(resources: Value | None, word: str) -> Value:
    return (resources or {}).get(word) or {}
