"""DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or cannot be reached.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet

SECONDS: Final = 300
TAINTS: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
EFFECT: Final = "NoExecute"


class DefaultTolerationSeconds(Quiet):
    name = "DefaultTolerationSeconds"
    order = 30
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if request.info.resource != "pods" or request.subresource or request.obj is None:
            return
        if request.operation not in ("CREATE", "UPDATE"):
            return
        spec = request.obj.setdefault("spec", {})
        present = spec.get("tolerations") or []
        added = [
            {"key": taint, "operator": "Exists", "effect": EFFECT, "tolerationSeconds": SECONDS}
            for taint in TAINTS
            if not any(_tolerates(each, taint) for each in present)
        ]
        if added:
            spec["tolerations"] = [*present, *added]


def _tolerates(toleration: Mapping[str, Any], taint: str) -> bool:
    return toleration.get("key", "") in ("", taint) and toleration.get("effect", "") in ("", EFFECT)
