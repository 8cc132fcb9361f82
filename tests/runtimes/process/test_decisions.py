"""What the process runtime decides, as tables: isolation, addresses, commands, environment, capabilities, users, limits."""

from __future__ import annotations

import signal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.contracts.runtime_config import ContainerConfig, Mount, Resources, SandboxConfig, Security
from sampan.core.errors import ConfigError
from sampan.core.ip import IPV6, Network
from sampan.runtimes.process import cgroups, jobs, pod_files
from sampan.runtimes.process.available import unavailable
from sampan.runtimes.process.images.model import StoredImage
from sampan.runtimes.process.isolation import Isolation, decide
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.network import cidr
from sampan.runtimes.process.network.ipam import AddressPool
from sampan.runtimes.process.network.pod_network import mac
from sampan.runtimes.process.shim.identity import UnknownUser, resolve
from sampan.runtimes.process.shim.job import UserJob

IMAGE = StoredImage(
    id="sha256:1", layers=("low", "high"), size=1, entrypoint=("entry",), command=("default",), env=("A=image", "B=b"),
    working_dir="/srv",
)  # fmt: skip
SANDBOX = jobs.SandboxView(
    id="s", uid="u", pid=1, hostname="web", namespaces=("net", "ipc", "uts"), own_pid=True, shm="/dev/shm/x"
)
FULL = Isolation(private=True, network=True, upper="disk", limits=True)
NOTHING = {"sort": "", "upper": "", "network": False, "problem": ""}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"sort": "plain", "network": True, "upper": "disk"}, FULL),
        ({"sort": "plain", "upper": "memory"}, Isolation(private=True, upper="memory", limits=True)),
        (
            {"sort": "single", "upper": "disk"},
            Isolation(private=True, user_namespace="single", upper="disk", limits=True),
        ),
        (
            {"sort": "range"},
            Isolation(private=True, user_namespace="range", subordinate=((1, 2), (3, 4)), limits=True),
        ),
        ({"problem": "unshare: no"}, Isolation(private=False, limits=True, problem="unshare: no")),
    ],
)
def test_isolation_is_the_best_that_was_found_possible(found: dict[str, object], expected: Isolation) -> None:
    assert decide({**NOTHING, **found}, limits=True, subordinate=((1, 2), (3, 4))) == expected


def test_it_is_available_where_processes_have_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unavailable() is None
    monkeypatch.setattr("os.pidfd_open", refuse)
    assert "needs Linux 5.3" in str(unavailable())
    monkeypatch.setattr("sys.platform", "darwin")
    assert unavailable() == "it needs Linux"


def refuse(_pid: int) -> int:
    raise OSError(38, "Function not implemented")


def test_what_isolation_lacks_is_said() -> None:
    plain = Isolation(private=False).capabilities()
    assert (plain.isolation, plain.own_network, plain.loads_images, plain.privileged) == ((), False, False, False)
    assert "spec.containers[].volumeMounts" in plain.unsupported_fields
    single = Isolation(private=True, user_namespace="single", upper="disk")
    assert "one user" in single.note()
    assert "spec.securityContext.supplementalGroups" in single.capabilities().unsupported_fields
    assert "spec.containers[].volumeMounts" not in single.capabilities().unsupported_fields


