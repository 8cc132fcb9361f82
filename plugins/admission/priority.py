"""Priority: a pod's priority as a number, from its class.

https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/. Two classes are built in; those that
people make (and a default among them) are looked up where their kind is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest, Reader
from sampan.plugins.admission.base import Quiet, forbid, is_new_pod

RESOURCE: Final = "priorityclasses.scheduling.k8s.io"
BUILT_IN: Final[Mapping[str, int]] = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
DEFAULT_POLICY: Final = "PreemptLowerPriority"


class Priority(Quiet):
    name = "Priority"
    order = 40
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if not is_new_pod(request) or request.obj is None:
            return
        spec = request.obj.setdefault("spec", {})
        name, value, policy = self._class_of(request, spec.get("priorityClassName") or "")
        if name:
            spec["priorityClassName"] = name
        given = spec.get("priority")
        if given is not None and given != value:
            said = f"the integer value of priority ({given}) must not be provided in pod spec;"
            raise forbid(
                request, f"{said} priority admission controller computed {value} from the given PriorityClass name"
            )
        spec["priority"] = value
        if spec.setdefault("preemptionPolicy", policy) != policy:
            said = (
                f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec;"
            )
            raise forbid(
                request, f"{said} priority admission controller computed {policy} from the given PriorityClass name"
            )

    def _class_of(self, request: AdmissionRequest, name: str) -> tuple[str, int, str]:
        """The class's name, number and preemption policy; the default class's for an empty name."""
        if name in BUILT_IN:
            return name, BUILT_IN[name], DEFAULT_POLICY
        found = request.reader.get(RESOURCE, "", name) if name else _default(request.reader)
        if found is None:
            if name:
                raise forbid(request, f"no PriorityClass with name {name} was found")
            return "", 0, DEFAULT_POLICY
        return found["metadata"]["name"], found.get("value", 0), found.get("preemptionPolicy", DEFAULT_POLICY)


def _default(reader: Reader) -> Mapping[str, Any] | None:
    """The global default with the lowest number, should there be several."""
    chosen = [each for each in reader.list(RESOURCE) if each.get("globalDefault")]
    return min(chosen, key=lambda each: each.get("value", 0), default=None)
