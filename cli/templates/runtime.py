"""A runtime: sampan's simulated one, which notes what it starts. Try it with --runtime ferry.

A runtime of your own implements `sampan.plugin.Runtime`, shaped after CRI; `RuntimeContract` is its test suite.
"""

from __future__ import annotations

from sampan.plugin import Registry, RuntimeSettings, hookimpl
from sampan.runtimes.simulated.runtime import SimulatedRuntime, make_simulated


class Ferry:
    """Passes on every call, and looks at some of them."""

    def __init__(self, inner: SimulatedRuntime) -> None:
        self._inner = inner
        self.started: list[str] = []

    def start_container(self, container_id: str) -> None:
        self.started.append(container_id)
        self._inner.start_container(container_id)


def _passed_on(name: str):  # type: ignore[no-untyped-def]
    def method(self, *arguments, **keywords):  # type: ignore[no-untyped-def]
        return getattr(self._inner, name)(*arguments, **keywords)

    return method


for _name in vars(SimulatedRuntime):
    if not _name.startswith("_") and _name not in vars(Ferry):
        setattr(Ferry, _name, _passed_on(_name))


def make_ferry(settings: RuntimeSettings) -> Ferry:
    """Simulated pods, whose starts are noted."""
    return Ferry(make_simulated(settings))


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.runtime("ferry", make_ferry)  # type: ignore[arg-type]
