"""What a runtime is asked to make, as plain data: sandboxes and containers with their mounts, limits and security.

The node agent works it out of a pod's spec (`node/config/`), so that a runtime knows nothing of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from sampan.core.classes import frozen

LABEL_CLUSTER = "sampan.cluster"
LABEL_NODE = "sampan.node"
LABEL_NAMESPACE = "io.kubernetes.pod.namespace"
LABEL_POD = "io.kubernetes.pod.name"
LABEL_UID = "io.kubernetes.pod.uid"
LABEL_CONTAINER = "io.kubernetes.container.name"
LABEL_ATTEMPT = "sampan.attempt"
LABEL_SPEC_HASH = "sampan.spec-hash"
LABEL_KIND = "sampan.kind"
"""``sandbox`` or ``container``."""


@frozen(kw_only=True)
class PortMapping:
    container_port: int
    host_port: int
    protocol: str = "TCP"
    host_ip: str = ""


@frozen(kw_only=True)
class SandboxConfig:
    """A pod's shared part: network, hostname, IPC."""

    name: str
    namespace: str
    uid: str
    attempt: int = 0
    hostname: str = ""
    host_network: bool = False
    host_pid: bool = False
    host_ipc: bool = False
    share_process_namespace: bool = False
    dns_servers: tuple[str, ...] = ()
    dns_searches: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    ports: tuple[PortMapping, ...] = ()
    """Only those with a host port."""
    sysctls: Mapping[str, str] = attrs.field(factory=dict)
    labels: Mapping[str, str] = attrs.field(factory=dict)
    annotations: Mapping[str, str] = attrs.field(factory=dict)


@frozen(kw_only=True)
class Mount:
    host_path: str
    """Empty where it is an ``image``."""
    container_path: str
    image: str = ""
    """The name or id of an image that is there, whose files are shown. They can never be written through it."""
    sub_path: str = ""
    """What to show of it: a path below ``host_path`` or in the image, there, which pods may be changing. A runtime resolves
    it without leaving that and mounts exactly what it found (`sampan.core.host.beneath`), never a name that was checked."""
    read_only: bool = False
    propagation: Literal["None", "HostToContainer", "Bidirectional"] = "None"


@frozen(kw_only=True)
class Resources:
    """Limits as the kernel takes them; 0 means none."""

    cpu_shares: int = 0
    cpu_quota_micros: int = 0
    """Per 100 ms period."""
    memory_bytes: int = 0
    oom_score_adj: int = 0


@frozen(kw_only=True)
class Security:
    run_as_user: int | None = None
    """``None``: the image's own user, whatever the group."""
    run_as_group: int | None = None
    """``None``: the group of the user (by the image's files), or the one that the image names."""
    supplemental_groups: tuple[int, ...] = ()
    privileged: bool = False
    read_only_root: bool = False
    allow_privilege_escalation: bool = True
    add_capabilities: tuple[str, ...] = ()
    drop_capabilities: tuple[str, ...] = ()
    seccomp: Literal["", "RuntimeDefault", "Unconfined", "Localhost"] = ""
    """Empty: whatever the runtime does by itself."""
    seccomp_file: str = ""
    """Of ``Localhost``: the profile's file on this host."""
    app_armor: str = ""
    """A profile's name, or ``unconfined``; empty: the runtime's own."""
    se_linux: tuple[str, ...] = ()
    """``type:spc_t`` and the like."""
    unmasked_proc: bool = False
    """Nothing of ``/proc`` is hidden."""


@frozen(kw_only=True)
class ContainerConfig:
    name: str
    image: str
    image_id: str = ""
    command: tuple[str, ...] = ()
    """Kubernetes' ``command``: replaces the image's entry point."""
    args: tuple[str, ...] = ()
    """Kubernetes' ``args``: replaces the image's command."""
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    mounts: tuple[Mount, ...] = ()
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    stop_signal: str = ""
    attempt: int = 0
    resources: Resources = Resources()
    security: Security = Security()
    labels: Mapping[str, str] = attrs.field(factory=dict)
    annotations: Mapping[str, str] = attrs.field(factory=dict)
