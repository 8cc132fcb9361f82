"""The bench on which a runtime is tried: how the suite makes runtimes, pods and containers, and how it waits.

All plain blocking code in the test's thread, as the node agent's pool would call it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import pytest

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Container, LogOptions, Runtime, RuntimeSettings, Sandbox
from sampan.core.contracts.runtime_config import (
    LABEL_ATTEMPT,
    LABEL_CLUSTER,
    LABEL_CONTAINER,
    LABEL_KIND,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_POD,
    LABEL_UID,
    ContainerConfig,
    SandboxConfig,
)
from sampan.core.host.capabilities import has_ipv6, is_network_admin

T = TypeVar("T")

SHORT_PATIENCE = 2.0
"""Seconds that a suite waits which has waited in vain before: one that is far from right is to tell soon."""
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 3600; done"
POLITE = "trap 'echo bye; exit 7' TERM; echo ready; sleep 3600 & wait"


@frozen
class Bench:
    """One runtime on trial, and what the suite must know of it."""

    runtime: Runtime
    settings: RuntimeSettings
    suite: RuntimeBench

    def pod(self, name: str = "web", *, uid: str = "", attempt: int = 0, **changes: Any) -> BenchPod:
        """A pod with a running sandbox and nothing in it."""
        config = sandbox_config(self.settings, name, uid or str(uuid4()), attempt, **changes)
        return BenchPod(self, config, self.runtime.run_pod_sandbox(config))

    def needs(self, capability: str) -> None:
        """Leave the test out, and say so, where the runtime says that it cannot do this."""
        if not getattr(self.runtime.capabilities(), capability):
            pytest.skip(f"the runtime {self.runtime.info().name} says {capability}=False")

    def eventually(self, check: Callable[[], T | None], what: str) -> T:
        """Wait until ``check`` gives something that is true."""
        deadline = time.monotonic() + self.suite.patience
        while True:
            if result := check():
                return result
            if time.monotonic() > deadline:
                waited, type(self.suite).patience = self.suite.patience, SHORT_PATIENCE
                raise AssertionError(f"waited {waited} s in vain for {what}")
            self.suite.let_time_pass(self.runtime)

    def container(self, container_id: str) -> Container:
        return next(each for each in self.runtime.list_containers() if each.id == container_id)

    def ended(self, container_id: str) -> Container:
        """Wait for the container's end."""

        def check() -> Container | None:
            found = self.container(container_id)
            return found if found.state == "exited" else None

        return self.eventually(check, "the container's end")

    def output(self, container_id: str, options: LogOptions | None = None) -> bytes:
        """What the container has written by now."""
        return b"".join(self.runtime.logs(container_id, options or LogOptions()))

    def wait_for_output(self, container_id: str, text: bytes) -> bytes:
        def check() -> bytes | None:
            output = self.output(container_id)
            return output if text in output else None

        return self.eventually(check, f"{text!r} in the log")


@frozen
class BenchPod:
    """A pod of the suite: a sandbox that containers are put into."""

    bench: Bench
    config: SandboxConfig
    sandbox: Sandbox

    @property
    def runtime(self) -> Runtime:
        return self.bench.runtime

    def create(self, name: str = "main", *, script: str = "", attempt: int = 0, **changes: Any) -> str:
        """A container that runs ``script`` in a shell, or what ``changes`` say; returns its id."""
        if script:
            changes = {"command": ("sh", "-c"), "args": (script,), **changes}
        labels = {
            **self.config.labels,
            LABEL_KIND: "container",
            LABEL_CONTAINER: name,
            LABEL_ATTEMPT: str(attempt),
            **changes.pop("labels", {}),
        }
        values: dict[str, Any] = {"name": name, "image": self.bench.suite.image, "attempt": attempt, "labels": labels}
        return self.runtime.create_container(self.sandbox, ContainerConfig(**{**values, **changes}))

    def run(self, name: str = "main", **changes: Any) -> str:
        container_id = self.create(name, **changes)
        self.runtime.start_container(container_id)
        return container_id

    def says(self, script: str, **changes: Any) -> str:
        """What ``script`` writes, run to its end in a container of its own."""
        container_id = self.run(f"c{uuid4().hex[:8]}", script=script, **changes)
        ended = self.bench.ended(container_id)
        output = self.bench.output(container_id).decode()
        assert ended.exit_code == 0, f"exit code {ended.exit_code}: {output}"
        return output.strip()


def sandbox_config(settings: RuntimeSettings, name: str, uid: str, attempt: int, **changes: Any) -> SandboxConfig:
    """A sandbox as the node agent would ask for it: all labels are there."""
    labels = {
        LABEL_CLUSTER: settings.cluster,
        LABEL_NODE: settings.node,
        LABEL_NAMESPACE: "default",
        LABEL_POD: name,
        LABEL_UID: uid,
        LABEL_ATTEMPT: str(attempt),
        LABEL_KIND: "sandbox",
        **changes.pop("labels", {}),
    }
    values: dict[str, Any] = {
        "name": name, "namespace": "default", "uid": uid, "attempt": attempt, "hostname": name, "labels": labels,
    }  # fmt: skip
    return SandboxConfig(**{**values, **changes})


