"""Pods of the process runtime beyond the contract: terminals, host ports, volumes in hidden places, the outside."""

from __future__ import annotations

import os
import socket
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest

from sampan.core.contracts.runtime import LogOptions, Runtime, RuntimeFailure, RuntimeSettings, Sandbox
from sampan.core.contracts.runtime_config import ContainerConfig, Mount, PortMapping, SandboxConfig, Security
from sampan.core.host.capabilities import has_ipv6
from sampan.runtimes.process.isolation import Isolation
from sampan.runtimes.process.runtime import ProcessRuntime
from tests.support.needs import needs
from tests.support.wait import eventually

needs_root = needs(os.geteuid() == 0, "a network of one's own needs root")


class WithUpper(ProcessRuntime):
    """As on a host that lets overlays be written there only: on disk, in memory, or nowhere."""

    def __init__(self, settings: RuntimeSettings, upper: str) -> None:
        super().__init__(settings)
        self._upper = upper

    def _probe(self) -> Isolation:
        found = super()._probe()
        return attrs.evolve(found, upper=self._upper if found.upper else "")


@pytest.fixture(scope="module", params=["disk", "memory", ""], ids=["disk", "memory", "nowhere"])
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder = tmp_path_factory.mktemp("pods") / "state"
    made = WithUpper(RuntimeSettings(cluster="c", node="n", state_dir=folder), request.param)
    made.start()
    if not made.capabilities().isolation:
        made.destroy()
        made.close()
        pytest.skip("this kernel allows this user no namespaces")
    yield made
    made.destroy()
    made.close()


@pytest.fixture
def pod(runtime: Runtime) -> Sandbox:
    return make_pod(runtime)


def make_pod(runtime: Runtime, **changes: Any) -> Sandbox:
    return runtime.run_pod_sandbox(
        SandboxConfig(**{"name": "web", "namespace": "default", "uid": str(uuid4()), "hostname": "web", **changes})
    )


def run(runtime: Runtime, sandbox: Sandbox, script: str, **changes: Any) -> str:
    config = ContainerConfig(**{"name": "main", "image": "host", "command": ("sh", "-c", script), **changes})
    container = runtime.create_container(sandbox, config)
    runtime.start_container(container)
    return container


def says(runtime: Runtime, sandbox: Sandbox, script: str, **changes: Any) -> str:
    container = run(runtime, sandbox, script, **changes)
    return b"".join(runtime.logs(container, LogOptions(follow=True))).decode().strip()


def test_the_first_process_of_a_container_is_its_own(runtime: Runtime, pod: Sandbox) -> None:
    assert says(runtime, pod, "echo $$; readlink /proc/self/ns/pid >/dev/null && ls -d /proc/[0-9]*").startswith("1\n")


def has_overlays(runtime: Runtime) -> bool:
    return bool(runtime._isolation.upper)  # type: ignore[attr-defined]


def test_what_a_container_writes_stays_in_it(runtime: Runtime, pod: Sandbox, tmp_path: Path) -> None:
    if not has_overlays(runtime):
        pytest.skip("without overlays the host's files are read-only")
    mark = tmp_path / "mark"
    mark.write_text("host")
    tmp_path.chmod(0o777)
    first = says(runtime, pod, f"echo pod >{mark}; cat {mark}")
    second = says(runtime, pod, f"cat {mark}", name="other")
    assert (first, second, mark.read_text()) == ("pod", "host", "host")


def test_without_overlays_the_hosts_files_are_read_only_and_tmp_is_the_containers(
    runtime: Runtime, pod: Sandbox, tmp_path: Path
) -> None:
    if has_overlays(runtime):
        pytest.skip("there are overlays")
    said = says(runtime, pod, f"touch /usr/{tmp_path.name} 2>/dev/null || echo refused; echo pod >/tmp/x && cat /tmp/x")
    assert said.split() == ["refused", "pod"]


def test_the_state_folder_is_hidden_from_pods(runtime: Runtime, pod: Sandbox) -> None:
    folder = runtime._layout.state_dir  # type: ignore[attr-defined]
    assert (folder / "sandboxes").is_dir()
    assert says(runtime, pod, f"ls -A {folder} 2>/dev/null") == ""


