"""The simulated machine: sandboxes and containers whose state follows from their script and the time.

Nothing moves by itself: a container's state is computed when somebody looks, so a thousand pods cost as much as none. Held
by the runtime under its one lock; outlives a runtime object where a caller keeps it (that is how adoption is tried).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from sampan.core.classes import define
from sampan.core.contracts.runtime import Container, RuntimeFailure, Sandbox, State
from sampan.core.contracts.runtime_config import ContainerConfig, SandboxConfig
from sampan.core.ip import Network, networks
from sampan.runtimes.simulated.script import Script

KILLED = 137


def after(moment: datetime, seconds: float) -> datetime | None:
    """``None`` is never."""
    return None if math.isinf(seconds) else moment + timedelta(seconds=seconds)


@define(kw_only=True)
class SimulatedContainer:
    id: str
    uid: str
    sandbox_id: str
    config: ContainerConfig
    script: Script
    created_at: datetime
    asked_at: datetime | None = None
    """When it was told to start."""
    stopped: tuple[datetime, int] | None = None
    """When it ends because it was told to, and with which exit code."""

    @property
    def runs_at(self) -> datetime | None:
        return None if self.asked_at is None else after(self.asked_at, self.script.start_delay)

    def end(self) -> tuple[datetime, int] | None:
        """When and how it ends, as far as is known."""
        natural = None if self.runs_at is None else after(self.runs_at, self.script.run_time)
        if natural is None or (self.stopped is not None and self.stopped[0] <= natural):
            return self.stopped
        return natural, self.script.exit_code

    def state(self, now: datetime) -> State:
        end = self.end()
        if end is not None and end[0] <= now:
            return "exited"
        return "created" if self.runs_at is None or self.runs_at > now else "running"

    def running_for(self, now: datetime) -> float:
        """Seconds."""
        return 0.0 if self.runs_at is None else (now - self.runs_at).total_seconds()

    def probe_succeeds(self, now: datetime) -> bool:
        return self.script.ready_after <= self.running_for(now) < self.script.fails_after

    def view(self, now: datetime) -> Container:
        state = self.state(now)
        end = self.end() if state == "exited" else None
        return Container(
            id=self.id,
            sandbox_id=self.sandbox_id,
            name=self.config.name,
            attempt=self.config.attempt,
            state=state,
            image=self.config.image,
            image_id=image_id(self.config.image),
            created_at=self.created_at,
            started_at=None if state == "created" else min_time(self.runs_at, end),
            finished_at=end[0] if end else None,
            exit_code=end[1] if end else None,
            labels=self.config.labels,
        )


def min_time(started: datetime | None, end: tuple[datetime, int] | None) -> datetime | None:
    """A container that is stopped before its start delay is over has started when it ended."""
    if started is None or end is None:
        return started
    return min(started, end[0])


def image_id(image: str) -> str:
    return f"sha256:simulated-{image}"


@define(kw_only=True)
class SimulatedSandbox:
    id: str
    config: SandboxConfig
    created_at: datetime
    ips: tuple[str, ...]
    state: State = "running"

    def view(self) -> Sandbox:
        return Sandbox(
            id=self.id,
            name=self.config.name,
            namespace=self.config.namespace,
            uid=self.config.uid,
            attempt=self.config.attempt,
            state=self.state,
            created_at=self.created_at,
            ips=self.ips if self.state == "running" else (),
            labels=self.config.labels,
        )


class World:
    """What is on one simulated machine."""

    def __init__(self) -> None:
        self.sandboxes: dict[str, SimulatedSandbox] = {}
        self.containers: dict[str, SimulatedContainer] = {}
        self._by_pod: dict[str, tuple[dict[str, SimulatedSandbox], dict[str, SimulatedContainer]]] = {}
        self._addresses: set[str] = set()
        self._fresh: dict[str, Iterator[str]] = {}
        self._made = 0

    def new_id(self) -> str:
        self._made += 1
        return f"{self._made:064x}"

    def take_addresses(self, ranges: str) -> tuple[str, ...]:
        """One of each range."""
        return tuple(self._take_address(network) for network in networks(ranges))

    def _take_address(self, network: Network) -> str:
        """Addresses come in order, and again from the front when the range is through."""
        cidr = str(network)
        for _ in range(2):
            for address in self._fresh.setdefault(cidr, (str(host) for host in network.hosts())):
                if address not in self._addresses:
                    self._addresses.add(address)
                    return address
            del self._fresh[cidr]
        raise RuntimeFailure(f"no address is left in {cidr}")

    def free_addresses(self, sandbox: SimulatedSandbox) -> None:
        self._addresses.difference_update(sandbox.ips)

    def add_sandbox(self, sandbox: SimulatedSandbox) -> None:
        self.sandboxes[sandbox.id] = sandbox
        self.pod(sandbox.config.uid)[0][sandbox.id] = sandbox

    def add_container(self, container: SimulatedContainer) -> None:
        self.containers[container.id] = container
        self.pod(container.uid)[1][container.id] = container

    def remove_sandbox(self, sandbox: SimulatedSandbox) -> None:
        del self.sandboxes[sandbox.id]
        del self.pod(sandbox.config.uid)[0][sandbox.id]
        self._forget_empty(sandbox.config.uid)

    def remove_container(self, container: SimulatedContainer) -> None:
        del self.containers[container.id]
        del self.pod(container.uid)[1][container.id]
        self._forget_empty(container.uid)

    def pod(self, uid: str) -> tuple[dict[str, SimulatedSandbox], dict[str, SimulatedContainer]]:
        return self._by_pod.setdefault(uid, ({}, {}))

    def _forget_empty(self, uid: str) -> None:
        if not any(self.pod(uid)):
            del self._by_pod[uid]
