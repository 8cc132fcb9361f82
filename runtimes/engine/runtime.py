"""The runtime contract over an engine's API: what Docker and Podman do alike.

Blocking; called from the node agent's pool, several calls at a time. It keeps nothing that an engine does not know: a
new object with the same settings sees the same pods.
"""

from __future__ import annotations

import contextlib
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs

from sampan.core.contracts.runtime import (
    Auth,
    Container,
    ExecResult,
    Image,
    ImageError,
    LogOptions,
    RuntimeEvent,
    RuntimeFailure,
    RuntimeSettings,
    Sandbox,
    Stream,
)
from sampan.core.contracts.runtime_config import LABEL_KIND, LABEL_UID, ContainerConfig, Resources, SandboxConfig
from sampan.core.errors import NotFound
from sampan.runtimes.engine import inspect, names, pinned
from sampan.runtimes.engine.api import EngineApi
from sampan.runtimes.engine.containers import EngineContainers
from sampan.runtimes.engine.errors import EngineRefusal
from sampan.runtimes.engine.events import EventFeed
from sampan.runtimes.engine.image_files import ImageFiles
from sampan.runtimes.engine.images import EngineImages
from sampan.runtimes.engine.logs import EngineLogs
from sampan.runtimes.engine.pinned import PinnedSubPaths
from sampan.runtimes.engine.processes import EngineProcesses
from sampan.runtimes.engine.streams import ChannelStream, Connection

PORT_FORWARD_TIMEOUT = 10.0
"""Seconds for a pod's server to take a connection."""

REMOVALS_AT_ONCE = 8
UNSTARTED = ("created", "configured", "initialized")