def test_a_free_range_is_chosen_beside_what_the_host_uses() -> None:
    used: list[Network] = [IPv4Network("10.244.0.0/24"), IPv4Network("10.244.1.0/30")]
    assert cidr.choose("", used, "10.244.2.0/24") == "10.244.3.0/24"
    assert cidr.choose("10.1.0.0/16", used, "") == "10.1.0.0/16"
    taken = [*used, IPv6Network("fd00:10:244::/64")]
    assert cidr.choose("", taken, "10.244.2.0/24,fd00:10:244:1::/112", IPV6) == "fd00:10:244:2::/64"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("10.244.0.128/25", "overlaps"),
        ("10.0.0.1/8", "host bits"),
        ("boat", "no range of addresses"),
        ("10.0.0.0/30", "small"),
        ("fd00::/64", "no IPv4"),
    ],
)
def test_a_range_that_cannot_be_is_refused(wanted: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        cidr.choose(wanted, [IPv4Network("10.244.0.0/24")], "")


def test_addresses_go_round_and_come_back(tmp_path: Path) -> None:
    pool = AddressPool(tmp_path, "10.0.0.0/29")
    taken = [pool.take(f"pod{number}") for number in range(5)]
    assert taken == [f"10.0.0.{number}" for number in range(2, 7)]
    with pytest.raises(RuntimeFailure, match="all 5 pod addresses"):
        pool.take("one too many")
    pool.release("10.0.0.3")
    pool.release("10.0.0.5")
    again = AddressPool(tmp_path, "10.0.0.0/29")
    assert [again.take("x"), again.take("y")] == ["10.0.0.3", "10.0.0.5"]
    again.keep_only(["pod0"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["10.0.0.2", "last-IPv4"]


def test_a_released_address_is_not_the_next_one(tmp_path: Path) -> None:
    pool = AddressPool(tmp_path, "10.0.0.0/24")
    first = pool.take("a")
    pool.release(first)
    assert pool.take("b") != first


def test_neighbours_tables_stay_right() -> None:
    assert mac("10.244.0.2") == "0a:58:0a:f4:00:02"


@pytest.mark.parametrize(
    ("command", "args", "expected"),
    [
        ((), (), ["entry", "default"]),
        ((), ("own",), ["entry", "own"]),
        (("run",), (), ["run"]),
        (("run",), ("own",), ["run", "own"]),
    ],
)
def test_command_and_args_follow_kubernetes_rule(
    command: tuple[str, ...], args: tuple[str, ...], expected: list[str]
) -> None:
    config = ContainerConfig(name="c", image="boat", command=command, args=args)
    assert jobs.argv(config, IMAGE) == expected


def test_a_container_without_any_command_is_refused() -> None:
    with pytest.raises(RuntimeFailure, match="no command"):
        jobs.argv(ContainerConfig(name="c", image="host"), None)


def test_the_environment_is_the_images_and_then_the_containers() -> None:
    config = ContainerConfig(name="c", image="boat", env=(("A", "own"),))
    env = jobs.environment(config, IMAGE, "web")
    assert (env["A"], env["B"], env["HOSTNAME"]) == ("own", "b", "web")
    assert env["PATH"].endswith("/bin")


@pytest.mark.parametrize(
    ("add", "drop", "has", "lacks"),
    [
        ((), (), {"CHOWN", "KILL"}, {"SYS_ADMIN", "NET_ADMIN"}),
        (("NET_ADMIN",), (), {"CHOWN", "NET_ADMIN"}, {"SYS_ADMIN"}),
        (("CAP_NET_ADMIN",), ("ALL",), {"NET_ADMIN"}, {"CHOWN"}),
        (("ALL",), ("kill",), {"SYS_ADMIN", "CHOWN"}, {"KILL"}),
        ((), ("ALL",), set(), {"CHOWN"}),
    ],
)
def test_capabilities(add: tuple[str, ...], drop: tuple[str, ...], has: set[str], lacks: set[str]) -> None:
    names = set(jobs.capabilities(Security(add_capabilities=add, drop_capabilities=drop)))
    assert has <= names
    assert not lacks & names


def test_an_unknown_capability_is_refused() -> None:
    with pytest.raises(RuntimeFailure, match="no capability BOAT"):
        jobs.capabilities(Security(add_capabilities=("BOAT",)))


@pytest.mark.parametrize(("name", "number"), [("SIGQUIT", 3), ("term", 15), ("9", 9), ("SIGRTMIN+3", 37)])
def test_stop_signals_in_all_spellings(name: str, number: int) -> None:
    assert jobs.signal_number(name, {each.name: int(each) for each in signal.Signals}) == number


def test_a_job_says_where_and_as_whom_a_container_runs(tmp_path: Path) -> None:
    config = ContainerConfig(
        name="c",
        image="boat",
        mounts=(Mount(host_path="/i", container_path="/a/b"), Mount(host_path="/o", container_path="/a")),
        security=Security(run_as_user=5, allow_privilege_escalation=False, read_only_root=True),
    )
    job = jobs.job(Layout(tmp_path), FULL, SANDBOX, config, IMAGE, tmp_path / "layers")
    assert [mount["target"] for mount in job["mounts"]] == ["/a", "/a/b"]
    assert [file["target"] for file in job["files"]] == ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"]
    assert (job["root"]["kind"], job["root"]["layers"]) == ("image", ["high", "low"])
    assert (job["user"]["uid"], job["no_new_privileges"], job["root"]["read_only"]) == (5, True, True)
    assert job["cwd"] == "/srv"


def test_bidirectional_mounts_are_refused(tmp_path: Path) -> None:
    mount = Mount(host_path="/x", container_path="/x", propagation="Bidirectional")
    config = ContainerConfig(name="c", image="host", command=("x",), mounts=(mount,))
    with pytest.raises(RuntimeFailure, match="Bidirectional"):
        jobs.job(Layout(tmp_path), FULL, SANDBOX, config, None, tmp_path)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\ncrew:x:100:101::/home/crew:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nsail:x:200:crew,root\noars:x:201:\n")
    return tmp_path


@pytest.mark.parametrize(
    ("image_user", "uid", "gid", "groups", "expected"),
    [
        ("", None, None, [], (0, 0, [200], "/root")),
        ("crew", None, None, [], (100, 101, [200], "/home/crew")),
        ("100", None, None, [7], (100, 101, [7, 200], "/home/crew")),
        ("crew:oars", None, None, [], (100, 201, [200], "/home/crew")),
        ("12:34", None, None, [], (12, 34, [], "/")),
        ("crew", 55, None, [], (55, 0, [], "/")),
        ("crew:oars", 100, None, [], (100, 101, [200], "/home/crew")),
        ("crew", 100, 9, [9], (100, 9, [200], "/home/crew")),
    ],
)
def test_users_are_found_in_the_images_own_files(
    users: Path, image_user: str, uid: int | None, gid: int | None, groups: list[int], expected: tuple[object, ...]
) -> None:
    who = resolve(UserJob(image_user=image_user, uid=uid, gid=gid, groups=groups), str(users))
    assert (who.uid, who.gid, who.groups, who.home) == expected


@pytest.mark.parametrize("name", ["pirate", "crew:pirates"])
def test_an_unknown_name_is_refused(users: Path, name: str) -> None:
    with pytest.raises(UnknownUser, match="pirate"):
        resolve(UserJob(image_user=name, uid=None, gid=None, groups=[]), str(users))


def test_pod_files_say_what_the_pod_asked_for() -> None:
    config = SandboxConfig(
        name="web",
        namespace="ns",
        uid="u",
        hostname="web",
        dns_servers=("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"),
        dns_searches=("ns.svc.cluster.local",),
        dns_options=("ndots:5",),
    )
    assert "10.244.0.2\tweb" in pod_files.hosts(config, ["10.244.0.2"]).splitlines()
    assert pod_files.resolv_conf(config, ()).splitlines() == [
        "nameserver 10.0.0.1", "nameserver 10.0.0.2", "nameserver 10.0.0.3", "search ns.svc.cluster.local",
        "options ndots:5",
    ]  # fmt: skip


def test_limits_are_what_both_versions_of_control_groups_take(tmp_path: Path) -> None:
    values = cgroups.limits(Resources(cpu_shares=1024, cpu_quota_micros=50_000, memory_bytes=1 << 20))
    assert (values["cpu.max"], values["cpu.cfs_quota_us"], values["memory.max"]) == ("50000 100000", "50000", "1048576")
    assert [cgroups.weight(shares) for shares in (2, 1024, 262144)] == [1, 39, 10000]
    assert cgroups.limits(Resources()) == {}


def test_use_is_read_from_either_version(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 1500\nuser_usec 1\n")
    (tmp_path / "memory.current").write_text("5000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 1000\n")
    assert cgroups.use([str(tmp_path)]) == (1_500_000, 4000)
    assert cgroups.use([]) is None
