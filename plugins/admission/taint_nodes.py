"""TaintNodesByCondition: a new node takes no pods until it has said that it is ready.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition. The node life-cycle
controller takes the taint away.
"""

from __future__ import annotations

from typing import Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet

NOT_READY: Final = "node.kubernetes.io/not-ready"
EFFECT: Final = "NoSchedule"


class TaintNodesByCondition(Quiet):
    name = "TaintNodesByCondition"
    order = 25
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if request.info.resource != "nodes" or request.operation != "CREATE" or request.subresource:
            return
        spec = (request.obj or {}).setdefault("spec", {})
        taints = spec.get("taints") or []
        if not any((each.get("key"), each.get("effect")) == (NOT_READY, EFFECT) for each in taints):
            spec["taints"] = [*taints, {"key": NOT_READY, "effect": EFFECT}]
