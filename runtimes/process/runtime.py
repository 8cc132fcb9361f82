"""The process runtime: pods as Linux processes, with no engine. The rooms of this package, behind the runtime contract.

Plain blocking code, called from the node agent's thread pool. What it knows is on disk and in the kernel: a new object on
the same folder goes on where the last one stopped, however that one ended.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs

from sampan.core.contracts.runtime import (
    Auth,
    Capabilities,
    Container,
    ExecResult,
    Image,
    ImageError,
    LogOptions,
    Runtime,
    RuntimeEvent,
    RuntimeFailure,
    RuntimeInfo,
    RuntimeSettings,
    Sandbox,
    Stats,
    Stream,
)
from sampan.core.contracts.runtime_config import ContainerConfig, Resources, SandboxConfig
from sampan.core.errors import ConfigError, NotFound
from sampan.core.host.netlink import HostNetworkError
from sampan.core.host.trees import remove_tree
from sampan.runtimes.process import attach, available, cgroups, exec, port_forward, processes
from sampan.runtimes.process.containers import Containers, end_all
from sampan.runtimes.process.events import EventPipe
from sampan.runtimes.process.images.model import HOST
from sampan.runtimes.process.images.store import ImageStore
from sampan.runtimes.process.isolation import Isolation, decide, subordinate_ids
from sampan.runtimes.process.launcher import Launcher
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.logs import LogReader
from sampan.runtimes.process.network.pod_network import PodNetwork
from sampan.runtimes.process.sandboxes import SHARED_MEMORY, Sandboxes

HOST_IMAGE = Image(id=HOST, tags=(HOST,), user="0")


def make_process(settings: RuntimeSettings) -> Runtime:
    """Pods as Linux processes; no engine needed."""
    return ProcessRuntime(settings)


class ProcessRuntime:
    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = attrs.evolve(settings, state_dir=settings.state_dir.resolve())
        self._layout = Layout(self._settings.state_dir)
        self._launcher = Launcher(self._layout)
        self._groups = cgroups.ControlGroups(self._layout.tag)
        self._images = ImageStore(self._layout.images)
        self._events = EventPipe(self._layout.events)
        self._network = PodNetwork(self._layout, self._settings)
        self._isolation: Isolation | None = None
        self._made: tuple[Sandboxes, Containers] | None = None

    # -- the runtime itself

    def info(self) -> RuntimeInfo:
        note = self._isolation.note() if self._isolation else ""
        return RuntimeInfo(name="process", version=f"process://{os.uname().release.partition('-')[0]}", note=note)

    def capabilities(self) -> Capabilities:
        """Probed for where it has not been started: image verbs ask a runtime that runs no pods."""
        return (self._isolation or self._probe()).capabilities()

    def start(self) -> None:
        if self._made is not None:
            return
        if reason := available.unavailable():
            raise ConfigError(f"the process runtime cannot work here: {reason}")
        try:
            self._layout.make()
            self._events.start()
        except OSError as exc:
            raise ConfigError(f"the process runtime cannot write to {self._layout.state_dir}: {exc.strerror}") from exc
        self._groups.start()
        isolation = self._probe()
        if isolation.network:
            isolation = self._start_network(isolation)
        self._isolation = isolation
        network = self._network if isolation.network else None
        sandboxes = Sandboxes(self._layout, self._settings, isolation, network, self._launcher)
        containers = Containers(
            self._layout, isolation, sandboxes, self._images, self._groups, self._launcher, self._settings.hidden
        )
        containers.recover()
        sandboxes.recover()
        self._made = (sandboxes, containers)

    def pod_cidr(self) -> str:
        return self._network.cidr

    def events(self) -> Iterator[RuntimeEvent]:
        return self._events.read()

    def destroy(self) -> None:
        if not self._layout.state_dir.exists():
            return
        self._launcher.close()
        end_all(self._layout)
        processes.kill_all(self._layout.state_dir)
        self._network.destroy()
        self._groups.destroy()
        for folder in SHARED_MEMORY.glob(f"sampan-{self._layout.tag}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        self._remove_state()

    def close(self) -> None:
        self._events.close()
        self._launcher.close()

    # -- sandboxes

    def run_pod_sandbox(self, config: SandboxConfig) -> Sandbox:
        sandbox = self._sandboxes.run(config)
        self._events.tell(config.uid, "started")
        return sandbox

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        for container_id in self._containers.of_sandbox(sandbox_id):
            self._containers.stop(container_id, 0)
        self._sandboxes.stop(sandbox_id)

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        try:
            uid = self._sandboxes.record(sandbox_id)["uid"]
        except NotFound:
            return
        for container_id in self._containers.of_sandbox(sandbox_id):
            self._containers.remove(container_id)
        self._sandboxes.remove(sandbox_id)
        self._events.tell(uid, "removed")

    def list_pod_sandboxes(self) -> Sequence[Sandbox]:
        return self._sandboxes.all()

    def pod_containers(self, uid: str) -> tuple[Sequence[Sandbox], Sequence[Container]]:
        return self._sandboxes.all(uid), self._containers.all(uid)

    # -- containers

    def create_container(self, sandbox: Sandbox, config: ContainerConfig) -> str:
        return self._containers.create(sandbox, config)

    def start_container(self, container_id: str) -> None:
        self._containers.start(container_id)
        self._events.tell(self._containers.record(container_id)["uid"], "started")

    def stop_container(self, container_id: str, timeout: float) -> None:
        self._containers.stop(container_id, timeout)

    def remove_container(self, container_id: str) -> None:
        self._containers.remove(container_id)

    def list_containers(self) -> Sequence[Container]:
        return self._containers.all()

    # -- images

    def pull_image(self, image: str, auth: Auth | None = None) -> str:
        if found := self.image(image):
            return found.id
        raise ImageError(
            f"cannot pull {image}: the process runtime has no registry client; load it with `sampan image load FILE`",
            "ErrImagePull",
        )

    def image(self, image: str) -> Image | None:
        if image == HOST:
            return HOST_IMAGE
        found = self._images.find(image)
        return self._images.describe(found) if found else None

    def list_images(self) -> Sequence[Image]:
        return [HOST_IMAGE, *self._images.list()]

    def load_images(self, archive: Path) -> Sequence[str]:
        if not self.capabilities().loads_images:
            raise ImageError(f"images cannot run here: {self.info().note}; the image `host` can")
        return self._images.load(archive)

    def remove_image(self, image: str) -> None:
        if image == HOST:
            raise RuntimeFailure("the image `host` is this machine: it cannot be removed")
        found = self._images.find(image)
        if found is None:
            return
        if users := self._containers.users_of(found.id):
            raise RuntimeFailure(f"the image {image} is used by the container {users[0].name}: remove that first")
        self._images.remove(image)

    # -- streams

    def exec_sync(self, container_id: str, command: Sequence[str], timeout: float) -> ExecResult:
        return exec.run(self._containers, self._launcher, container_id, command, timeout)

    def exec(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> Stream:
        return exec.open_exec(self._containers, self._launcher, container_id, command, tty=tty, stdin=stdin)

    def attach(self, container_id: str, *, tty: bool, stdin: bool) -> Stream:
        return attach.open_attach(self._containers, container_id, stdin=stdin)

    def logs(self, container_id: str, options: LogOptions) -> Iterator[bytes]:
        self._containers.record(container_id)
        return LogReader(self._containers.folder(container_id), options)

    def port_forward(self, sandbox: Sandbox, port: int) -> Stream:
        return port_forward.connect(self._sandboxes, self._launcher, sandbox, port)

    def stats(self, container_id: str) -> Stats:
        running = self._containers.running(container_id)
        folders = self._containers.job(container_id)["cgroups"]
        cpu, memory = cgroups.use(folders) or processes.use(running["process"]["pid"], running["shim"]["pid"])
        return Stats(cpu_nanos=cpu, memory_bytes=memory, at=datetime.now(UTC))

    def update_container(self, container_id: str, resources: Resources) -> None:
        self._containers.running(container_id)
        cgroups.update(self._containers.job(container_id)["cgroups"], resources)

    def disk_usage(self, container_id: str) -> int:
        return self._containers.disk_usage(container_id)

    # -- inside

    @property
    def _sandboxes(self) -> Sandboxes:
        return self._rooms()[0]

    @property
    def _containers(self) -> Containers:
        return self._rooms()[1]

    def _rooms(self) -> tuple[Sandboxes, Containers]:
        if self._made is None:
            raise RuntimeFailure("the process runtime has not been started")
        return self._made

    def _probe(self) -> Isolation:
        subordinate = subordinate_ids()
        self._layout.probe.mkdir(parents=True, exist_ok=True)
        try:
            request = {"directory": str(self._layout.probe), "subordinate": subordinate}
            found = self._launcher.call("probe", request)
        except RuntimeFailure as exc:
            raise ConfigError(f"the process runtime cannot start its launcher: {exc}") from exc
        finally:
            remove_tree(str(self._layout.probe))
        return decide(found, limits=self._groups.available, subordinate=subordinate)

    def _start_network(self, isolation: Isolation) -> Isolation:
        """Without the right to make a bridge, pods get the host's network."""
        try:
            self._network.start()
        except (HostNetworkError, OSError) as exc:
            self._settings.say(f"pods share the host's network: {exc}")
            return attrs.evolve(isolation, network=False)
        return isolation

    def _remove_state(self) -> None:
        folder = str(self._layout.state_dir)
        subordinate = subordinate_ids()
        if subordinate is None:
            remove_tree(folder)
            return
        self._layout.state_dir.mkdir(exist_ok=True)
        self._launcher.call("remove", {"path": str(self._layout.containers), "subordinate": subordinate})
        self._launcher.close()
        remove_tree(folder)
