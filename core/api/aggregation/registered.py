"""What an APIService says: a version of a group, how it ranks, and the server that brings it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.model.conditions import holds_wire

Wire = Mapping[str, Any]
GroupVersion = tuple[str, str]

DEFAULT_PORT: Final = 443
AVAILABLE: Final = "Available"
GROUP_PRIORITY, VERSION_PRIORITY = 1000, 100
"""Of what has no APIService (yet): as Kubernetes registers custom resources."""


@frozen(kw_only=True)
class Extension:
    """An API server that is reached by a Service. Equal ones are asked over the same connections."""

    group: str
    version: str
    namespace: str
    service: str
    port: int
    ca_bundle: str
    """As in the APIService: base64 of PEM."""
    trusts_all: bool

    @property
    def host(self) -> str:
        """The name that its certificate must have."""
        return f"{self.service}.{self.namespace}.svc"

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


@frozen(kw_only=True)
class Registered:
    """One APIService. ``extension`` is ``None`` for what this server serves itself."""

    name: str
    group: str
    version: str
    group_priority: int
    version_priority: int
    available: bool
    extension: Extension | None


def registered(wire: Wire) -> Registered:
    spec = wire.get("spec") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""
    return Registered(
        name=wire["metadata"]["name"],
        group=group,
        version=version,
        group_priority=spec.get("groupPriorityMinimum") or 0,
        version_priority=spec.get("versionPriority") or 0,
        available=is_available(wire),
        extension=_extension(spec, group, version),
    )


def _extension(spec: Wire, group: str, version: str) -> Extension | None:
    service = spec.get("service")
    if not service:
        return None
    return Extension(
        group=group,
        version=version,
        namespace=service.get("namespace") or "",
        service=service.get("name") or "",
        port=service.get("port") or DEFAULT_PORT,
        ca_bundle=spec.get("caBundle") or "",
        trusts_all=bool(spec.get("insecureSkipTLSVerify")),
    )


def is_available(wire: Wire) -> bool:
    return holds_wire(wire, AVAILABLE)
