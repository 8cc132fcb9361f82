"""The ``docker`` runtime: sandboxes and containers. Blocking; called from the node agent's pool."""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import docker
import docker.errors
import requests.exceptions

from sampan.core.contracts.runtime import (
    LABEL_KIND,
    LABEL_UID,
    Auth,
    Capabilities,
    Container,
    ContainerConfig,
    ExecResult,
    Image,
    LogOptions,
    RuntimeEvent,
    RuntimeFailure,
    RuntimeInfo,
    RuntimeSettings,
    Sandbox,
    SandboxConfig,
    Stats,
    Stream,
)
from sampan.core.errors import ConfigError, NotFound
from sampan.runtimes.docker.errors import translated
from sampan.runtimes.docker.images import DockerImages
from sampan.runtimes.docker.network import ensure_network, remove_network
from sampan.runtimes.docker.processes import DockerProcesses
from sampan.runtimes.engine import inspect, names
from sampan.runtimes.engine import settings as words
from sampan.runtimes.engine.events import event_of
from sampan.runtimes.engine.pause import PAUSE_IMAGE
from sampan.runtimes.engine.resolver import ResolverFiles
from sampan.runtimes.engine.streams import RawStream

CALL_TIMEOUT = 60
POOLED_CONNECTIONS = 32


def make_docker(settings: RuntimeSettings) -> DockerRuntime:
    """Pods on Docker, found by DOCKER_HOST or its default socket."""
    return DockerRuntime(settings)


