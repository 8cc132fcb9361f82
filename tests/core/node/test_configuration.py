"""What a container is made with: environment, mounts, resources, security, resolver."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.runtime import Image, Mount
from sampan.core.contracts.volume import PublishedVolume
from sampan.core.errors import Permanent
from sampan.core.model.core_v1.configuration import ConfigMap, Secret
from sampan.core.model.core_v1.container import Container, VolumeMount
from sampan.core.model.core_v1.environment import ConfigMapEnvSource, EnvFromSource, EnvVar, EnvVarSource
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.core_v1.pod_spec import HostAlias, PodDNSConfig, PodDNSConfigOption, PodSpec
from sampan.core.model.core_v1.references import (
    ConfigMapKeySelector,
    ObjectFieldSelector,
    ResourceFieldSelector,
    SecretKeySelector,
)
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.core_v1.security import PodSecurityContext, SecurityContext, Sysctl
from sampan.core.model.core_v1.service import Service, ServicePort, ServiceSpec
from sampan.core.model.meta import Quantity, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.config.container_config import ConfigInput, container_config, container_resources, oom_score
from sampan.core.node.config.dns import Dns, host_dns, parse_resolv_conf, pod_dns
from sampan.core.node.config.environment import ContainerConfigProblem, EnvironmentInput, environment
from sampan.core.node.config.expansion import expand
from sampan.core.node.config.fields import field_value
from sampan.core.node.config.hosts_file import hosts_file
from sampan.core.node.config.mounts import container_mounts, prepare_sub_path
from sampan.core.node.config.names import NameTooLong, kernel_name, pod_name
from sampan.core.node.config.sandbox_config import sandbox_config
from sampan.core.node.config.service_env import service_env
from sampan.core.node.decide.sysctls import reject_sysctls
from sampan.core.node.pod_files import own_mounts

META = ObjectMeta(name="web", namespace="default", uid="u1", labels={"app": "web"})
POD = Pod(metadata=META, spec=PodSpec(node_name="n1"), status=PodStatus(pod_ip="10.0.0.1", host_ip="192.0.2.9"))
CONFIG = ConfigMap(metadata=ObjectMeta(name="config", namespace="default"), data={"colour": "blue", "size": "4"})
SECRET = Secret(metadata=ObjectMeta(name="secret", namespace="default"), data={"key": b"s3cret"})
OBJECTS: dict[Any, Any] = {(type(each), *each.key): each for each in (CONFIG, SECRET)}


def env_of(container: Container, services: dict[str, str] | None = None) -> dict[str, str]:
    return environment(
        EnvironmentInput(
            pod=POD,
            container=container,
            services=services or {},
            allocatable={"memory": "1Gi"},
            get=lambda kind, namespace, name: OBJECTS.get((kind, namespace, name)),
        )
    )


def variable(name: str, **source: Any) -> EnvVar:
    return EnvVar(name=name, value_from=EnvVarSource(**source))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)-$(B)", "1-2"),
        ("$$(A)", "$(A)"),
        ("$(C)", "$(C)"),
        ("$A $ $(", "$A $ $("),
        ("$$$(A)$$", "$1$"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expected


def test_an_environment_comes_from_everywhere() -> None:
    container = Container(
        name="main",
        resources=ResourceRequirements(requests={"cpu": Quantity("250m")}),
        env_from=(EnvFromSource(prefix="C_", config_map_ref=ConfigMapEnvSource(name="config")),),
        env=(
            variable("IP", field_ref=ObjectFieldSelector(field_path="status.podIP")),
            variable("APP", field_ref=ObjectFieldSelector(field_path="metadata.labels['app']")),
            variable("CPU", resource_field_ref=ResourceFieldSelector(resource="requests.cpu", divisor=Quantity("1m"))),
            variable("MEMORY", resource_field_ref=ResourceFieldSelector(resource="limits.memory")),
            variable("COLOUR", config_map_key_ref=ConfigMapKeySelector(name="config", key="colour")),
            variable("KEY", secret_key_ref=SecretKeySelector(name="secret", key="key")),
            variable("NONE", secret_key_ref=SecretKeySelector(name="no", key="key", optional=True)),
            EnvVar(name="URL", value="http://$(IP):$(WEB_PORT)/$(NOBODY)"),
        ),
    )
    assert env_of(container, {"WEB_PORT": "80", "IP": "hidden"}) == {
        "C_colour": "blue",
        "C_size": "4",
        "IP": "10.0.0.1",
        "APP": "web",
        "CPU": "250",
        "MEMORY": str(1 << 30),
        "COLOUR": "blue",
        "KEY": "s3cret",
        "URL": "http://10.0.0.1:80/$(NOBODY)",
        "WEB_PORT": "80",
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"config_map_key_ref": ConfigMapKeySelector(name="no", key="k")}, 'configmap "no" not found'),
        ({"secret_key_ref": SecretKeySelector(name="no", key="k")}, 'secret "no" not found'),
        (
            {"config_map_key_ref": ConfigMapKeySelector(name="config", key="k")},
            "couldn't find key k in ConfigMap default/config",
        ),
    ],
)
def test_what_is_missing_is_named(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ContainerConfigProblem, match=f"^{message}$"):
        env_of(Container(name="main", env=(variable("X", **source),)))


def test_fields_that_do_not_exist_are_refused() -> None:
    with pytest.raises(Permanent, match=r"field label not supported: spec\.x"):
        field_value(POD, "spec.x")


def service(name: str, ip: str = "10.96.0.7", namespace: str = "default", *ports: ServicePort) -> Service:
    ports = ports or (ServicePort(port=80, protocol="TCP"),)
    return Service(metadata=ObjectMeta(name=name, namespace=namespace), spec=ServiceSpec(cluster_ip=ip, ports=ports))


def test_services_are_named_in_the_environment() -> None:
    named = (ServicePort(name="http", port=80, protocol="TCP"), ServicePort(name="dns", port=53, protocol="UDP"))
    assert service_env([service("my-web", "10.96.0.7", "default", *named)], "default", links=True) == {
        "MY_WEB_SERVICE_HOST": "10.96.0.7",
        "MY_WEB_SERVICE_PORT": "80",
        "MY_WEB_SERVICE_PORT_HTTP": "80",
        "MY_WEB_SERVICE_PORT_DNS": "53",
        "MY_WEB_PORT": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP_PROTO": "tcp",
        "MY_WEB_PORT_80_TCP_PORT": "80",
        "MY_WEB_PORT_80_TCP_ADDR": "10.96.0.7",
        "MY_WEB_PORT_53_UDP": "udp://10.96.0.7:53",
        "MY_WEB_PORT_53_UDP_PROTO": "udp",
        "MY_WEB_PORT_53_UDP_PORT": "53",
        "MY_WEB_PORT_53_UDP_ADDR": "10.96.0.7",
    }


def test_headless_and_foreign_services_are_not_named_but_the_api_server_always_is() -> None:
    services = [service("headless", "None"), service("far", namespace="other"), service("kubernetes", "10.96.0.1")]
    for links in (True, False):
        env = service_env(services, "mine", links=links)
        assert {key for key in env if key.endswith("_SERVICE_HOST")} == {"KUBERNETES_SERVICE_HOST"}


class TestSubPath:
    @pytest.fixture
    def volume(self, tmp_path: Path) -> Path:
        (tmp_path / "volume" / "real").mkdir(parents=True)
        (tmp_path / "volume" / "inside").symlink_to("real")
        (tmp_path / "volume" / "outside").symlink_to("../secret")
        (tmp_path / "volume" / "absolute").symlink_to("/etc")
        (tmp_path / "secret").mkdir()
        return tmp_path / "volume"

    def test_what_is_there_is_taken_through_links_within_the_volume(self, volume: Path) -> None:
        before = sorted(volume.rglob("*"))
        prepare_sub_path(volume, "inside", "it")
        assert sorted(volume.rglob("*")) == before

    @pytest.mark.parametrize("mode", [0o777, 0o2777, 0o755])
    def test_missing_folders_are_made_with_the_volumes_own_mode(self, volume: Path, mode: int) -> None:
        volume.chmod(mode)
        prepare_sub_path(volume, "inside/new/deep", "it")
        made = (volume / "real/new", volume / "real/new/deep")
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [mode, mode]

    @pytest.mark.parametrize("path", ["outside", "outside/x", "absolute", "absolute/passwd", "../secret", "/etc"])
    def test_nothing_leads_out_of_the_volume(self, volume: Path, path: str) -> None:
        with pytest.raises(ContainerConfigProblem):
            prepare_sub_path(volume, path, "it")
        assert list((volume.parent / "secret").iterdir()) == []

    def test_a_mount_takes_its_sub_path_from_the_environment(self, volume: Path) -> None:
        mount = VolumeMount(name="v", mount_path="/data", sub_path_expr="$(WHO)/x", read_only=True)
        container = Container(name="main", volume_mounts=(mount,))
        published = {"v": PublishedVolume(host_path=volume)}
        (made,) = container_mounts(container, published, {"WHO": "real"})
        assert (made.host_path, made.sub_path, made.container_path) == (str(volume), "real/x", "/data")
        assert made.read_only
        with pytest.raises(ContainerConfigProblem, match="missing value"):
            container_mounts(container, published, {})


class TestMountsInsideOfMounts:
    """A container cannot make the place for a volume inside of one that is read-only to it."""

    @pytest.fixture
    def volumes(self, tmp_path: Path) -> dict[str, PublishedVolume]:
        for name in ("outer", "inner", "host"):
            (tmp_path / name).mkdir()
        (tmp_path / "inner" / "file").write_text("x")
        return {
            "outer": PublishedVolume(host_path=tmp_path / "outer", read_only=True),
            "inner": PublishedVolume(host_path=tmp_path / "inner", read_only=True),
            "host": PublishedVolume(host_path=tmp_path / "host", mount_points=False),
        }

    def places(self, volumes: dict[str, PublishedVolume], *mounts: VolumeMount) -> list[str]:
        container_mounts(Container(name="main", volume_mounts=mounts), volumes, {})
        root = volumes[mounts[0].name].host_path
        return sorted(f"{path.relative_to(root)}{'/' if path.is_dir() else ''}" for path in root.rglob("*"))

    def test_a_folder_and_a_file_are_made_where_they_are_mounted(self, volumes: dict[str, PublishedVolume]) -> None:
        outer = VolumeMount(name="outer", mount_path="/etc/app")
        folder = VolumeMount(name="inner", mount_path="/etc/app/sites/d")
        file = VolumeMount(name="inner", mount_path="/etc/app/conf/one", sub_path="file")
        assert self.places(volumes, outer, folder, file) == ["conf/", "conf/one", "sites/", "sites/d/"]
        assert self.places(volumes, outer, folder, file) == ["conf/", "conf/one", "sites/", "sites/d/"]

    def test_only_the_volume_around_it_gets_the_place(self, volumes: dict[str, PublishedVolume]) -> None:
        outer = VolumeMount(name="outer", mount_path="/a")
        between = VolumeMount(name="inner", mount_path="/a/b")
        beside = VolumeMount(name="inner", mount_path="/ab/c")
        innermost = VolumeMount(name="inner", mount_path="/a/b/c")
        assert self.places(volumes, outer, between, beside, innermost) == ["b/"]
        assert (volumes["inner"].host_path / "c").is_dir()

    def test_nothing_is_made_in_the_hosts_own_folders(self, volumes: dict[str, PublishedVolume]) -> None:
        outer = VolumeMount(name="host", mount_path="/a", read_only=True)
        assert self.places(volumes, outer, VolumeMount(name="inner", mount_path="/a/b")) == []

    def test_a_link_in_the_way_leads_nowhere(self, volumes: dict[str, PublishedVolume], tmp_path: Path) -> None:
        (volumes["outer"].host_path / "out").symlink_to("../host")
        outer = VolumeMount(name="outer", mount_path="/a")
        with pytest.raises(ContainerConfigProblem, match="mount point for /a/out/b"):
            self.places(volumes, outer, VolumeMount(name="inner", mount_path="/a/out/b"))
        assert list((tmp_path / "host").iterdir()) == []


@pytest.mark.parametrize(
    ("limits", "requests", "shares", "quota", "memory"),
    [
        ({}, {}, 2, 0, 0),
        ({}, {"cpu": "500m"}, 512, 0, 0),
        ({"cpu": "1500m", "memory": "64Mi"}, {}, 1536, 150_000, 64 << 20),
        ({"cpu": "1m"}, {}, 2, 1000, 0),
    ],
)
def test_requests_become_shares_and_limits_quotas(
    limits: dict[str, Quantity], requests: dict[str, Quantity], shares: int, quota: int, memory: int
) -> None:
    container = Container(name="main", resources=ResourceRequirements(limits=limits, requests=requests))
    made = container_resources(POD, container, 1 << 30)
    assert (made.cpu_shares, made.cpu_quota_micros, made.memory_bytes) == (shares, quota, memory)


@pytest.mark.parametrize(
    ("qos", "request_bytes", "score"),
    [("Guaranteed", 1 << 20, -997), ("BestEffort", 0, 1000), ("Burstable", 512 << 20, 500), ("Burstable", 1, 999)],
)
def test_the_kernel_kills_best_effort_first(qos: str, request_bytes: int, score: int) -> None:
    assert oom_score(qos, request_bytes, 1 << 30) == score


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
    assert hosts_file(pod, pod_name(pod), "10.0.0.7", "").splitlines() == [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
        "10.0.0.7\tweb.ring.bay.svc.cluster.local\tweb",
        "",
        "# Entries added by HostAliases.",
        "192.0.2.7\tjetty\tquay",
        "192.0.2.8\tpier",
    ]
    shared = evolve(pod, spec=evolve(spec, host_network=True, host_aliases=()))
    machines = "127.0.0.1\tlocalhost\n"
    assert hosts_file(shared, pod_name(shared), "192.0.2.1", machines) == (
        f"# Kubernetes-managed hosts file (host network).\n{machines}"
    )


def test_a_containers_own_hosts_file_is_left_to_it(tmp_path: Path) -> None:
    pod = Pod(metadata=ObjectMeta(name="web", namespace="bay"), spec=PodSpec(), status=PodStatus(pod_ip="10.0.0.7"))
    ours = own_mounts(pod, Container(name="main"), 0, tmp_path, ())
    assert [each.container_path for each in ours] == ["/etc/hosts", "/dev/termination-log"]
    assert "10.0.0.7\tweb" in (tmp_path / "etc-hosts").read_text()
    taken = (Mount(host_path="/x", container_path="/etc//hosts"), Mount(host_path="/y", container_path="/dev"))
    assert [each.container_path for each in own_mounts(pod, Container(name="main"), 1, tmp_path, taken)] == [
        "/dev/termination-log"
    ]


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
