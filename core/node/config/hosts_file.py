"""A pod's ``/etc/hosts``, as the kubelet writes it. Pure.

https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
"""

from __future__ import annotations

from collections.abc import Iterable

from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.config.names import PodName

HOSTS_FILE = "/etc/hosts"
MANAGED = "# Kubernetes-managed hosts file.\n"
MANAGED_HOST_NETWORK = "# Kubernetes-managed hosts file (host network).\n"
ALIASES = "\n# Entries added by HostAliases.\n"
STANDARD = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::0", "ip6-localnet"),
    ("fe00::0", "ip6-mcastprefix"),
    ("fe00::1", "ip6-allnodes"),
    ("fe00::2", "ip6-allrouters"),
)


def hosts_file(pod: Pod, name: PodName, ips: Iterable[str], of_host: str) -> str:
    """``of_host`` is the machine's own file, which a pod of its network keeps."""
    if pod.spec.host_network:
        return MANAGED_HOST_NETWORK + of_host + _aliases(pod)
    lines = [f"{address}\t{hosts}" for address, hosts in STANDARD]
    names = f"{name.full}\t{name.host}" if name.domain else name.host
    lines += [f"{ip}\t{names}" for ip in ips]
    return MANAGED + "\n".join(lines) + "\n" + _aliases(pod)


def _aliases(pod: Pod) -> str:
    lines = ["\t".join((alias.ip, *alias.hostnames)) for alias in pod.spec.host_aliases]
    return ALIASES + "\n".join(lines) + "\n" if lines else ""