class DockerRuntime:
    """See `sampan.core.contracts.runtime.Runtime`."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._network = names.network_name(settings)
        self._client = _connect()
        self._images = DockerImages(self._client)
        self._processes = DockerProcesses(self._client)
        self._resolvers = ResolverFiles(settings.state_dir / "resolvers")
        self._cidr = ""
        self._event_feed: Any = None
        self._closed = False

    def info(self) -> RuntimeInfo:
        with translated():
            version = self._client.version(api_version=False)["Version"]
        return RuntimeInfo(
            name="docker", version=f"docker://{version}", note=f"Docker {version} at {self._client.base_url}"
        )

    def capabilities(self) -> Capabilities:
        return Capabilities(isolation=("network", "mounts", "processes", "ipc", "hostname"))

    def start(self) -> None:
        try:
            self._cidr = ensure_network(self._client, self._settings)
            self._images.ensure_pause()
        except (docker.errors.DockerException, requests.exceptions.RequestException) as exc:
            raise ConfigError(f"Docker does not answer: {exc}; start it, or choose another --runtime") from exc

    def pod_cidr(self) -> str:
        return self._cidr

    def run_pod_sandbox(self, config: SandboxConfig) -> Sandbox:
        body = {
            "Image": PAUSE_IMAGE,
            "Hostname": "" if config.host_network else config.hostname,
            "Labels": names.sandbox_labels(self._settings, config),
            "ExposedPorts": {key: {} for key in words.port_bindings(config.ports)},
            "HostConfig": words.sandbox_host_config(config, self._network),
        }
        self._resolvers.write(config)
        with translated():
            sandbox_id = self._create(body, names.sandbox_name(config))
            self._client.start(sandbox_id)
            return self._sandbox(sandbox_id)

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        for container in self._container_ids({names.LABEL_SANDBOX: sandbox_id}):
            self._kill(container)
        self._kill(sandbox_id)

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        for container in self._container_ids({names.LABEL_SANDBOX: sandbox_id}):
            self.remove_container(container)
        with contextlib.suppress(NotFound), translated():
            sandbox = self._sandbox(sandbox_id)
            self._resolvers.remove(sandbox.uid, sandbox.attempt)
        self.remove_container(sandbox_id)

    def list_pod_sandboxes(self) -> Sequence[Sandbox]:
        return self._sandboxes({})

    def create_container(self, sandbox: Sandbox, config: ContainerConfig) -> str:
        join = f"container:{sandbox.id}"
        config = attrs.evolve(config, mounts=(*self._resolvers.mounts(sandbox.uid, sandbox.attempt), *config.mounts))
        body = words.container_body(config, names.container_labels(self._settings, sandbox, config))
        body["HostConfig"] = words.container_host_config(config, join, self._pid_mode(sandbox, join))
        with translated():
            return self._create(body, names.container_name(sandbox, config))

    def start_container(self, container_id: str) -> None:
        with translated():
            self._client.start(container_id)

    def stop_container(self, container_id: str, timeout: float) -> None:
        if timeout <= 0:
            self._kill(container_id)
            self._wait_for_end(container_id)
            return
        with translated(gone_is_fine=True):
            self._client.stop(container_id, timeout=math.ceil(timeout))

    def remove_container(self, container_id: str) -> None:
        with translated(gone_is_fine=True):
            self._client.remove_container(container_id, force=True, v=True)

    def list_containers(self) -> Sequence[Container]:
        return self._containers({})

    def pod_containers(self, uid: str) -> tuple[Sequence[Sandbox], Sequence[Container]]:
        return self._sandboxes({LABEL_UID: uid}), self._containers({LABEL_UID: uid})

    def pull_image(self, image: str, auth: Auth | None = None) -> str:
        return self._images.pull(image, auth)

    def image(self, image: str) -> Image | None:
        return self._images.find(image)

    def list_images(self) -> Sequence[Image]:
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
        try:
            return RawStream(socket.create_connection((sandbox.ip or "127.0.0.1", port), timeout=10))
        except OSError as exc:
            raise RuntimeFailure(f"cannot connect to port {port} of the pod: {exc.strerror or exc}") from exc

    def stats(self, container_id: str) -> Stats:
        with translated():
            read = self._client.stats(container_id, stream=False, one_shot=True)
        memory = read["memory_stats"]
        inactive = memory.get("stats", {}).get("inactive_file", 0)
        return Stats(
            cpu_nanos=read["cpu_stats"]["cpu_usage"]["total_usage"],
            memory_bytes=memory.get("usage", 0) - inactive,
            at=datetime.now(UTC),
        )

    def events(self) -> Iterator[RuntimeEvent]:
        """One long request to the engine; asked again where the connection ends before `close`."""
        while not self._closed:
            try:
                with translated():
                    self._event_feed = self._client.events(filters=self._event_filters(), decode=True)
                for told in self._event_feed:
                    if event := event_of(told["Actor"]["Attributes"], told["Action"]):
                        yield event
            except (RuntimeFailure, requests.exceptions.RequestException, OSError, ValueError):
                if not self._closed:
                    time.sleep(1)  # the engine is restarting: this thread has nothing else to do

    def destroy(self) -> None:
        owner = names.owner_labels(self._settings)
        for container in self._container_ids({**owner, LABEL_KIND: names.KIND_CONTAINER}):
            self.remove_container(container)
        for sandbox in self._container_ids({**owner, LABEL_KIND: names.KIND_SANDBOX}):
            self.remove_container(sandbox)
        with translated():
            remove_network(self._client, self._settings)
        self._resolvers.destroy()

    def close(self) -> None:
        self._closed = True
        if self._event_feed is not None:
            with contextlib.suppress(Exception):  # the SDK reaches for sockets that may be gone
                self._event_feed.close()
        self._client.close()

    def _create(self, body: Mapping[str, Any], name: str) -> str:
        """Create a container; the id of the one of that name where there is one already."""
        try:
            return str(self._client.create_container_from_config(dict(body), name)["Id"])
        except docker.errors.APIError as exc:
            if exc.status_code != 409:
                raise
            return str(self._client.inspect_container(name)["Id"])

    def _kill(self, container_id: str) -> None:
        with translated(gone_is_fine=True):
            try:
                self._client.kill(container_id)
            except docker.errors.APIError as exc:
                if exc.status_code != 409:  # 409: it is not running
                    raise

    def _wait_for_end(self, container_id: str) -> None:
        with translated(gone_is_fine=True):
            self._client.wait(container_id)

    def _pid_mode(self, sandbox: Sandbox, join: str) -> str:
        if sandbox.labels.get(names.LABEL_SHARE_PID) == "true":
            return join
        return "host" if sandbox.labels.get(names.LABEL_HOST_PID) == "true" else ""

    def _sandbox(self, sandbox_id: str) -> Sandbox:
        return inspect.sandbox_of(self._client.inspect_container(sandbox_id), network=self._network)

    def _sandboxes(self, labels: Mapping[str, str]) -> list[Sandbox]:
        wanted = {**labels, LABEL_KIND: names.KIND_SANDBOX}
        return [inspect.sandbox_of(each, network=self._network) for each in self._inspected(wanted)]

    def _containers(self, labels: Mapping[str, str]) -> list[Container]:
        return [inspect.container_of(each) for each in self._inspected({**labels, LABEL_KIND: names.KIND_CONTAINER})]

    def _inspected(self, labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for container_id in self._container_ids(labels):
            with contextlib.suppress(NotFound), translated():
                yield self._client.inspect_container(container_id)

    def _container_ids(self, labels: Mapping[str, str]) -> list[str]:
        wanted = {**names.owner_labels(self._settings), **labels}
        with translated():
            return [each["Id"] for each in self._client.containers(all=True, filters=names.filters(wanted))]

    def _event_filters(self) -> dict[str, list[str]]:
        owner = names.filters(names.owner_labels(self._settings))
        return {**owner, "type": ["container"], "event": ["start", "die", "destroy"]}


def _connect() -> docker.APIClient:
    try:
        client = docker.from_env(timeout=CALL_TIMEOUT, max_pool_size=POOLED_CONNECTIONS).api
        client.ping()
    except docker.errors.DockerException as exc:
        raise ConfigError(f"Docker does not answer: {exc}; start it, or set DOCKER_HOST") from exc
    return client
