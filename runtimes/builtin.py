"""The runtimes that come with sampan, entered by name. Nothing of an engine's SDK is imported until one is chosen.

Loaded through the entry-point group ``sampan`` like any outside plugin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from sampan.core.hooks import hookimpl

if TYPE_CHECKING:
    from sampan.core.contracts.runtime import Runtime, RuntimeSettings
    from sampan.core.parts import Availability
    from sampan.core.registry import Registry


def make_docker(settings: RuntimeSettings) -> Runtime:
    """Pods as Docker containers (``DOCKER_HOST`` or the default socket)."""
    return _make("docker", settings)


def make_podman(settings: RuntimeSettings) -> Runtime:
    """Pods as Podman pods (``CONTAINER_HOST``, a default socket, or a service started for it)."""
    return _make("podman", settings)


def make_process(settings: RuntimeSettings) -> Runtime:
    """Pods as Linux processes in namespaces of their own where allowed; no engine needed."""
    return _make("process", settings)


def make_simulated(settings: RuntimeSettings) -> Runtime:
    """Pods that do what their annotations say; no containers are run."""
    return _make("simulated", settings)


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.runtime("docker", make_docker, unavailable=_availability("docker"), rank=1, dual_stack=True)
    registry.runtime("podman", make_podman, unavailable=_availability("podman"), rank=2, dual_stack=True)
    registry.runtime("process", make_process, unavailable=_availability("process"), rank=3, dual_stack=True)
    registry.runtime("simulated", make_simulated, unavailable=_availability("simulated"), dual_stack=True)


def _make(name: str, settings: RuntimeSettings) -> Runtime:
    """``make_NAME`` of ``sampan.runtimes.NAME.runtime``."""
    module = import_module(f"sampan.runtimes.{name}.runtime")
    return cast("Runtime", getattr(module, f"make_{name}")(settings))


def _availability(name: str) -> Availability:
    """``unavailable`` of ``sampan.runtimes.NAME.available``, a module that imports no SDK."""

    def unavailable() -> str | None:
        module = import_module(f"sampan.runtimes.{name}.available")
        return cast("str | None", module.unavailable())

    return unavailable
