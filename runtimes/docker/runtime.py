"""The ``docker`` runtime: a pod is a sandbox container that owns the namespaces, and containers that join it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from posixpath import normpath
from typing import Any

import attrs
import docker
import docker.errors

from sampan.core.contracts.runtime import Capabilities, RuntimeFailure, RuntimeInfo, RuntimeSettings, Sandbox, Stats
from sampan.core.contracts.runtime_config import LABEL_KIND, ContainerConfig, Resources, SandboxConfig
from sampan.core.errors import ConfigError, NotFound
from sampan.core.host.ranges import give_back
from sampan.runtimes.docker.available import address
from sampan.runtimes.docker.errors import translated
from sampan.runtimes.docker.images import DockerImages
from sampan.runtimes.docker.network import ensure_network, remove_network
from sampan.runtimes.engine import inspect, names
from sampan.runtimes.engine import settings as words
from sampan.runtimes.engine.api import CALL_TIMEOUT, POOLED_CONNECTIONS, EngineApi, Params
from sampan.runtimes.engine.containers import EngineContainers
from sampan.runtimes.engine.logs import EngineLogs
from sampan.runtimes.engine.pause import PAUSE_IMAGE
from sampan.runtimes.engine.resolver import ResolverFiles
from sampan.runtimes.engine.runtime import EngineRuntime, side_by_side


def make_docker(settings: RuntimeSettings) -> DockerRuntime:
    """Pods on Docker, found by DOCKER_HOST or its default socket. Raises `ConfigError` where it does not answer."""
    return DockerRuntime(settings, connect())


class DockerRuntime(EngineRuntime):
    """See `sampan.core.contracts.runtime.Runtime`."""

    def __init__(self, settings: RuntimeSettings, client: docker.APIClient) -> None:
        api = EngineApi(client, f"{client.base_url}/v{client.api_version}", "Docker")
        super().__init__(settings, api, EngineContainers(api), DockerImages(api, client), EngineLogs(api))
        self._client = client
        self._resolvers = ResolverFiles(settings.state_dir / "resolvers")
        self._cidr = ""

    def info(self) -> RuntimeInfo:
        with translated():
            version = self._client.version(api_version=False)["Version"]
        return RuntimeInfo(name="docker", version=f"docker://{version}", note=f"Docker {version} at {address()}")

    def capabilities(self) -> Capabilities:
        isolation = ("network", "mounts", "processes", "ipc", "hostname")
        return Capabilities(isolation=isolation, unsupported_fields=words.UNHONOURED)

    def start(self) -> None:
        try:
            with translated():
                self._cidr = ensure_network(self._client, self._settings)
            self._images.ensure_pause()
            self.clear_left_overs()
        except (RuntimeFailure, NotFound) as exc:
            raise ConfigError(f"Docker cannot be used: {exc}; start it, or choose another --runtime") from exc

    def pod_cidr(self) -> str:
        return self._cidr

    def run_pod_sandbox(self, config: SandboxConfig) -> Sandbox:
        self._resolvers.write(config)
        return super().run_pod_sandbox(config)

    def create_sandbox(self, config: SandboxConfig, name: str) -> None:
        body = {
            "Image": PAUSE_IMAGE,
            "Hostname": "" if config.host_network else config.hostname,
            "Labels": names.sandbox_labels(self._settings, config),
            "ExposedPorts": {key: {} for key in words.port_bindings(config.ports)},
            "HostConfig": words.sandbox_host_config(config, self._network),
        }
        self._api.call("POST", "/containers/create", params={"name": name}, body=body)

    def start_sandbox(self, config: SandboxConfig, name: str) -> None:
        self._containers.start(name)

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        for container_id in self._container_ids({names.LABEL_SANDBOX: sandbox_id}):
            self._containers.kill(container_id)
        self._containers.kill(sandbox_id)

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        for container_id in self._container_ids({names.LABEL_SANDBOX: sandbox_id}):
            self._containers.remove(container_id)
        if inspected := self._containers.find(sandbox_id):
            sandbox = inspect.sandbox_of(inspected, network=self._network)
            self._containers.remove(sandbox_id)
            self._resolvers.remove(sandbox.uid, sandbox.attempt)
        self._image_files.release(sandbox_id)

    def sandbox_listed(self, entry: Mapping[str, Any]) -> Sandbox:
        return inspect.listed_sandbox(entry, network=self._network)

    def container_body(
        self, sandbox: Sandbox, config: ContainerConfig, labels: Mapping[str, str], image_user: str
    ) -> dict[str, Any]:
        join = f"container:{sandbox.id}"
        taken = {normpath(each.container_path) for each in config.mounts}
        ours = (
            each for each in self._resolvers.mounts(sandbox.uid, sandbox.attempt) if each.container_path not in taken
        )
        config = attrs.evolve(config, mounts=(*ours, *config.mounts))
        return {
            **words.container_body(config, labels, image_user),
            "HostConfig": words.container_host_config(config, join, _pid_mode(sandbox, join)),
        }

    def update_container(self, container_id: str, resources: Resources) -> None:
        self._api.call("POST", f"/containers/{container_id}/update", body=words.limits_body(resources))

    def stats(self, container_id: str) -> Stats:
        params: Params = {"stream": False, "one-shot": True}
        read = self._api.call("GET", f"/containers/{container_id}/stats", params=params)
        memory = read["memory_stats"]
        detail = memory.get("stats", {})
        inactive = detail.get("total_inactive_file", detail.get("inactive_file", 0))  # cgroup v1, v2
        return Stats(
            cpu_nanos=read["cpu_stats"]["cpu_usage"]["total_usage"],
            memory_bytes=max(memory.get("usage", 0) - inactive, 0),
            at=datetime.now(UTC),
        )

    def destroy(self) -> None:
        for kind in (names.KIND_CONTAINER, names.KIND_SANDBOX):
            side_by_side(self._containers.remove, self._container_ids({LABEL_KIND: kind}))
        with translated():
            remove_network(self._client, self._settings)
        give_back(self._settings.state_dir)
        self.clear_left_overs()
        self._resolvers.destroy()

    def close(self) -> None:
        self._feed.close()
        self._client.close()


def connect() -> docker.APIClient:
    """The SDK's low-level client. Raises `ConfigError` with what to do where no engine of this machine answers."""
    try:
        client = docker.from_env(timeout=int(CALL_TIMEOUT), max_pool_size=POOLED_CONNECTIONS).api
        client.ping()
    except docker.errors.DockerException as exc:
        raise ConfigError(f"Docker does not answer: {exc}; start it, or set DOCKER_HOST") from exc
    if not client.base_url.startswith(("http+docker://localhost", "http://")):
        client.close()
        raise ConfigError("pods need a Docker engine on this machine: set DOCKER_HOST to a unix:// or tcp:// address")
    return client


def _pid_mode(sandbox: Sandbox, join: str) -> str:
    if names.says(sandbox, names.LABEL_SHARE_PID):
        return join
    return "host" if names.says(sandbox, names.LABEL_HOST_PID) else ""
