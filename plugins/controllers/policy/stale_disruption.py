"""Takes back the word that a pod is about to be disrupted, where nothing has become of it for two minutes. Pure.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.model.core_v1.pod import Pod, PodCondition
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.pods import is_finished
from sampan.core.schema.scalars import format_time

PATIENCE: Final = timedelta(minutes=2)
BY_THE_NODE: Final = "TerminationByKubelet"
"""The reason of a node agent's own word, which stands however long the pod takes."""


class StaleDisruptionController:
    name = "stale-pod-disruption-controller"

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (Watch(kind=Pod, keys=_keys),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        pod = state.get(Pod, key.namespace, key.name)
        condition = _pending(pod) if pod is not None else None
        if pod is None or condition is None:
            return NOTHING
        since = condition.last_transition_time
        wait = (since + PATIENCE - now).total_seconds() if since is not None else 0.0
        return Plan(requeue_after=wait) if wait > 0 else Plan(actions=(_taken_back(pod, now),))


def _keys(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    if isinstance(obj, Pod) and _pending(obj) is not None:
        yield Key(*obj.key)


def _pending(pod: Pod) -> PodCondition | None:
    """The word that stands, of a pod that neither ends nor has ended."""
    if pod.metadata.deletion_timestamp is not None or is_finished(pod):
        return None
    told = (each for each in pod.status.conditions if each.type == "DisruptionTarget" and each.status == "True")
    return next((each for each in told if each.reason != BY_THE_NODE), None)


def _taken_back(pod: Pod, now: datetime) -> Patch:
    condition = {
        "type": "DisruptionTarget",
        "status": "False",
        "reason": None,
        "message": None,
        "lastTransitionTime": format_time(now),
    }
    namespace, name = pod.key
    patch = {"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": [condition]}}
    return Patch(kind=Pod, namespace=namespace, name=name, patch=patch, type="strategic", subresource="status")
