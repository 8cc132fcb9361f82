"""PodResizeValidator: nobody may ask a running pod's node for more than the whole node has.

What fits no pod beside others is the node agent's to defer; this never will fit.
"""

from __future__ import annotations

from sampan.core.contracts.access import AdmissionRequest
from sampan.core.errors import Cause
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.pod_requests import CPU, MEMORY, amount, pod_requests
from sampan.core.schema.codec import from_wire
from sampan.plugins.admission.base import Quiet, forbid


class PodResizeValidator(Quiet):
    name = "PodResizeValidator"

    async def validate(self, request: AdmissionRequest) -> None:
        is_resize = request.operation == "UPDATE" and request.subresource == "resize"
        if not is_resize or request.info.resource != "pods" or request.obj is None or request.old is None:
            return
        spec = request.obj["spec"]
        node_name = spec.get("nodeName")
        if not node_name or spec == request.old["spec"]:
            return
        node = request.reader.get("nodes", "", node_name)
        if node is None:
            raise forbid(request, f'node "{node_name}" not found')
        allocatable = (node.get("status") or {}).get("allocatable") or {}
        requests = pod_requests(from_wire(Pod, request.obj))
        lacking = []
        for resource in (CPU, MEMORY):
            asked, has = requests.get(resource, 0), amount(resource, str(allocatable.get(resource, "0")))
            if asked > has:
                lacking.append(f"{resource}, requested: {asked}, allocatable: {has}")
        if lacking:
            refusal = forbid(request, f"node didn't have enough allocatable resources: {'; '.join(lacking)}")
            refusal.causes = (Cause("NodeCapacity", "", ""),)
            raise refusal