class EngineRuntime(ABC):
    """Containers, streams and events. Sandboxes and settings are the engine's own. See the contract's ``Runtime``."""

    def __init__(
        self,
        settings: RuntimeSettings,
        api: EngineApi,
        containers: EngineContainers,
        images: EngineImages,
        logs: EngineLogs,
    ) -> None:
        self._settings = settings
        self._owner = names.owner_labels(settings)
        self._network = names.network_name(settings)
        self._api = api
        self._containers = containers
        self._images = images
        self._processes = EngineProcesses(api, containers, logs)
        self._feed = EventFeed(api, self._owner)
        self._sub_paths = PinnedSubPaths(settings.state_dir / "sub-paths")
        self._image_files = ImageFiles(settings.state_dir / "image-volumes", images)

    @abstractmethod
    def create_sandbox(self, config: SandboxConfig, name: str) -> None:
        """Make a sandbox, not running; ``name`` is that of the container which holds its namespaces."""

    @abstractmethod
    def start_sandbox(self, config: SandboxConfig, name: str) -> None: ...

    @abstractmethod
    def container_body(
        self, sandbox: Sandbox, config: ContainerConfig, labels: Mapping[str, str], image_user: str
    ) -> dict[str, Any]:
        """A container's settings in the words that the engine's create call takes."""

    @abstractmethod
    def update_container(self, container_id: str, resources: Resources) -> None: ...

    @abstractmethod
    def sandbox_listed(self, entry: Mapping[str, Any]) -> Sandbox:
        """The sandbox that an entry of the engine's list of containers stands for. `NotFound` where it went meanwhile."""

    def run_pod_sandbox(self, config: SandboxConfig) -> Sandbox:
        """One that a crash left created is started; one that ran is not started again."""
        name = names.sandbox_name(config)
        try:
            self.create_sandbox(config, name)
        except EngineRefusal:
            there = self._containers.find(name)
            if there is None:
                raise
            if there["State"]["Status"] not in UNSTARTED:
                return inspect.sandbox_of(there, network=self._network)
        self.start_sandbox(config, name)
        return inspect.sandbox_of(self._containers.inspect(name), network=self._network)

    def list_pod_sandboxes(self) -> Sequence[Sandbox]:
        return self._sandboxes(self._listed({LABEL_KIND: names.KIND_SANDBOX}))

    def create_container(self, sandbox: Sandbox, config: ContainerConfig) -> str:
        mounts, pins = self._sub_paths.pin(self._image_files.put(sandbox.id, config.mounts))
        config = attrs.evolve(config, mounts=mounts)
        try:
            labels = names.container_labels(self._settings, sandbox, config)
            body = self.container_body(sandbox, config, labels, self._image_user(config))
            container_id = self._containers.create(names.container_name(sandbox, config), body)
        except BaseException as exc:
            pinned.release(pins)
            if isinstance(exc, (NotFound, EngineRefusal)) and not self._images.find(config.image_id or config.image):
                raise ImageError(str(exc)) from exc
            raise
        self._sub_paths.hold(container_id, pins)
        return container_id

    def _image_user(self, config: ContainerConfig) -> str:
        """Asked for where the pod names a group alone: the engine takes a group with its user only."""
        if config.security.run_as_group is None or config.security.run_as_user is not None:
            return ""
        image = self._images.find(config.image_id or config.image)
        if image is None:
            raise ImageError(f"the image {config.image} is not there")
        return image.user

    def start_container(self, container_id: str) -> None:
        """An engine answers 404 for a command that is not there as for a container that is not."""
        try:
            self._containers.start(container_id)
        except NotFound as exc:
            self._containers.inspect(container_id)
            raise RuntimeFailure(str(exc)) from exc
        finally:
            self._sub_paths.release(container_id)

    def stop_container(self, container_id: str, timeout: float) -> None:
        if timeout > 0:
            self._containers.stop(container_id, timeout)
        else:
            self._containers.kill(container_id)

    def remove_container(self, container_id: str) -> None:
        self._sub_paths.release(container_id)
        self._containers.remove(container_id)

    def clear_left_overs(self) -> None:
        """Before the first container: what a crash left on this host's disk."""
        self._sub_paths.clear()
        self._image_files.keep(lambda: {sandbox.id for sandbox in self.list_pod_sandboxes()})

    def list_containers(self) -> Sequence[Container]:
        return self._inspected(self._listed({LABEL_KIND: names.KIND_CONTAINER}))

    def pod_containers(self, uid: str) -> tuple[Sequence[Sandbox], Sequence[Container]]:
        """One list for both kinds, as this is asked after every event."""
        kinds: dict[str, list[dict[str, Any]]] = {names.KIND_SANDBOX: [], names.KIND_CONTAINER: []}
        for entry in self._listed({LABEL_UID: uid}):
            kinds[entry["Labels"][LABEL_KIND]].append(entry)
        return self._sandboxes(kinds[names.KIND_SANDBOX]), self._inspected(kinds[names.KIND_CONTAINER])

    def pull_image(self, image: str, auth: Auth | None = None) -> str:
        return self._images.pull(image, auth)

    def image(self, image: str) -> Image | None:
        return self._images.find(image)

    def list_images(self) -> Sequence[Image]:
        """Their ``user`` is known to `image` only."""
        return self._images.list()

    def load_images(self, archive: Path) -> Sequence[str]:
        return self._images.load(archive)

    def remove_image(self, image: str) -> None:
        self._images.remove(image)

    def exec_sync(self, container_id: str, command: Sequence[str], timeout: float) -> ExecResult:
        return self._processes.exec_sync(container_id, command, timeout)

    def exec(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> Stream:
        return self._processes.exec(container_id, command, tty=tty, stdin=stdin)

    def attach(self, container_id: str, *, tty: bool, stdin: bool) -> Stream:
        return self._processes.attach(container_id, tty=tty, stdin=stdin)

    def logs(self, container_id: str, options: LogOptions) -> Iterator[bytes]:
        return self._processes.logs(container_id, options)

    def port_forward(self, sandbox: Sandbox, port: int) -> Stream:
        """Straight to the pod's address, which this host has a route to."""
        try:
            connection = socket.create_connection((sandbox.ip or "127.0.0.1", port), timeout=PORT_FORWARD_TIMEOUT)
        except OSError as exc:
            raise RuntimeFailure(f"cannot connect to port {port} of the pod: {exc.strerror or exc}") from exc
        return ChannelStream(Connection(connection), framed=False)

    def disk_usage(self, container_id: str) -> int:
        """The engine walks through the container's files for it: not for every look."""
        return int(self._containers.inspect(container_id, size=True).get("SizeRw") or 0)

    def events(self) -> Iterator[RuntimeEvent]:
        return self._feed.events()

    def _listed(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """This cluster's and node's containers with these labels, as the engine lists them."""
        return self._containers.list({**self._owner, **labels})

    def _container_ids(self, labels: Mapping[str, str]) -> list[str]:
        return [entry["Id"] for entry in self._listed(labels)]

    def _sandboxes(self, entries: list[dict[str, Any]]) -> list[Sandbox]:
        found = []
        for entry in entries:
            with contextlib.suppress(NotFound):
                found.append(self.sandbox_listed(entry))
        return found

    def _inspected(self, entries: list[dict[str, Any]]) -> list[Container]:
        """In full: the list does not tell when a container started, nor why it ended."""
        found = []
        for entry in entries:
            with contextlib.suppress(NotFound):
                found.append(inspect.container_of(self._containers.inspect(entry["Id"])))
        return found


def side_by_side(do: Callable[[str], None], ids: Sequence[str]) -> None:
    """Engines spend most of a removal waiting for the kernel. Raises what the first failure raised, when all are done."""
    with ThreadPoolExecutor(max_workers=REMOVALS_AT_ONCE) as pool:
        list(pool.map(do, ids))
