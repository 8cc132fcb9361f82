"""The plugin that every cluster in a test has: no service proxy, no packet rules, and an eye on the traffic."""

from __future__ import annotations

from sampan.core.contracts.policy import EnforcerSettings
from sampan.core.contracts.proxy import ProxyReport, ProxySettings
from sampan.core.hooks import hookimpl
from sampan.core.registry import Registry
from sampan.core.testing.traffic import Traffic

SERVICE_RANGE = "127.97.0.0/16"
"""Of loopback: the API server would listen on an address of any other."""


class TestingPlugin:
    """What a cluster in a test has besides: parts that leave the machine as it is, and an eye on the traffic."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        registry.proxy("none", NoProxy)
        registry.policy_enforcer("none", NoPolicies, rank=0)
        registry.authorizer("traffic", lambda _context: self._traffic)


class NoProxy:
    """Serves no address."""

    def __init__(self, _settings: ProxySettings) -> None: ...

    def service_cidr(self) -> str:
        return SERVICE_RANGE

    def start(self) -> None: ...

    def sync(self, desired: object) -> ProxyReport:
        return ProxyReport()

    def destroy(self) -> None: ...

    def close(self) -> None: ...


class NoPolicies:
    """Simulated pods send nothing that could be held back, and the machine's own rules are none of a test's business."""

    def __init__(self, _settings: EnforcerSettings) -> None: ...

    def sync(self, guards: object) -> None: ...

    def destroy(self) -> None: ...
