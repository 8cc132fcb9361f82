"""The runtime contract, shaped after Kubernetes' CRI: sandboxes, containers, images and streams.

A runtime is plain blocking code: the node agent calls it from threads, several calls at a time. What makes or changes one
pod comes one call at a time, but for two things: its containers are stopped side by side (and one that is being stopped may
be stopped again with less grace), and streams, `exec_sync` and questions come at any moment. Every call is idempotent:
stopping what is stopped and removing what is gone succeed. SDK errors are translated at this boundary: `NotFound` for what
is not there, `ImageError` for images, `RuntimeFailure` for the rest.
All that is needed to find a pod again is in labels, so a runtime keeps no state of its own that a crash could lose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.runtime_config import ContainerConfig, Resources, SandboxConfig
from sampan.core.errors import SampanError

EXEC_OUTPUT_BYTES = 64 * 1024
"""As much as `Runtime.exec_sync` keeps of each stream."""


class RuntimeFailure(SampanError):
    """The engine could not do what was asked: its own words, in one sentence."""


class ImageError(RuntimeFailure):
    """An image that cannot be had. ``reason`` is Kubernetes' waiting reason (``ErrImagePull``, ``ErrImageNeverPull`` …)."""

    def __init__(self, message: str, reason: str = "ErrImagePull") -> None:
        super().__init__(message)
        self.reason = reason


@frozen(kw_only=True)
class Capabilities:
    """What a runtime can do. What it cannot is refused or warned of before a pod starts, never silently dropped."""

    real_processes: bool = True
    """Containers run their commands: there are files, output and sockets to look at. False for simulated pods."""
    own_network: bool = True
    """Each pod has an address of its own that host and pods can reach."""
    isolation: tuple[str, ...] = ()
    """What is isolated, for `sampan up` to say: ``network``, ``mounts``, ``processes``, ``users`` …"""
    pulls_images: bool = True
    loads_images: bool = True
    mounts_images: bool = True
    """`Mount.image` is shown."""
    resource_limits: bool = True
    shares_processes: bool = True
    """``shareProcessNamespace`` is honoured."""
    keeps_stdin: bool = True
    """``stdin`` without ``stdinOnce`` stays open when the client that was attached goes."""
    reports_oom: bool = True
    """A container that was killed for its memory says ``OOMKilled``; else it says just its exit code, 137."""
    privileged: bool = True
    unsupported_fields: tuple[str, ...] = ()
    """Pod spec paths that this runtime does not honour: ``spec.containers[].securityContext.procMount``, which speaks of
    init and ephemeral containers as well; ``spec.hostUsers=false``, where it is one value."""


@frozen(kw_only=True)
class RuntimeInfo:
    name: str
    version: str
    """For ``status.nodeInfo.containerRuntimeVersion``: ``docker://28.2.2``."""
    note: str = ""
    """One line for people: which socket, which isolation."""


@frozen(kw_only=True)
class RuntimeSettings:
    """What a runtime is made with."""

    cluster: str
    node: str
    state_dir: Path
    """A folder of the runtime's own, below the data directory."""
    pod_cidr: str | None = None
    """Wanted range for pod addresses; ``None``: the runtime chooses one that is free. It may be one of IPv4 and one of IPv6
    with a comma between; a family that it leaves out is for the runtime to choose."""
    families: tuple[str, ...] = ("IPv4",)
    """In which pods have addresses; more than one only for runtimes that are registered with ``dual_stack``."""
    service_cidr: str = ""
    """Routed to this host by whoever runs the proxy; like ``pod_cidr`` maybe of two families."""
    hidden: tuple[Path, ...] = ()
    """Of this host, what no container may see however it shares the host's files: the cluster's data directory."""
    dns_servers: tuple[str, ...] = ()
    say: Callable[[str], None] = attrs.field(default=lambda _line: None)
    """For one-line messages to the person at start-up."""


State = Literal["created", "running", "exited", "unknown"]


@frozen(kw_only=True)
class Sandbox:
    id: str
    name: str
    namespace: str
    uid: str
    attempt: int
    state: State
    """``running``: its network is up."""
    created_at: datetime
    ips: tuple[str, ...] = ()
    """One of each of the pod's IP families, the default one's first; none where it shares the host's."""
    labels: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def ip(self) -> str:
        """The first; empty where there is none."""
        return next(iter(self.ips), "")


@frozen(kw_only=True)
class Container:
    """A container as the engine sees it."""

    id: str
    sandbox_id: str
    name: str
    attempt: int
    state: State
    image: str
    image_id: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    """128 more than the signal's number for what a signal has ended, as shells count."""
    reason: str = ""
    """``OOMKilled`` and the like; empty where exit code tells all."""
    message: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)


@frozen(kw_only=True)
class Image:
    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int = 0
    """Bytes."""
    user: str = ""
    """As the image names it: uid, or user name."""


@frozen(kw_only=True)
class Auth:
    server: str
    username: str
    password: str


@frozen(kw_only=True)
class ExecResult:
    exit_code: int
    stdout: bytes
    stderr: bytes


