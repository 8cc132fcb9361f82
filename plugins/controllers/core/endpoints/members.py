"""What both forms of endpoints share: the Services that a pod is behind, its ports, and when things changed. Pure.

https://kubernetes.io/docs/concepts/services-networking/service/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sampan.core.contracts.controller import Key, Lister
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.core_v1.service import Service, ServicePort
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.labels import contains
from sampan.core.reconcile.pods import condition, is_finished
from sampan.core.schema.scalars import format_time

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"


def keys_of_pod(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The Services that select the pod."""
    for service in state.list(Service, obj.metadata.namespace or ""):
        if service.spec.selector and contains(obj.metadata.labels, service.spec.selector):
            yield Key(*service.key)


def is_ours(service: Service) -> bool:
    """Whether its endpoints are found by selector; those of others are their owners' business."""
    return bool(service.spec.selector) and service.spec.type != "ExternalName"


def is_headless(service: Service) -> bool:
    return service.spec.cluster_ip in (None, "", "None")


def members(service: Service, state: Lister, *, terminating: bool) -> list[Pod]:
    """Selected pods that have an address, by name; ``terminating``: also those on their way out."""
    pods = [
        pod
        for pod in state.list(Pod, service.metadata.namespace or "")
        if contains(pod.metadata.labels, service.spec.selector)
        and (pod.status.pod_ips or pod.status.pod_ip)
        and not is_finished(pod)
        and (terminating or pod.metadata.deletion_timestamp is None)
    ]
    return sorted(pods, key=lambda pod: pod.metadata.name or "")


def addresses(pod: Pod) -> Sequence[str]:
    return [item.ip for item in pod.status.pod_ips] or [pod.status.pod_ip or ""]


def target_port(pod: Pod, port: ServicePort) -> int | None:
    """The pod's port that the Service's leads to; ``None`` where no container has a port of that name."""
    target = port.target_port
    if target is None or target == 0:
        return port.port
    if isinstance(target, int):
        return target
    sidecars = [item for item in pod.spec.init_containers if item.restart_policy == "Always"]
    for container in (*pod.spec.containers, *sidecars):
        for offered in container.ports:
            if offered.name == target and (offered.protocol or "TCP") == (port.protocol or "TCP"):
                return offered.container_port
    return None


def hostname(pod: Pod, service: Service) -> str | None:
    """The pod's own name in DNS, if it asks for one below this Service."""
    return pod.spec.hostname if pod.spec.hostname and pod.spec.subdomain == service.metadata.name else None


def reference(pod: Pod) -> ObjectReference:
    return ObjectReference(kind="Pod", namespace=pod.metadata.namespace, name=pod.metadata.name, uid=pod.metadata.uid)


def trigger_time(service: Service, pods: Iterable[Pod]) -> str | None:
    """When the latest change happened that the endpoints follow: programs measure their own delay with it."""
    ready = (condition(pod, "Ready") for pod in pods)
    changes = [service.metadata.creation_timestamp, *(item.last_transition_time for item in ready if item is not None)]
    times = [time for time in changes if time is not None]
    return format_time(max(times)) if times else None
