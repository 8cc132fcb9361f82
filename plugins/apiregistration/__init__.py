"""APIServices of what this server serves itself, and what servers of other groups need to know of it."""

from __future__ import annotations

from sampan.core.registry import Registry


def register(registry: Registry) -> None:
    from sampan.plugins.apiregistration.authentication import AuthenticationConfig
    from sampan.plugins.apiregistration.local import LocalGroundwork
    from sampan.plugins.apiregistration.registration import Registration

    registry.groundwork("local-apiservices", lambda context: LocalGroundwork(context.kinds, context.clock))
    registry.groundwork("extension-apiserver-authentication", AuthenticationConfig)
    registry.controller(Registration.name, lambda context: Registration(context.kinds))
