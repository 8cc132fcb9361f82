"""Which kernel settings a pod may change: those that concern nobody but itself. Pure.

https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls
"""

from __future__ import annotations

from collections.abc import Collection

from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.view import Rejection

SAFE = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    }
)
FORBIDDEN = "SysctlForbidden"


def pod_sysctls(pod: Pod) -> dict[str, str]:
    """As the kernel names them: a slash may stand for a dot."""
    security = pod.spec.security_context
    return {dotted(each.name): each.value for each in security.sysctls} if security else {}


def dotted(name: str) -> str:
    """``net/ipv4/conf/eth0.1/x`` → ``net.ipv4.conf.eth0/1.x``: whichever of the two comes first separates."""
    first = next((letter for letter in name if letter in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))


def reject_sysctls(pod: Pod, allowed: Collection[str]) -> Rejection | None:
    """``allowed`` are unsafe ones that this node allows; ``net.core.*`` stands for all that begin so."""
    for name in pod_sysctls(pod):
        if name not in SAFE and not any(_matches(name, pattern) for pattern in allowed):
            return Rejection(FORBIDDEN, f'forbidden sysctl: "{name}" not allowlisted')
        if pod.spec.host_network and name.startswith("net."):
            return Rejection(FORBIDDEN, f'forbidden sysctl: "{name}" not allowed with host net enabled')
        if pod.spec.host_ipc and name.startswith(("kernel.", "fs.mqueue.")):
            return Rejection(FORBIDDEN, f'forbidden sysctl: "{name}" not allowed with host ipc enabled')
    return None


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
