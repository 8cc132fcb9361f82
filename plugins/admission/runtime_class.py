"""RuntimeClass: what a pod's runtime class asks of it, overhead and nodes; one that is not there refuses the pod.

https://kubernetes.io/docs/concepts/containers/runtime-class/
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet, forbid, is_new_pod

RESOURCE: Final = "runtimeclasses.node.k8s.io"


class RuntimeClassAdmission(Quiet):
    name = "RuntimeClass"
    order = 45
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if not is_new_pod(request) or request.obj is None:
            return
        found = self._class_of(request, request.obj.get("spec", {}))
        if found is None:
            return
        request.is_unsure = True  # parts of the class become parts of the pod
        spec = request.obj["spec"]
        overhead = (found.get("overhead") or {}).get("podFixed")
        if overhead and not spec.get("overhead"):
            spec["overhead"] = dict(overhead)
        scheduling = found.get("scheduling") or {}
        _select_nodes(request, spec, scheduling.get("nodeSelector") or {})
        more = [each for each in scheduling.get("tolerations") or () if each not in spec.get("tolerations", ())]
        if more:
            spec["tolerations"] = [*spec.get("tolerations", ()), *more]

    async def validate(self, request: AdmissionRequest) -> None:
        if not is_new_pod(request) or request.obj is None:
            return
        spec = request.obj.get("spec", {})
        found = self._class_of(request, spec)
        overhead = ((found or {}).get("overhead") or {}).get("podFixed")
        if overhead and spec.get("overhead") != overhead:
            raise forbid(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
        if not overhead and spec.get("overhead"):
            raise forbid(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")

    def _class_of(self, request: AdmissionRequest, spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
        name = spec.get("runtimeClassName")
        if not name:
            return None
        found = request.reader.get(RESOURCE, "", name)
        if found is None:
            raise forbid(request, f'pod rejected: RuntimeClass "{name}" not found')
        return found


def _select_nodes(request: AdmissionRequest, spec: MutableMapping[str, Any], wanted: Mapping[str, str]) -> None:
    chosen = dict(spec.get("nodeSelector") or {})
    for key, value in wanted.items():
        if chosen.setdefault(key, value) != value:
            said = f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value};"
            raise forbid(request, f"{said} pod.spec.nodeSelector[{key}] = {chosen[key]}")
    if chosen:
        spec["nodeSelector"] = chosen
