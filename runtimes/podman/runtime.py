"""The ``podman`` runtime: a sandbox is a native pod, whose infra container runs our own pause program."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import podman

from sampan.core.contracts.runtime import Capabilities, RuntimeFailure, RuntimeInfo, RuntimeSettings, Sandbox, Stats
from sampan.core.contracts.runtime_config import LABEL_KIND, ContainerConfig, Resources, SandboxConfig
from sampan.core.errors import ConfigError, NotFound
from sampan.core.host.ranges import give_back
from sampan.runtimes.engine import inspect, names
from sampan.runtimes.engine.api import CALL_TIMEOUT, POOLED_CONNECTIONS, EngineApi, Params
from sampan.runtimes.engine.errors import EngineRefusal
from sampan.runtimes.engine.runtime import EngineRuntime, side_by_side
from sampan.runtimes.engine.settings import UNHONOURED
from sampan.runtimes.podman.available import address
from sampan.runtimes.podman.containers import PodmanContainers
from sampan.runtimes.podman.errors import translated
from sampan.runtimes.podman.images import LOCAL_PAUSE_IMAGE, PodmanImages
from sampan.runtimes.podman.logs import PodmanLogs
from sampan.runtimes.podman.network import ensure_network, remove_network
from sampan.runtimes.podman.service import PodmanService
from sampan.runtimes.podman.spec import container_spec, limits, pod_name, pod_spec

VERSION_HEADER = "Libpod-API-Version"
"""Which is Podman's version; asking for its version by name takes half a second."""
OOM_REPORTED_SINCE = 5
"""The major version from which on Podman finds conmon's word for who was killed for memory."""


def make_podman(settings: RuntimeSettings) -> PodmanRuntime:
    """Pods on Podman: CONTAINER_HOST, a default socket, or an API service that is started for it."""
    url = address()
    if url is None:
        service = PodmanService(settings.state_dir)
        return PodmanRuntime(settings, service.url, service)
    if not url.startswith(("unix://", "tcp://")):
        raise ConfigError(f"pods need a Podman on this machine, not {url}: set CONTAINER_HOST to a unix:// address")
    return PodmanRuntime(settings, url, None)


