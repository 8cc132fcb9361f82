"""The Node object that stands for this agent. Pure.

https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sampan.core.contracts.runtime import Image, RuntimeInfo
from sampan.core.ip import split
from sampan.core.model.core_v1.node import (
    ContainerImage,
    Node,
    NodeAddress,
    NodeCondition,
    NodeSpec,
    NodeStatus,
    NodeSystemInfo,
)
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.machine.settings import NodeSettings

KUBELET_VERSION = "v1.36.0+sampan"
ATTACH_DETACH = "volumes.kubernetes.io/controller-managed-attach-detach"
MOST_IMAGES = 50

CALM = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)
PRESSED = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    "DiskPressure": ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}


def new_node(settings: NodeSettings, pod_cidr: str, status: NodeStatus) -> Node:
    """``pod_cidr`` as by `Runtime.pod_cidr`."""
    cidrs = split(pod_cidr)
    return Node(
        metadata=ObjectMeta(name=settings.name, labels=node_labels(settings), annotations={ATTACH_DETACH: "true"}),
        spec=NodeSpec(pod_cidr=next(iter(cidrs), None), pod_cidrs=cidrs, taints=settings.taints),
        status=status,
    )


def node_labels(settings: NodeSettings) -> dict[str, str]:
    arch = settings.machine.architecture
    return {
        "beta.kubernetes.io/arch": arch,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": arch,
        "kubernetes.io/hostname": settings.name,
        "kubernetes.io/os": "linux",
        **settings.labels,
    }


def node_status(
    settings: NodeSettings,
    runtime: RuntimeInfo,
    images: Sequence[Image],
    pressed: Collection[str],
    old: NodeStatus,
    now: datetime,
    problem: str = "",
) -> NodeStatus:
    """``old`` keeps the times of what has not changed; ``pressed`` as by `sampan.core.node.machine.facts.pressures`.

    ``problem``: why the runtime is taken for dead.
    """
    machine = settings.machine
    capacity = {**machine.capacity, **settings.capacity}
    return NodeStatus(
        capacity=capacity,
        allocatable=capacity,
        conditions=_conditions(pressed, problem, old, now.replace(microsecond=0)),
        addresses=(
            *(NodeAddress(type="InternalIP", address=address) for address in settings.ips),
            NodeAddress(type="Hostname", address=settings.name),
        ),
        node_info=NodeSystemInfo(
            machine_id=machine.machine_id,
            system_uuid=machine.system_uuid,
            boot_id=machine.boot_id,
            kernel_version=machine.kernel_version,
            os_image=machine.os_image,
            container_runtime_version=runtime.version,
            kubelet_version=KUBELET_VERSION,
            kube_proxy_version="",
            operating_system="linux",
            architecture=machine.architecture,
        ),
        images=tuple(_image(each) for each in sorted(images, key=lambda each: -each.size)[:MOST_IMAGES]),
    )


def _image(image: Image) -> ContainerImage:
    return ContainerImage(names=(*image.digests, *image.tags) or (image.id,), size_bytes=image.size)


def _conditions(pressed: Collection[str], problem: str, old: NodeStatus, now: datetime) -> tuple[NodeCondition, ...]:
    findings = []
    for name, reason, message in CALM:
        if name in pressed:
            findings.append((name, "True", *PRESSED[name]))
        else:
            findings.append((name, "False", reason, message))
    if problem:
        findings.append(("Ready", "False", "KubeletNotReady", f"container runtime is down: {problem}"))
    else:
        findings.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    known = {each.type: each for each in old.conditions}
    conditions = []
    for name, status, reason, message in findings:
        before = known.get(name)
        since = before.last_transition_time if before is not None and before.status == status else now
        conditions.append(
            NodeCondition(
                type=name,
                status=status,
                last_heartbeat_time=now,
                last_transition_time=since,
                reason=reason,
                message=message,
            )
        )
    return tuple(conditions)