@frozen(kw_only=True)
class LogOptions:
    follow: bool = False
    tail_lines: int | None = None
    since: datetime | None = None
    timestamps: bool = False
    stream: Literal["All", "Stdout", "Stderr"] = "All"


@frozen(kw_only=True)
class Stats:
    """Use at one moment."""

    cpu_nanos: int
    """CPU time used since the container started."""
    memory_bytes: int
    """Working set."""
    at: datetime


@frozen(kw_only=True)
class RuntimeEvent:
    """Something happened to a pod's container or sandbox: a hint to look, not the truth."""

    uid: str
    type: Literal["started", "exited", "removed"]


class Stream(Protocol):
    """A process attached to from outside: two readers, one writer. Read and write may be called from different threads."""

    def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        """The next piece; ``None`` at the end of both streams."""
        ...

    def write(self, data: bytes) -> None: ...

    def close_stdin(self) -> None: ...

    def resize(self, width: int, height: int) -> None: ...

    def exit_code(self) -> int:
        """Wait for the end; the process's exit code."""
        ...

    def close(self) -> None:
        """Let go (the process may live on)."""
        ...


class Runtime(Protocol):
    """Pods on one node."""

    def info(self) -> RuntimeInfo: ...

    def capabilities(self) -> Capabilities: ...

    def start(self) -> None:
        """Make what pods need (network, services of its own). Idempotent; called once before anything else.

        Raises `ConfigError` with a sentence on what to do where the runtime cannot work here.
        """
        ...

    def pod_cidr(self) -> str:
        """The range that pod addresses come from, or one of each family; empty where pods share the host's."""
        ...

    def run_pod_sandbox(self, config: SandboxConfig) -> Sandbox:
        """Make and start a sandbox. One that is there with the same uid and attempt is returned as it is."""
        ...

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        """Kill what is left in it and release its address."""
        ...

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        """Stop it, and remove it and its containers."""
        ...

    def list_pod_sandboxes(self) -> Sequence[Sandbox]:
        """This cluster's and node's, running or not."""
        ...

    def create_container(self, sandbox: Sandbox, config: ContainerConfig) -> str:
        """Returns its id. Raises `ImageError` where the image, or one that it mounts, is not there."""
        ...

    def start_container(self, container_id: str) -> None:
        """Raises `RuntimeFailure` where its command cannot be run."""
        ...

    def update_container(self, container_id: str, resources: Resources) -> None:
        """Change what a running container may use, without a restart. Raises `RuntimeFailure` where that cannot be."""
        ...

    def stop_container(self, container_id: str, timeout: float) -> None:
        """The stop signal, then SIGKILL after ``timeout`` seconds; returns once it has ended."""
        ...

    def remove_container(self, container_id: str) -> None: ...

    def list_containers(self) -> Sequence[Container]:
        """All of this cluster's and node's, with full state: one call is the node agent's whole view."""
        ...

    def pod_containers(self, uid: str) -> tuple[Sequence[Sandbox], Sequence[Container]]:
        """The same for one pod."""
        ...

    def pull_image(self, image: str, auth: Auth | None = None) -> str:
        """Returns the image's id. Raises `ImageError`."""
        ...

    def image(self, image: str) -> Image | None: ...

    def list_images(self) -> Sequence[Image]: ...

    def load_images(self, archive: Path) -> Sequence[str]:
        """Load a `docker save` or OCI archive; returns the names. Raises `ImageError` for a file that is neither."""
        ...

    def remove_image(self, image: str) -> None: ...

    def exec_sync(self, container_id: str, command: Sequence[str], timeout: float) -> ExecResult:
        """Run to the end. Raises `TimeoutError` after ``timeout`` seconds (0: never), the command killed with all that it
        has started.

        The first `EXEC_OUTPUT_BYTES` of each stream are kept; what comes after them is read and dropped.
        """
        ...

    def exec(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> Stream: ...

    def attach(self, container_id: str, *, tty: bool, stdin: bool) -> Stream: ...

    def logs(self, container_id: str, options: LogOptions) -> Iterator[bytes]:
        """What was written, byte for byte: whole lines, however long, each with its newline, and at the end what has none
        yet. With ``follow`` it goes on until the container ends; closing the iterator stops it."""
        ...

    def port_forward(self, sandbox: Sandbox, port: int) -> Stream:
        """A connection to a port inside the pod: ``stdout`` is what it sends, `write` what it gets.

        Raises `RuntimeFailure` where nobody listens.
        """
        ...

    def stats(self, container_id: str) -> Stats: ...

    def disk_usage(self, container_id: str) -> int:
        """Bytes that the container has written into its own file system: neither volumes nor its log."""
        ...

    def events(self) -> Iterator[RuntimeEvent]:
        """What happens from this call on, even before the iterator is first asked; that blocks for the next event.

        Ends after `close`, and where the engine breaks it off: the caller calls again, and lists everything after each
        call that succeeded, for what happened meanwhile. Raises `RuntimeFailure` where the engine does not answer. One
        caller at a time.
        """
        ...

    def destroy(self) -> None:
        """Remove everything this cluster has here: pods, network, rules. Idempotent."""
        ...

    def close(self) -> None:
        """Let go of the engine; pods go on. Idempotent."""
        ...
