"""Which Services a change concerns: their own, and those of their EndpointSlices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.informer import Informer
from sampan.core.services.service_ports import BY_SERVICE, by_service, service_of

T = TypeVar("T", bound=KubeObject)
ServiceKey = tuple[str, str]
"""Namespace and name."""


def tell_of_services(
    services: Informer[Service], slices: Informer[EndpointSlice], look_at: Callable[[ServiceKey], None]
) -> None:
    """Have ``look_at`` called for each Service that a change concerns, at once for all that are there.

    Slices are indexed by their Service (`BY_SERVICE`) for whoever looks.
    """
    slices.add_index(BY_SERVICE, by_service)
    services.subscribe(_each(lambda service: service.key, look_at))
    slices.subscribe(_each(service_of, look_at))


def _each(
    key_of: Callable[[T], ServiceKey], look_at: Callable[[ServiceKey], None]
) -> Callable[[T | None, T | None], None]:
    def on_change(old: T | None, new: T | None) -> None:
        for each in (old, new):
            if each is not None:
                look_at(key_of(each))

    return on_change
