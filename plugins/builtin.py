"""The built-in plugins, found through the entry-point group as an outside plugin is."""

from __future__ import annotations

from sampan.core.hooks import hookimpl
from sampan.core.registry import Registry
from sampan.plugins import (
    admission,
    apiregistration,
    auth,
    balancers,
    certificates,
    controllers,
    dns,
    ingress,
    metrics,
    pod_security,
    policies,
    proxies,
    quota,
    schedulers,
    stages,
    stores,
)


@hookimpl
def sampan_register(registry: Registry) -> None:
    from sampan.core.model.builtin import BUILTIN_KINDS
    from sampan.plugins.settings import Settings

    for cls in BUILTIN_KINDS:
        registry.kind(cls)
    settings = registry.settings(Settings)
    controllers.register(registry, settings.horizontal_pod_autoscaler)
    schedulers.register(registry, settings.schedulers)
    stages.register(registry, settings.stages)
    for room in (
        stores,
        auth,
        admission,
        proxies,
        balancers,
        policies,
        dns,
        ingress,
        metrics,
        quota,
        pod_security,
        certificates,
        apiregistration,
    ):
        room.register(registry)
