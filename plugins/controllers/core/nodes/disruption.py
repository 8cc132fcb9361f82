"""The word in a pod's status that it goes by no fault of its own, written before it is deleted. Pure.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sampan.core.contracts.plan import Patch
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.scalars import format_time


def disruption(pod: Pod, reason: str, message: str, now: datetime, **status: Any) -> Patch:
    """The condition DisruptionTarget; ``status`` is what else is to be said of the pod."""
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": format_time(now),
    }
    namespace, name = pod.key
    return Patch(
        kind=Pod,
        namespace=namespace,
        name=name,
        patch={"metadata": {"uid": pod.metadata.uid}, "status": {**status, "conditions": [condition]}},
        type="strategic",
        subresource="status",
    )
