"""The files that the node agent itself puts into containers: ``/etc/hosts``, and where they leave a last word. Blocking."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from posixpath import normpath

from sampan.core.contracts.runtime_config import Mount
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.config.hosts_file import HOSTS_FILE, hosts_file
from sampan.core.node.config.names import pod_name
from sampan.core.node.termination_message import make_message_mount

MACHINES_HOSTS = Path("/etc/hosts")


def own_mounts(
    pod: Pod, container: Container, attempt: int, pod_dir: Path, mounts: Iterable[Mount]
) -> tuple[Mount, ...]:
    """Those of ours whose place the container's own ``mounts`` do not take. The pod's addresses must be known."""
    taken = {normpath(each.container_path) for each in mounts}
    ours = (_hosts_mount(pod, container, pod_dir), make_message_mount(pod_dir, container, attempt))
    return tuple(each for each in ours if normpath(each.container_path) not in taken)


def _hosts_mount(pod: Pod, container: Container, pod_dir: Path) -> Mount:
    """One file for the whole pod, written in place: containers that run have it mounted."""
    file = pod_dir / "etc-hosts"
    ips = [each.ip for each in pod.status.pod_ips]
    text = hosts_file(pod, pod_name(pod), ips, _of_host() if pod.spec.host_network else "")
    if not file.exists() or file.read_text() != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.chmod(file, 0o644)
    security = container.security_context
    read_only = bool(security and security.read_only_root_filesystem)
    return Mount(host_path=str(file), container_path=HOSTS_FILE, read_only=read_only)


def _of_host() -> str:
    try:
        return MACHINES_HOSTS.read_text()
    except OSError:
        return "127.0.0.1\tlocalhost\n"