def test_volumes_can_lie_where_the_host_has_nothing(runtime: Runtime, pod: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("volume")
    targets = ("/data/redis", "/usr/share/sampan/none/html", "/etc/sampan.d")
    mounts = tuple(Mount(host_path=str(tmp_path), container_path=target) for target in targets)
    script = "; ".join(f"cat {target}/f; echo" for target in targets) + "; ls /etc/hosts /usr/bin/env"
    assert says(runtime, pod, script, mounts=mounts).split() == ["volume"] * 3 + ["/etc/hosts", "/usr/bin/env"]
    assert not Path("/data/redis").exists()


def test_a_volume_through_a_link_stays_in_the_container(runtime: Runtime, pod: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("volume")
    mount = Mount(host_path=str(tmp_path), container_path="/var/run/secrets/token")
    assert says(runtime, pod, "cat /run/secrets/token/f", mounts=(mount,)) == "volume"


def test_a_missing_volume_is_named(runtime: Runtime, pod: Sandbox) -> None:
    mount = Mount(host_path="/no/such/volume", container_path="/data")
    with pytest.raises(RuntimeFailure, match="/no/such/volume: No such file"):
        run(runtime, pod, "true", mounts=(mount,))


def test_containers_of_a_pod_share_memory_and_ipc(runtime: Runtime, pod: Sandbox) -> None:
    run(runtime, pod, "echo hello >/dev/shm/x; sleep 60")
    assert says(runtime, pod, "until [ -s /dev/shm/x ]; do sleep 0.05; done; cat /dev/shm/x", name="b") == "hello"


def test_a_container_has_the_usual_devices_only(runtime: Runtime, pod: Sandbox) -> None:
    names = says(
        runtime, pod, "ls /dev; echo x >/dev/null && head -c1 /dev/zero | wc -c; test -b /dev/vda || echo none"
    )
    *devices, count, disks = names.split()
    assert {"null", "zero", "random", "urandom", "tty", "pts", "shm", "ptmx", "fd"} <= set(devices)
    assert (count, disks) == ("1", "none")
    assert len(devices) < 20


def test_no_new_privileges(runtime: Runtime, pod: Sandbox) -> None:
    script = "grep NoNewPrivs /proc/self/status | tr -dc 0-9"
    assert says(runtime, pod, script, security=Security(allow_privilege_escalation=False)) == "1"
    assert says(runtime, pod, script, name="b") == "0"


def test_a_container_with_a_terminal_is_attached_to(runtime: Runtime, pod: Sandbox) -> None:
    container = run(runtime, pod, "tty; stty size; read x; stty size; exit 5", tty=True, stdin=True)
    lines = runtime.logs(container, LogOptions(follow=True))
    assert next(lines).startswith(b"/dev/pts/")
    stream = runtime.attach(container, tty=True, stdin=True)
    stream.resize(100, 30)
    stream.write(b"go\n")
    seen = b""
    while (piece := stream.read()) is not None:
        assert piece[0] == "stdout"
        seen += piece[1]
    assert b"30 100" in seen
    assert stream.exit_code() == 5
    stream.close()


def test_stdin_once_ends_with_the_first_client(runtime: Runtime, pod: Sandbox) -> None:
    container = run(runtime, pod, "cat; echo end", stdin=True, stdin_once=True)
    stream = runtime.attach(container, tty=False, stdin=True)
    stream.write(b"hello\n")
    assert stream.read() == ("stdout", b"hello\n")
    stream.close()
    assert list(runtime.logs(container, LogOptions(follow=True))) == [b"hello\n", b"end\n"]


def test_much_input_reaches_an_attached_container(runtime: Runtime, pod: Sandbox) -> None:
    container = run(runtime, pod, "sleep 0.3; wc -c", stdin=True)
    stream = runtime.attach(container, tty=False, stdin=True)
    stream.write(b"x" * 300_000)
    stream.close_stdin()
    assert stream.read() == ("stdout", b"300000\n")
    assert stream.exit_code() == 0
    stream.close()


@needs_root
@needs(has_ipv6(), "the host has no IPv6")
def test_host_ports_lead_to_the_pods_address_of_the_same_family(tmp_path: Path) -> None:
    families = ("IPv4", "IPv6")
    runtime = ProcessRuntime(RuntimeSettings(cluster="c", node="n", state_dir=tmp_path / "state", families=families))
    runtime.start()
    try:
        if not runtime.capabilities().own_network:
            pytest.skip("this kernel allows no networks of pods' own")
        with socket.socket(socket.AF_INET6) as free:
            free.bind(("::", 0))
            port = free.getsockname()[1]
        pod = make_pod(runtime, ports=(PortMapping(container_port=8080, host_port=port),))
        run(runtime, pod, "mkdir /www; head -c 7 /dev/zero >/www/x; exec python3 -m http.server -b :: -d /www 8080")
        for host in ("127.0.0.1", "[::1]"):
            eventually(partial(reaches, f"http://{host}:{port}/x", 7), host)
    finally:
        runtime.destroy()
        runtime.close()


def reaches(url: str, size: int) -> bool:
    return fetch(url) == size


@needs_root
def test_host_ports_lead_into_the_pod(runtime: Runtime) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pod = make_pod(runtime, ports=(PortMapping(container_port=80, host_port=port, host_ip="127.0.0.1"),))
    run(runtime, pod, "mkdir /www; head -c 300000 /dev/zero >/www/big; exec python3 -m http.server -d /www 80")
    eventually(lambda: fetch(f"http://{pod.ip}/big") == 300_000)
    assert fetch(f"http://127.0.0.1:{port}/big") == 300_000
    with pytest.raises(RuntimeFailure, match=f"host port {port}/TCP cannot be had"):
        make_pod(runtime, ports=(PortMapping(container_port=80, host_port=port, host_ip="127.0.0.1"),))
    runtime.remove_pod_sandbox(pod.id)
    again = make_pod(runtime, ports=(PortMapping(container_port=80, host_port=port, host_ip="127.0.0.1"),))
    runtime.remove_pod_sandbox(again.id)


@needs_root
def test_a_pod_has_its_own_sysctls_and_may_use_low_ports(runtime: Runtime) -> None:
    pod = make_pod(runtime, sysctls={"net.ipv4.ip_local_port_range": "5000 6000"})
    assert says(runtime, pod, "cat /proc/sys/net/ipv4/ip_local_port_range").split() == ["5000", "6000"]
    with pytest.raises(RuntimeFailure, match="would change the host"):
        make_pod(runtime, host_network=True, sysctls={"net.ipv4.ip_local_port_range": "5000 6000"})


def fetch(url: str) -> int:
    """The length of the answer; 0 where there is none yet."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return len(answer.read())
    except OSError:
        return 0
