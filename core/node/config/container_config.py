"""From a pod's container to the settings that a runtime takes. Pure, but for the mounts' paths, which are given.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Image
from sampan.core.contracts.runtime_config import (
    LABEL_ATTEMPT,
    LABEL_CLUSTER,
    LABEL_CONTAINER,
    LABEL_KIND,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_POD,
    LABEL_SPEC_HASH,
    LABEL_UID,
    ContainerConfig,
    Mount,
    Security,
)
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.security import AppArmorProfile, PodSecurityContext, SecurityContext, SELinuxOptions
from sampan.core.node.config.environment import ContainerConfigProblem
from sampan.core.node.config.expansion import expand
from sampan.core.node.config.resources import container_resources
from sampan.core.node.decide.spec_hash import spec_hash
from sampan.core.node.identity import node_uid


@frozen(kw_only=True)
class ConfigInput:
    pod: Pod
    container: Container
    attempt: int
    image: Image | None
    env: Mapping[str, str]
    mounts: tuple[Mount, ...]
    cluster: str
    node: str
    seccomp_folder: Path = Path()
    memory_capacity: int = 0
    """Bytes of the node, for the kernel's choice when memory runs out."""


def container_config(given: ConfigInput) -> ContainerConfig:
    """Raises `ContainerConfigProblem` for what this image or node cannot give."""
    pod, container = given.pod, given.container
    security = container_security(pod, container, given.seccomp_folder)
    _check_non_root(pod, container, security, given.image)
    lifecycle = container.lifecycle
    return ContainerConfig(
        name=container.name,
        image=container.image or "",
        image_id=given.image.id if given.image else "",
        command=tuple(expand(each, given.env) for each in container.command),
        args=tuple(expand(each, given.env) for each in container.args),
        env=tuple(given.env.items()),
        working_dir=container.working_dir or "",
        mounts=given.mounts,
        tty=container.tty,
        stdin=container.stdin,
        stdin_once=container.stdin_once,
        stop_signal=(lifecycle.stop_signal or "") if lifecycle else "",
        attempt=given.attempt,
        resources=container_resources(pod, container, given.memory_capacity),
        security=security,
        labels=pod_labels(pod, given.cluster, given.node)
        | {
            LABEL_KIND: "container",
            LABEL_CONTAINER: container.name,
            LABEL_ATTEMPT: str(given.attempt),
            LABEL_SPEC_HASH: spec_hash(container),
        },
        annotations=pod.metadata.annotations,
    )


def pod_labels(pod: Pod, cluster: str, node: str) -> dict[str, str]:
    """By which everything of a pod is found again."""
    meta = pod.metadata
    return {
        LABEL_CLUSTER: cluster,
        LABEL_NODE: node,
        LABEL_NAMESPACE: meta.namespace or "",
        LABEL_POD: meta.name or "",
        LABEL_UID: node_uid(pod),
    }


def container_security(pod: Pod, container: Container, seccomp_folder: Path = Path()) -> Security:
    """The container's own settings win over the pod's. ``seccomp_folder`` has the node's seccomp profiles."""
    own = container.security_context or SecurityContext()
    shared = pod.spec.security_context or PodSecurityContext()
    groups = shared.supplemental_groups + ((shared.fs_group,) if shared.fs_group is not None else ())
    capabilities = own.capabilities
    privileged = bool(own.privileged)
    seccomp = own.seccomp_profile or shared.seccomp_profile
    return Security(
        run_as_user=shared.run_as_user if own.run_as_user is None else own.run_as_user,
        run_as_group=shared.run_as_group if own.run_as_group is None else own.run_as_group,
        supplemental_groups=tuple(dict.fromkeys(groups)),
        privileged=privileged,
        read_only_root=bool(own.read_only_root_filesystem),
        allow_privilege_escalation=privileged or own.allow_privilege_escalation is not False,
        add_capabilities=capabilities.add if capabilities else (),
        drop_capabilities=capabilities.drop if capabilities else (),
        seccomp=cast("Literal['', 'RuntimeDefault', 'Unconfined', 'Localhost']", seccomp.type if seccomp else ""),
        seccomp_file=str(seccomp_folder / (seccomp.localhost_profile or "")) if seccomp else "",
        app_armor=_app_armor(own.app_armor_profile or shared.app_armor_profile),
        se_linux=_se_linux(own.se_linux_options or shared.se_linux_options),
        unmasked_proc=own.proc_mount == "Unmasked",
    )


def _app_armor(profile: AppArmorProfile | None) -> str:
    if profile is None or profile.type == "RuntimeDefault":
        return ""
    return "unconfined" if profile.type == "Unconfined" else profile.localhost_profile or ""


def _se_linux(options: SELinuxOptions | None) -> tuple[str, ...]:
    if options is None:
        return ()
    parts = {"user": options.user, "role": options.role, "type": options.type, "level": options.level}
    return tuple(f"{name}:{value}" for name, value in parts.items() if value)


def _check_non_root(pod: Pod, container: Container, security: Security, image: Image | None) -> None:
    """``runAsNonRoot``. https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"""
    own, shared = container.security_context, pod.spec.security_context
    wanted = own.run_as_non_root if own is not None and own.run_as_non_root is not None else None
    if wanted is None and shared is not None:
        wanted = shared.run_as_non_root
    if not wanted:
        return
    meta = pod.metadata
    who = f'(pod: "{meta.name}_{meta.namespace}({meta.uid})", container: {container.name})'
    if security.run_as_user is not None:
        if security.run_as_user == 0:
            raise ContainerConfigProblem(f"container's runAsUser breaks non-root policy {who}")
        return
    user = (image.user if image else "").partition(":")[0]
    if user in ("", "root") or (user.isdigit() and int(user) == 0):
        raise ContainerConfigProblem(f"container has runAsNonRoot and image will run as root {who}")
    if not user.isdigit():
        raise ContainerConfigProblem(
            f"container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root {who}"
        )