class RuntimeBench:
    """What an author tells the suite about a runtime: everything else has a default."""

    image: ClassVar[str] = "sampan-small"
    """An image that is there, with a POSIX shell and the usual small commands."""
    image_with_settings: ClassVar[str | None] = "sampan-small:user"
    """One with an entry point, arguments, environment, working directory and user (see tests/images/small-user)."""
    image_is_mountable: ClassVar[bool] = True
    """It can be mounted as a volume too."""
    missing_image: ClassVar[str] = "registry.invalid/sampan/none:1"
    dual_stack: ClassVar[bool] = False
    """It was registered with ``dual_stack``: its pods have addresses of IPv4 and IPv6, where this machine has both."""
    patience: ClassVar[float] = 20.0
    """Seconds that a test waits for something before it fails."""
    serve: ClassVar[str] = (
        "mkdir -p /tmp/www{port} && echo {text} >/tmp/www{port}/who && exec httpd -f -p {port} -h /tmp/www{port}"
    )
    """A script that answers ``GET /who`` on {port} with {text}."""
    first_problem: ClassVar[str] = ""
    """What is wrong with what everything stands on (see `sampan.core.testing.runtime_suite.first`)."""
    fetch: ClassVar[str] = "wget -q -O - http://{ip}:{port}/who"
    """A script that writes what ``GET /who`` on {ip} (in brackets if of IPv6) and {port} answers."""

    @classmethod
    def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
        """A runtime that has not been started. The same settings twice mean the same pods (as after a restart)."""
        raise NotImplementedError("give this suite a runtime")

    @classmethod
    def leftovers(cls, settings: RuntimeSettings) -> list[str]:
        """What is still on the machine of this cluster (networks, rules, processes), by name."""
        return []

    @classmethod
    def kill_from_outside(cls, bench: Bench, container_id: str) -> None:
        """End the container behind the runtime's back; by default through a second runtime object."""
        other = cls.make_runtime(bench.settings)
        other.start()
        other.stop_container(container_id, 0)
        other.close()

    @classmethod
    def let_time_pass(cls, runtime: Runtime) -> None:
        """Between two looks of a waiting test."""
        time.sleep(0.02)

    @classmethod
    def forever(cls) -> Mapping[str, Any]:
        """`ContainerConfig` values of a container that runs until it is stopped, and then ends with 7 at once."""
        return {"command": ("sh", "-c"), "args": (POLITE,)}

    @classmethod
    def stubborn(cls) -> Mapping[str, Any]:
        """… of one that does not listen to its stop signal."""
        return {"command": ("sh", "-c"), "args": (STUBBORN,)}

    @classmethod
    def exiting(cls, code: int) -> Mapping[str, Any]:
        """… of one that ends with ``code``."""
        return {"command": ("sh", "-c"), "args": (f"exit {code}",)}

    @classmethod
    def settings(cls, directory: Path) -> RuntimeSettings:
        both = cls.dual_stack and has_ipv6() and is_network_admin()
        return RuntimeSettings(
            cluster=f"t{uuid4().hex[:8]}",
            node="bench",
            state_dir=directory,
            families=("IPv4", "IPv6") if both else ("IPv4",),
            dns_servers=("192.0.2.53",),
        )

    @pytest.fixture(autouse=True)
    def nothing_in_vain(self) -> None:
        self.not_in_vain()

    @classmethod
    def not_in_vain(cls) -> None:
        """What stands on something that is broken is left out; asked for before a runtime is made, and before each test."""
        if cls.first_problem:
            pytest.skip(f"first mend this: {cls.first_problem}")

    @classmethod
    def bench_in(cls, directory: Path) -> Iterator[Bench]:
        cls.not_in_vain()
        settings = cls.settings(directory)
        with cls.started(settings) as runtime:
            yield Bench(runtime, settings, cls())
        assert cls.leftovers(settings) == []

    @classmethod
    @contextmanager
    def started(cls, settings: RuntimeSettings) -> Iterator[Runtime]:
        """A runtime object that leaves nothing behind, also where it does not start."""
        runtime = cls.make_runtime(settings)
        try:
            runtime.start()
            yield runtime
        finally:
            runtime.destroy()
            runtime.close()

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
        """One runtime for a whole class of tests, each of which has pods of its own."""
        yield from cls.bench_in(tmp_path_factory.mktemp("runtime"))

    @pytest.fixture
    def real(self, bench: Bench) -> Bench:
        """The bench, for tests that need containers which really run commands."""
        bench.needs("real_processes")
        return bench

    @pytest.fixture
    def own_bench(self, tmp_path: Path) -> Iterator[Bench]:
        """A runtime of the test's own, for those that close or destroy it."""
        yield from self.bench_in(tmp_path)
