"""What a pod is called, who resolves names for it, and its hosts file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.runtime_config import Mount
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod, PodIP, PodStatus
from sampan.core.model.core_v1.pod_spec import HostAlias, PodDNSConfig, PodDNSConfigOption, PodSpec
from sampan.core.model.core_v1.security import PodSecurityContext, Sysctl
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.config.dns import Dns, host_dns, parse_resolv_conf, pod_dns
from sampan.core.node.config.hosts_file import hosts_file
from sampan.core.node.config.names import NameTooLong, kernel_name, pod_name
from sampan.core.node.config.sandbox_config import sandbox_config
from sampan.core.node.pod_files import own_mounts

META = ObjectMeta(name="web", namespace="default", uid="u1", labels={"app": "web"})
POD = Pod(metadata=META, spec=PodSpec(node_name="n1"), status=PodStatus(pod_ip="10.0.0.1", host_ip="192.0.2.9"))


HOST = Dns(servers=("192.0.2.53",), searches=("lan",), options=("edns0",))
CLUSTER = ("10.96.0.10",)


@pytest.mark.parametrize(
    ("policy", "host_network", "cluster", "expected"),
    [
        ("ClusterFirst", False, (), HOST),
        ("Default", False, CLUSTER, HOST),
        ("ClusterFirst", True, CLUSTER, HOST),
        ("None", False, CLUSTER, Dns()),
        (
            "ClusterFirst", False, CLUSTER,
            Dns(
                servers=CLUSTER, searches=("default.svc.cluster.local", "svc.cluster.local", "cluster.local", "lan"),
                options=("ndots:5",),
            ),
        ),
    ],
)  # fmt: skip
def test_the_dns_policy_chooses_the_resolver(
    policy: str, host_network: bool, cluster: tuple[str, ...], expected: Dns
) -> None:
    pod = Pod(metadata=META, spec=PodSpec(dns_policy=policy, host_network=host_network))
    assert pod_dns(pod, HOST, cluster) == expected


def test_a_pods_own_dns_settings_come_on_top() -> None:
    own = PodDNSConfig(
        nameservers=("192.0.2.1",), searches=("mine",), options=(PodDNSConfigOption(name="ndots", value="2"),)
    )
    made = pod_dns(Pod(metadata=META, spec=PodSpec(dns_policy="Default", dns_config=own)), HOST, ())
    assert made == Dns(servers=("192.0.2.53", "192.0.2.1"), searches=("lan", "mine"), options=("edns0", "ndots:2"))


def test_a_local_resolver_of_the_host_is_looked_behind(tmp_path: Path) -> None:
    (tmp_path / "host").write_text("nameserver 127.0.0.53\nsearch lan # comment\n")
    (tmp_path / "resolved").write_text("nameserver 192.0.2.1\nnameserver 127.0.0.1\n")
    assert host_dns(tmp_path / "host", tmp_path / "resolved") == Dns(servers=("192.0.2.1",), searches=("lan",))
    assert parse_resolv_conf("options ndots:1 edns0\noptions rotate").options == ("ndots:1", "edns0", "rotate")


def test_a_sandbox_knows_its_name_and_settings() -> None:
    sysctls = (Sysctl(name="net/ipv4/tcp_syncookies", value="1"), Sysctl(name="kernel.shm_rmid_forced", value="0"))
    spec = PodSpec(security_context=PodSecurityContext(sysctls=sysctls), containers=(Container(name="main"),))
    made = sandbox_config(Pod(metadata=META, spec=spec), 2, HOST, "c", "n1")
    assert (made.hostname, made.attempt, made.labels["sampan.kind"]) == ("web", 2, "sandbox")
    assert made.sysctls == {"net.ipv4.tcp_syncookies": "1", "kernel.shm_rmid_forced": "0"}


@pytest.mark.parametrize(
    ("spec", "host", "full", "kernel"),
    [
        ({}, "web", "web", "web"),
        ({"hostname": "alpha"}, "alpha", "alpha", "alpha"),
        ({"subdomain": "ring"}, "web", "web.ring.bay.svc.cluster.local", "web"),
        ({"subdomain": "r", "set_hostname_as_fqdn": True}, "web", *["web.r.bay.svc.cluster.local"] * 2),
        ({"set_hostname_as_fqdn": True}, "web", "web", "web"),
        ({"hostname_override": "a.b.c", "subdomain": "ring"}, "a.b.c", "a.b.c", "a.b.c"),
    ],
)
def test_what_a_pod_is_called(spec: dict[str, Any], host: str, full: str, kernel: str) -> None:
    pod = Pod(metadata=ObjectMeta(name="web", namespace="bay"), spec=PodSpec(**spec))
    assert (pod_name(pod).host, pod_name(pod).full, kernel_name(pod)) == (host, full, kernel)


def test_names_are_as_long_as_the_kernel_takes_them() -> None:
    assert pod_name(Pod(metadata=ObjectMeta(name="a" * 62 + "-b"), spec=PodSpec())).host == "a" * 62
    spec = PodSpec(subdomain="s" * 46, set_hostname_as_fqdn=True)
    with pytest.raises(NameTooLong, match=r"is too long \(64 characters is the max, 70 characters requested\)"):
        kernel_name(Pod(metadata=ObjectMeta(name="a", namespace="bay"), spec=spec))


def test_the_hosts_file_is_the_kubelets() -> None:
    aliases = (HostAlias(ip="192.0.2.7", hostnames=("jetty", "quay")), HostAlias(ip="192.0.2.8", hostnames=("pier",)))
    spec = PodSpec(subdomain="ring", host_aliases=aliases)
    pod = Pod(metadata=ObjectMeta(name="web", namespace="bay"), spec=spec)
    assert hosts_file(pod, pod_name(pod), ("10.0.0.7", "fd00::7"), "").splitlines() == [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
        "10.0.0.7\tweb.ring.bay.svc.cluster.local\tweb",
        "fd00::7\tweb.ring.bay.svc.cluster.local\tweb",
        "",
        "# Entries added by HostAliases.",
        "192.0.2.7\tjetty\tquay",
        "192.0.2.8\tpier",
    ]
    shared = evolve(pod, spec=evolve(spec, host_network=True, host_aliases=()))
    machines = "127.0.0.1\tlocalhost\n"
    assert hosts_file(shared, pod_name(shared), ("192.0.2.1",), machines) == (
        f"# Kubernetes-managed hosts file (host network).\n{machines}"
    )


def test_a_containers_own_hosts_file_is_left_to_it(tmp_path: Path) -> None:
    pod = Pod(
        metadata=ObjectMeta(name="web", namespace="bay"),
        spec=PodSpec(),
        status=PodStatus(pod_ips=(PodIP(ip="10.0.0.7"),)),
    )
    ours = own_mounts(pod, Container(name="main"), 0, tmp_path, ())
    assert [each.container_path for each in ours] == ["/etc/hosts", "/dev/termination-log"]
    assert "10.0.0.7\tweb" in (tmp_path / "etc-hosts").read_text()
    taken = (Mount(host_path="/x", container_path="/etc//hosts"), Mount(host_path="/y", container_path="/dev"))
    assert [each.container_path for each in own_mounts(pod, Container(name="main"), 1, tmp_path, taken)] == [
        "/dev/termination-log"
    ]
