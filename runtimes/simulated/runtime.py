"""The simulated runtime: thousands of pods on one machine, for those who write schedulers and controllers.

Blocking code as every runtime's, but nothing blocks unless a script says so (``stop-time``). One lock, no threads.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zlib import crc32

from sampan.core.contracts.runtime import (
    Auth,
    Capabilities,
    Container,
    ExecResult,
    Image,
    ImageError,
    LogOptions,
    RuntimeEvent,
    RuntimeFailure,
    RuntimeInfo,
    RuntimeSettings,
    Sandbox,
    Stats,
    Stream,
)
from sampan.core.contracts.runtime_config import ContainerConfig, Resources, SandboxConfig
from sampan.core.errors import NotFound
from sampan.core.ip import IPV4, Family, family, join, part
from sampan.runtimes.simulated.script import read_script
from sampan.runtimes.simulated.streams import EndedStream
from sampan.runtimes.simulated.time import MachineTime, SimulatedTime
from sampan.runtimes.simulated.world import KILLED, SimulatedContainer, SimulatedSandbox, World, after, image_id

VERSION = "simulated://1"
SOME_USER = "65532"
"""Not root; many images call it nonroot."""


def make_simulated(settings: RuntimeSettings) -> SimulatedRuntime:
    """Pods that do what their annotations say; no containers are run."""
    return SimulatedRuntime(settings)


class SimulatedRuntime:
    """`sampan.core.contracts.runtime.Runtime` over a `World`."""

    def __init__(
        self, settings: RuntimeSettings, *, world: World | None = None, time: SimulatedTime | None = None
    ) -> None:
        self._settings = settings
        self._world = world or World()
        self._time = time or MachineTime()
        self._changed = threading.Condition()
        self._hints: list[tuple[datetime, int, RuntimeEvent]] = []
        self._hinted = 0
        self._closed = False
        self._cidr = join(
            part(settings.pod_cidr or "", each) or _range_for(settings.node, each)
            for each in map(family, settings.families)
        )

    # The runtime itself

    def info(self) -> RuntimeInfo:
        return RuntimeInfo(name="simulated", version=VERSION, note="no containers are run: pods do as annotated")

    def capabilities(self) -> Capabilities:
        return Capabilities(real_processes=False, own_network=False)

    def start(self) -> None: ...

    def pod_cidr(self) -> str:
        return self._cidr

    def events(self) -> Iterator[RuntimeEvent]:
        while True:
            with self._changed:
                while not self._closed and (not self._hints or self._hints[0][0] > self._time.now()):
                    self._time.wait(self._changed, self._hints[0][0] if self._hints else None)
                if self._closed:
                    return
                _, _, event = heapq.heappop(self._hints)
            yield event

    def destroy(self) -> None:
        for sandbox in self.list_pod_sandboxes():
            self.remove_pod_sandbox(sandbox.id)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # Sandboxes

    def run_pod_sandbox(self, config: SandboxConfig) -> Sandbox:
        with self._changed:
            for known in self._world.pod(config.uid)[0].values():
                if known.config.attempt == config.attempt:
                    return known.view()
            sandbox = SimulatedSandbox(
                id=self._world.new_id(),
                config=config,
                created_at=self._time.now(),
                ips=() if config.host_network else self._world.take_addresses(self._cidr),
            )
            self._world.add_sandbox(sandbox)
            return sandbox.view()

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        with self._changed:
            sandbox = self._world.sandboxes.get(sandbox_id)
            if sandbox is None or sandbox.state == "exited":
                return
            for container in self._containers_of(sandbox):
                self._end(container, 0, KILLED)
            sandbox.state = "exited"
            self._world.free_addresses(sandbox)

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        self.stop_pod_sandbox(sandbox_id)
        with self._changed:
            sandbox = self._world.sandboxes.get(sandbox_id)
            if sandbox is None:
                return
            for container in self._containers_of(sandbox):
                self._world.remove_container(container)
            self._world.remove_sandbox(sandbox)
            self._hint(sandbox.config.uid, "removed")

    def list_pod_sandboxes(self) -> Sequence[Sandbox]:
        with self._changed:
            return [each.view() for each in self._world.sandboxes.values()]

    # Containers

    def create_container(self, sandbox: Sandbox, config: ContainerConfig) -> str:
        script = read_script(config.name, config.annotations)
        with self._changed:
            self._need_image(config.image)
            home = self._world.sandboxes.get(sandbox.id)
            if home is None or home.state != "running":
                raise RuntimeFailure(f"the sandbox of {sandbox.namespace}/{sandbox.name} does not run")
            container = SimulatedContainer(
                id=self._world.new_id(),
                uid=sandbox.uid,
                sandbox_id=sandbox.id,
                config=config,
                script=script,
                created_at=self._time.now(),
            )
            self._world.add_container(container)
            return container.id

    def start_container(self, container_id: str) -> None:
        with self._changed:
            container = self._find(container_id)
            if container.asked_at is not None:
                return
            container.asked_at = self._time.now()
            if container.runs_at is not None:
                self._hint(container.uid, "started", container.runs_at)
            if end := container.end():
                self._hint(container.uid, "exited", end[0])

    def stop_container(self, container_id: str, timeout: float) -> None:
        with self._changed:
            container = self._world.containers.get(container_id)
            if container is None or container.state(self._time.now()) == "exited":
                return
            obeys = container.script.stop_time <= timeout and timeout > 0
            seconds = container.script.stop_time if obeys else timeout
            self._end(container, seconds, container.script.stop_exit_code if obeys else KILLED)
            while container.state(self._time.now()) != "exited":
                end = container.end()
                self._time.wait(self._changed, end[0] if end else None)

    def remove_container(self, container_id: str) -> None:
        with self._changed:
            container = self._world.containers.get(container_id)
            if container is not None:
                self._world.remove_container(container)
                self._hint(container.uid, "removed")

    def list_containers(self) -> Sequence[Container]:
        with self._changed:
            now = self._time.now()
            return [each.view(now) for each in self._world.containers.values()]

    def pod_containers(self, uid: str) -> tuple[Sequence[Sandbox], Sequence[Container]]:
        with self._changed:
            now = self._time.now()
            sandboxes, containers = self._world.pod(uid)
            return [each.view() for each in sandboxes.values()], [each.view(now) for each in containers.values()]

    # Images: there is every image, but those of the top-level domain that RFC 2606 keeps for what is not there.

    def pull_image(self, image: str, auth: Auth | None = None) -> str:
        self._need_image(image)
        return image_id(image)

    def image(self, image: str) -> Image | None:
        return None if is_missing(image) else _made_up(image)

    def list_images(self) -> Sequence[Image]:
        with self._changed:
            used = {each.config.image for each in self._world.containers.values()}
        return [_made_up(image) for image in sorted(used)]

    def load_images(self, archive: Path) -> Sequence[str]:
        raise ImageError(f"simulated pods have no image files: {archive} is not read")

    def remove_image(self, image: str) -> None: ...

    # Streams

    def exec_sync(self, container_id: str, command: Sequence[str], timeout: float) -> ExecResult:
        with self._changed:
            container = self._find_running(container_id)
            return ExecResult(exit_code=0 if container.probe_succeeds(self._time.now()) else 1, stdout=b"", stderr=b"")

    def exec(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> Stream:
        with self._changed:
            self._find_running(container_id)
        return EndedStream(0)

    def attach(self, container_id: str, *, tty: bool, stdin: bool) -> Stream:
        with self._changed:
            container = self._find_running(container_id)
        return EndedStream(0, container.script.log.encode())

    def logs(self, container_id: str, options: LogOptions) -> Iterator[bytes]:
        with self._changed:
            container = self._find(container_id)
            text = container.script.log if container.state(self._time.now()) != "created" else ""
        lines = [line.encode() + b"\n" for line in text.splitlines()]
        yield from lines if options.tail_lines is None else lines[len(lines) - min(options.tail_lines, len(lines)) :]
        with self._changed:
            while options.follow and not self._closed and container.state(self._time.now()) != "exited":
                end = container.end()
                self._time.wait(self._changed, end[0] if end else None)

    def port_forward(self, sandbox: Sandbox, port: int) -> Stream:
        raise RuntimeFailure("simulated pods have no ports to talk to")

    def stats(self, container_id: str) -> Stats:
        with self._changed:
            container = self._find_running(container_id)
            now = self._time.now()
            used = container.script.cpu_cores * container.running_for(now)
            return Stats(cpu_nanos=int(used * 1e9), memory_bytes=container.script.memory_bytes, at=now)

    def update_container(self, container_id: str, resources: Resources) -> None:
        with self._changed:
            self._find_running(container_id)

    def disk_usage(self, container_id: str) -> int:
        with self._changed:
            self._find(container_id)
        return 0

    # Under the lock

    def _containers_of(self, sandbox: SimulatedSandbox) -> list[SimulatedContainer]:
        containers = self._world.pod(sandbox.config.uid)[1].values()
        return [each for each in containers if each.sandbox_id == sandbox.id]

    def _find(self, container_id: str) -> SimulatedContainer:
        try:
            return self._world.containers[container_id]
        except KeyError:
            raise NotFound(f"there is no container {container_id}", kind="containers", name=container_id) from None

    def _find_running(self, container_id: str) -> SimulatedContainer:
        container = self._find(container_id)
        if container.state(self._time.now()) != "running":
            raise RuntimeFailure(f"the container {container.config.name} does not run")
        return container

    def _end(self, container: SimulatedContainer, seconds: float, exit_code: int) -> None:
        now = self._time.now()
        if container.state(now) == "exited":
            return
        end = after(now, seconds)
        if end is not None and (container.stopped is None or end < container.stopped[0]):
            container.stopped = (end, exit_code)
            self._hint(container.uid, "exited", end)

    def _hint(self, uid: str, type: str, at: datetime | None = None) -> None:
        self._hinted += 1
        event = RuntimeEvent(uid=uid, type=type)  # type: ignore[arg-type]
        heapq.heappush(self._hints, (at or self._time.now(), self._hinted, event))
        self._changed.notify_all()

    def _need_image(self, image: str) -> None:
        if is_missing(image):
            raise ImageError(f"{image}: no such image")


def is_missing(image: str) -> bool:
    return image.partition("/")[0].endswith(".invalid")


def _made_up(image: str) -> Image:
    """Nobody knows as whom a real one would run: a pod that refuses root is to be played as well."""
    return Image(id=image_id(image), tags=(image,), user=SOME_USER)


def _range_for(node: str, of: Family) -> str:
    """Nobody routes it, so that nodes' ranges need not differ from anybody's; mostly they do."""
    number = crc32(node.encode())
    return f"10.{number % 256}.0.0/16" if of is IPV4 else f"fd00:10:244:{number % 65536:x}::/64"
