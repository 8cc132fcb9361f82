"""Pod sandboxes: made, kept on disk, found again, and taken away. Any thread; never two for one pod."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from sampan.core.contracts.runtime import RuntimeFailure, RuntimeSettings, Sandbox
from sampan.core.contracts.runtime_config import PortMapping, SandboxConfig
from sampan.core.errors import NotFound
from sampan.core.ip import family_of
from sampan.runtimes.process import launcher, pod_files, processes
from sampan.runtimes.process.isolation import Isolation
from sampan.runtimes.process.jobs import SandboxView
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.network.cidr import host_address
from sampan.runtimes.process.network.pod_network import PodNetwork
from sampan.runtimes.process.recorded import Recorded
from sampan.runtimes.process.shim import records
from sampan.runtimes.process.shim.channel import Channel

SHARED_MEMORY = Path("/dev/shm")
UNPRIVILEGED_PORTS = {"net.ipv4.ip_unprivileged_port_start": "0"}
"""In a network of its own a pod's user may listen on any port, as with container engines."""


class Sandboxes:
    def __init__(
        self,
        layout: Layout,
        settings: RuntimeSettings,
        isolation: Isolation,
        network: PodNetwork | None,
        launch: launcher.Launcher,
    ) -> None:
        self._layout = layout
        self._settings = settings
        self._isolation = isolation
        self._network = network
        self._launcher = launch
        self._recorded = Recorded()

    def run(self, config: SandboxConfig) -> Sandbox:
        """The one that is there with this uid and attempt, or a new one."""
        for sandbox in self.all(config.uid):
            if sandbox.attempt == config.attempt:
                if self.record(sandbox.id)["ready"]:
                    return sandbox
                self.remove(sandbox.id)  # a crash left it half made
        sandbox_id = secrets.token_hex(32)
        folder = self._layout.sandboxes / sandbox_id
        folder.mkdir(mode=0o755)
        try:
            self._make(sandbox_id, folder, config)
        except BaseException:
            self.remove(sandbox_id)
            raise
        return self.get(sandbox_id)

    def get(self, sandbox_id: str) -> Sandbox:
        record = self.record(sandbox_id)
        is_running = record["ready"] and not record["stopped"] and records.is_alive(record["process"])
        return Sandbox(
            id=sandbox_id,
            name=record["name"],
            namespace=record["namespace"],
            uid=record["uid"],
            attempt=record["attempt"],
            state="running" if is_running else "exited",
            created_at=datetime.fromtimestamp(record["created_at"] / 1e9, UTC),
            ips=_ips(record),
            labels=record["labels"],
        )

    def all(self, uid: str | None = None) -> Sequence[Sandbox]:
        """All that have been begun, or one pod's, the oldest first."""
        found = []
        for name in os.listdir(self._layout.sandboxes):
            with contextlib.suppress(NotFound):  # removed meanwhile, or not begun
                if uid is None or self.record(name)["uid"] == uid:
                    found.append(self.get(name))
        return sorted(found, key=lambda sandbox: (sandbox.created_at, sandbox.id))

    def view(self, sandbox_id: str) -> SandboxView:
        """For its containers. Raises `RuntimeFailure` where it does not run."""
        record = self.record(sandbox_id)
        if self.get(sandbox_id).state != "running":
            raise RuntimeFailure(f"the sandbox of pod {record['namespace']}/{record['name']} is not running")
        return SandboxView(
            id=sandbox_id,
            uid=record["uid"],
            pid=record["process"]["pid"],
            hostname=record["hostname"],
            namespaces=tuple(record["namespaces"]),
            own_pid=self._isolation.private and not record["host_pid"] and not record["shared_pid"],
            shm=record["shm"],
        )

    def record(self, sandbox_id: str) -> dict[str, Any]:
        """Raises `NotFound`."""
        record = self._recorded.read(str(self._layout.sandboxes / sandbox_id / "sandbox.json"))
        if record is None:
            raise NotFound(f"there is no sandbox {sandbox_id}")
        return record

    def stop(self, sandbox_id: str) -> None:
        """Its containers are ended already. Idempotent; one that is not there is fine."""
        try:
            record = self.record(sandbox_id)
        except NotFound:
            return
        with processes.Watched(record["process"]) as holder:
            holder.signal(signal.SIGKILL)
            holder.wait(None)
        if "net" in record["namespaces"] and self._network and not record["stopped"]:
            self._network.release(sandbox_id, _ips(record))
        processes.kill(record["ports_process"])
        if Path(record["shm"]) != SHARED_MEMORY:
            shutil.rmtree(record["shm"], ignore_errors=True)
        self._write(sandbox_id, {**record, "stopped": True})

    def remove(self, sandbox_id: str) -> None:
        self.stop(sandbox_id)
        shutil.rmtree(self._layout.sandboxes / sandbox_id, ignore_errors=True)
        self._recorded.forget(str(self._layout.sandboxes / sandbox_id))

    def recover(self) -> None:
        """After a start: clear away what a crash left half made, or a broken disk without a record.

        The addresses of what is gone are free then.
        """
        for folder in self._layout.sandboxes.iterdir():
            if records.read(str(folder / "sandbox.json")) is None:
                shutil.rmtree(folder, ignore_errors=True)
        if self._network:
            holders = [each.id for each in self.all() if not self.record(each.id)["stopped"]]
            self._network.keep_only(holders)

    def _make(self, sandbox_id: str, folder: Path, config: SandboxConfig) -> None:
        kinds = self._namespaces(config)
        request = {
            "namespaces": kinds,
            "subordinate": self._isolation.subordinate,
            "hostname": config.hostname or config.name,
            "sysctls": self._sysctls(config, kinds),
        }
        channel = self._launcher.open("sandbox", request)
        try:
            pid = int(str(launcher.answer(channel)["pid"]))
            record = self._new_record(sandbox_id, config, kinds, pid)
            self._write(sandbox_id, record, lasting=False)
            record["ips"] = self._give_network(sandbox_id, record, channel)
            launcher.answer(channel)
        finally:
            channel.close()
        pod_files.write(folder, config, record["ips"], self._settings.dns_servers)
        record["ports_process"] = self._open_host_ports(config.ports, record)
        self._write(sandbox_id, {**record, "ready": True})

    def _namespaces(self, config: SandboxConfig) -> list[str]:
        if not self._isolation.private:
            return []
        kinds = ["uts"] if not config.host_network else []
        if self._isolation.user_namespace:
            kinds.append("user")
        if self._isolation.network and not config.host_network:
            kinds.append("net")
        if not config.host_ipc:
            kinds.append("ipc")
        if config.share_process_namespace and not config.host_pid:
            kinds.append("pid")
        return kinds

    def _sysctls(self, config: SandboxConfig, kinds: Sequence[str]) -> dict[str, str]:
        """Raises `RuntimeFailure` for one that would change the host."""
        for name in config.sysctls:
            if ("net" if name.startswith("net.") else "ipc") not in kinds:
                raise RuntimeFailure(f"the sysctl {name} cannot be set: it would change the host's")
        return {**(UNPRIVILEGED_PORTS if "net" in kinds else {}), **config.sysctls}

    def _new_record(self, sandbox_id: str, config: SandboxConfig, kinds: Sequence[str], pid: int) -> dict[str, Any]:
        about = attrs.asdict(config, filter=attrs.filters.include("name", "namespace", "uid", "attempt"))
        return {
            **about,
            "labels": dict(config.labels),
            "hostname": config.hostname or config.name,
            "host_pid": config.host_pid,
            "shared_pid": config.share_process_namespace,
            "namespaces": list(kinds),
            "process": records.identity(pid),
            "ports_process": None,
            "created_at": time.time_ns(),
            "ips": [],
            "shm": self._shared_memory(sandbox_id, config),
            "ready": False,
            "stopped": False,
        }

    def _give_network(self, sandbox_id: str, record: dict[str, Any], channel: Channel) -> list[str]:
        """Sets the sandbox up to its end; returns the pod's addresses."""
        if "net" not in record["namespaces"]:
            channel.send({})
            return [host_address()]
        assert self._network
        addresses = self._network.take(sandbox_id)
        ips = [address.ip for address in addresses]
        self._write(sandbox_id, {**record, "ips": ips}, lasting=False)
        self._network.attach(sandbox_id, record["process"]["pid"], addresses[0])
        channel.send({"network": [attrs.asdict(address) for address in addresses]})
        return ips

    def _shared_memory(self, sandbox_id: str, config: SandboxConfig) -> str:
        """The pod's /dev/shm: a folder of the host's, since containers of a pod share it."""
        if config.host_ipc or not self._isolation.private:
            return str(SHARED_MEMORY)
        folder = SHARED_MEMORY / f"sampan-{self._layout.tag}-{sandbox_id[:12]}"
        try:
            folder.mkdir(mode=0o700)
        except OSError:
            folder = self._layout.sandboxes / sandbox_id / "shm"
            folder.mkdir(mode=0o700)
        folder.chmod(0o1777)
        return str(folder)

    def _open_host_ports(self, ports: Sequence[PortMapping], record: dict[str, Any]) -> dict[str, object] | None:
        """Raises `RuntimeFailure` where a port is taken. Without a network of its own the pod listens there itself."""
        if not ports or "net" not in record["namespaces"]:
            return None
        wanted = [
            [host_ip, port.host_port, target, port.container_port, port.protocol.upper()]
            for port in ports
            for host_ip, target in _ways_in(port.host_ip, _ips(record))
        ]
        request = {"sandbox": record["process"]["pid"], "ports": wanted}
        return records.identity(int(str(self._launcher.call("host-ports", request)["pid"])))

    def _write(self, sandbox_id: str, record: dict[str, Any], *, lasting: bool = True) -> None:
        records.write(str(self._layout.sandboxes / sandbox_id / "sandbox.json"), record, lasting=lasting)


def _ips(record: Mapping[str, Any]) -> tuple[str, ...]:
    """An earlier sampan wrote down one, under another name."""
    return tuple(record["ips"] if "ips" in record else filter(None, [record["ip"]]))


def _ways_in(host_ip: str, ips: Sequence[str]) -> list[tuple[str, str]]:
    """From which address of the host to which of the pod's: of one family, or to the first where the pod has none of it."""
    by_family = {family_of(ip): ip for ip in ips}
    if host_ip:
        return [(host_ip, by_family.get(family_of(host_ip), ips[0]))]
    return [(family.any_address, ip) for family, ip in by_family.items()]
