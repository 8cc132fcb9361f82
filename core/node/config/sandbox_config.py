"""From a pod to the settings of its sandbox. Pure."""

from __future__ import annotations

from sampan.core.contracts.runtime_config import LABEL_ATTEMPT, LABEL_KIND, PortMapping, SandboxConfig
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.config.container_config import pod_labels
from sampan.core.node.config.dns import Dns
from sampan.core.node.config.names import kernel_name
from sampan.core.node.decide.sysctls import pod_sysctls
from sampan.core.node.identity import node_uid


def sandbox_config(pod: Pod, attempt: int, dns: Dns, cluster: str, node: str) -> SandboxConfig:
    """Raises `NameTooLong`."""
    spec, meta = pod.spec, pod.metadata
    return SandboxConfig(
        name=meta.name or "",
        namespace=meta.namespace or "",
        uid=node_uid(pod),
        attempt=attempt,
        hostname=kernel_name(pod),
        host_network=spec.host_network,
        host_pid=spec.host_pid,
        host_ipc=spec.host_ipc,
        share_process_namespace=bool(spec.share_process_namespace),
        dns_servers=dns.servers,
        dns_searches=dns.searches,
        dns_options=dns.options,
        ports=() if spec.host_network else _host_ports(pod),
        sysctls=pod_sysctls(pod),
        labels=pod_labels(pod, cluster, node) | {LABEL_ATTEMPT: str(attempt), LABEL_KIND: "sandbox"},
        annotations=meta.annotations,
    )


def _host_ports(pod: Pod) -> tuple[PortMapping, ...]:
    return tuple(
        PortMapping(
            container_port=port.container_port,
            host_port=port.host_port,
            protocol=port.protocol or "TCP",
            host_ip=port.host_ip or "",
        )
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        for port in container.ports
        if port.host_port
    )
