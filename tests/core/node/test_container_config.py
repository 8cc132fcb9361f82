"""What a container is made with besides its environment, mounts and resources: security, command; and a pod's sysctls."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.runtime import Image
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.security import PodSecurityContext, SecurityContext, Sysctl
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.config.container_config import ConfigInput, container_config
from sampan.core.node.config.environment import ContainerConfigProblem
from sampan.core.node.decide.sysctls import reject_sysctls

META = ObjectMeta(name="web", namespace="default", uid="u1", labels={"app": "web"})
POD = Pod(metadata=META, spec=PodSpec(node_name="n1"), status=PodStatus(pod_ip="10.0.0.1", host_ip="192.0.2.9"))


def config_of(container: Container, image: Image | None = None, **spec: Any) -> Any:
    pod = Pod(metadata=META, spec=PodSpec(**spec))
    return container_config(
        ConfigInput(
            pod=pod, container=container, attempt=1, image=image, env={"A": "1"}, mounts=(), cluster="c", node="n1"
        )
    )


def test_a_containers_security_wins_over_the_pods() -> None:
    own = SecurityContext(run_as_user=7, read_only_root_filesystem=True, allow_privilege_escalation=False)
    shared = PodSecurityContext(run_as_user=1, run_as_group=2, supplemental_groups=(3,), fs_group=4)
    security = config_of(Container(name="main", security_context=own), security_context=shared).security
    assert (security.run_as_user, security.run_as_group, security.supplemental_groups) == (7, 2, (3, 4))
    assert security.read_only_root
    assert not security.allow_privilege_escalation


@pytest.mark.parametrize(
    ("user", "run_as", "problem"),
    [
        ("", None, "image will run as root"),
        ("0:0", None, "image will run as root"),
        ("nginx", None, r"non-numeric user \(nginx\)"),
        ("", 0, "runAsUser breaks non-root policy"),
        ("1000", None, ""),
        ("00:1000", None, "will run as root"),
        ("", 5, ""),
    ],
)
def test_run_as_non_root_is_kept(user: str, run_as: int | None, problem: str) -> None:
    container = Container(name="main", security_context=SecurityContext(run_as_non_root=True, run_as_user=run_as))
    if not problem:
        assert config_of(container, Image(id="i", user=user)).security.run_as_user == run_as
        return
    with pytest.raises(ContainerConfigProblem, match=problem):
        config_of(container, Image(id="i", user=user))


def test_commands_are_expanded_and_labels_tell_all() -> None:
    made = config_of(Container(name="main", image="x", command=("run", "$(A)"), args=("$$(A)",)))
    assert (made.command, made.args, made.env) == (("run", "1"), ("$(A)",), (("A", "1"),))
    assert made.labels["io.kubernetes.pod.uid"] == "u1"
    assert (made.labels["sampan.attempt"], made.labels["sampan.kind"]) == ("1", "container")


@pytest.mark.parametrize(
    ("name", "spec", "message"),
    [
        ("kernel.shm_rmid_forced", {}, ""),
        ("net/ipv4/tcp_syncookies", {}, ""),
        ("net.core.somaxconn", {}, ""),
        ("kernel.msgmax", {}, 'forbidden sysctl: "kernel.msgmax" not allowlisted'),
        (
            "net.ipv4.tcp_wmem",
            {"host_network": True},
            'forbidden sysctl: "net.ipv4.tcp_wmem" not allowed with host net',
        ),
        ("kernel.shm_rmid_forced", {"host_ipc": True}, "not allowed with host ipc enabled"),
    ],
)
def test_a_pod_may_change_what_concerns_itself_alone(name: str, spec: dict[str, Any], message: str) -> None:
    security = PodSecurityContext(sysctls=(Sysctl(name=name, value="1"),))
    rejection = reject_sysctls(Pod(spec=PodSpec(security_context=security, **spec)), ("net.core.*",))
    assert (rejection is None) == (not message)
    assert rejection is None or (rejection.reason == "SysctlForbidden" and message in rejection.message)