class PodmanRuntime(EngineRuntime):
    """See `sampan.core.contracts.runtime.Runtime`.

    A rootless Podman gives pods addresses that only it can reach, so there every pod is on the host's network.
    """

    def __init__(self, settings: RuntimeSettings, url: str, service: PodmanService | None) -> None:
        """``service`` is started and ended with the runtime."""
        self._url = url
        self._service = service
        self._client = podman.PodmanClient(base_url=url, timeout=CALL_TIMEOUT, max_pool_size=POOLED_CONNECTIONS)
        session = self._client.api
        api = EngineApi(session, f"http://{session.base_url.netloc}{session.path_prefix.rstrip('/')}", "Podman")
        containers = PodmanContainers(api)
        super().__init__(settings, api, containers, PodmanImages(api), PodmanLogs(api, containers))
        self._cidr = ""
        self._version = ""
        """Known once it has answered."""

    def info(self) -> RuntimeInfo:
        version = self._ask_version()
        own = " (started for this)" if self._service else ""
        rootless = "; rootless: pods are on the host's network" if self._rootless() else ""
        note = f"Podman {version} at {self._url}{own}{rootless}"
        return RuntimeInfo(name="podman", version=f"podman://{version}", note=note)

    def capabilities(self) -> Capabilities:
        """A container's stdin ends with the first client's; before 5.0 nobody is told who was killed for memory."""
        reports_oom = not self._version or int(self._version.partition(".")[0]) >= OOM_REPORTED_SINCE
        rootless = self._rootless()
        isolation = ("users",) if rootless else ("network", "hostname")
        return Capabilities(
            own_network=not rootless,
            isolation=("mounts", "processes", "ipc", *isolation),
            keeps_stdin=False,
            unsupported_fields=UNHONOURED,
            reports_oom=reports_oom,
        )

    def start(self) -> None:
        if self._service:
            self._service.start()
        try:
            self._version = self._ask_version()
            with translated():
                if not self._rootless():
                    self._cidr = ensure_network(self._client, self._settings)
            self._images.ensure_pause()
            self.clear_left_overs()
        except (RuntimeFailure, NotFound) as exc:
            raise ConfigError(f"Podman cannot be used at {self._url}: {exc}") from exc

    def pod_cidr(self) -> str:
        return self._cidr

    def create_sandbox(self, config: SandboxConfig, name: str) -> None:
        on_host = config.host_network or self._rootless()
        labels = names.sandbox_labels(self._settings, config)
        network = "" if on_host else self._network
        spec = pod_spec(config, labels, name=name, image=LOCAL_PAUSE_IMAGE, network=network)
        self._api.call("POST", "/pods/create", body=spec)

    def start_sandbox(self, config: SandboxConfig, name: str) -> None:
        """A pod that does not start is removed with its half-made network, so that the next try begins afresh."""
        try:
            self._api.call("POST", f"/pods/{pod_name(name)}/start")
        except RuntimeFailure:
            self.remove_pod_sandbox(pod_name(name))
            raise

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        """Killed, and then stopped, which gives the address back (stop alone takes no grace of 0 for an answer)."""
        with contextlib.suppress(NotFound):
            with contextlib.suppress(EngineRefusal):  # nothing runs
                self._api.call("POST", f"/pods/{sandbox_id}/kill", params={"signal": "SIGKILL"})
            self._api.call("POST", f"/pods/{sandbox_id}/stop", params={"t": 1})

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        """Stopped first: to remove by force alone would wait out the containers' own grace."""
        self.stop_pod_sandbox(sandbox_id)
        with contextlib.suppress(NotFound):
            self._api.call("DELETE", f"/pods/{sandbox_id}", params={"force": True})
        self._image_files.release(sandbox_id)

    def sandbox_listed(self, entry: Mapping[str, Any]) -> Sandbox:
        """The list does not tell addresses."""
        return inspect.sandbox_of(self._containers.inspect(entry["Id"]), network=self._network)

    def container_body(
        self, sandbox: Sandbox, config: ContainerConfig, labels: Mapping[str, str], image_user: str
    ) -> dict[str, Any]:
        return container_spec(sandbox, config, labels, image_user)

    def update_container(self, container_id: str, resources: Resources) -> None:
        """Podman 4.3 and later can. It answers with the bare id."""
        answer = self._api.open("POST", f"/containers/{container_id}/update", body=limits(resources))
        b"".join(answer.pieces())

    def stats(self, container_id: str) -> Stats:
        params: Params = {"containers": container_id, "stream": False}
        answer = self._api.call("GET", "/containers/stats", params=params)
        if not answer.get("Stats"):
            self._containers.inspect(container_id)
            raise RuntimeFailure(f"Podman measures nothing of {container_id}: {answer.get('Error')}")
        read = answer["Stats"][0]
        return Stats(cpu_nanos=read["CPUNano"], memory_bytes=read["MemUsage"], at=datetime.now(UTC))

    def destroy(self) -> None:
        if self._service:
            self._service.start()
        side_by_side(self.remove_pod_sandbox, [sandbox.id for sandbox in self.list_pod_sandboxes()])
        side_by_side(self._containers.remove, self._container_ids({LABEL_KIND: names.KIND_CONTAINER}))
        with translated():
            remove_network(self._client, self._settings)
        give_back(self._settings.state_dir)
        self.clear_left_overs()

    def close(self) -> None:
        self._feed.close()
        self._client.close()
        if self._service:
            self._service.close()

    def _ask_version(self) -> str:
        with translated():
            return str(self._client.api.get("/_ping").headers.get(VERSION_HEADER, ""))

    def _rootless(self) -> bool:
        """By who owns the socket: asking Podman takes a third of a second."""
        scheme, _, path = self._url.partition("://")
        try:
            return scheme == "unix" and Path(path).stat().st_uid != 0
        except OSError:
            return False
