"""The built-in plugins, found through the entry-point group as an outside plugin is.

Their rooms are imported as they are asked to register: who ends a cluster needs none of those that serve its API.
"""

from __future__ import annotations

from sampan.core.hooks import hookimpl
from sampan.core.registry import Registry


@hookimpl
def sampan_register(registry: Registry) -> None:
    _register_what_acts_on_the_host(registry)
    if not registry.host_only:
        _register_what_serves_the_api(registry)


def _register_what_acts_on_the_host(registry: Registry) -> None:
    from sampan.plugins import balancers, dns, ingress, policies, proxies

    for room in (proxies, balancers, policies, dns, ingress):
        room.register(registry)


def _register_what_serves_the_api(registry: Registry) -> None:
    from sampan.core.model.builtin import BUILTIN_KINDS
    from sampan.plugins import (
        admission,
        apiregistration,
        auth,
        certificates,
        controllers,
        metrics,
        pod_security,
        quota,
        schedulers,
        stages,
        stores,
    )
    from sampan.plugins.settings import Settings

    for cls in BUILTIN_KINDS:
        registry.kind(cls)
    settings = registry.settings(Settings)
    controllers.register(registry, settings.horizontal_pod_autoscaler)
    schedulers.register(registry, settings.schedulers)
    stages.register(registry, settings.stages)
    for room in (stores, auth, admission, metrics, quota, pod_security, certificates, apiregistration):
        room.register(registry)
