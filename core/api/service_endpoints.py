"""Where a Service's pods are, for what the API server itself asks: webhooks and aggregated API servers.

An address of a ready pod is taken instead of the Service's own, so that it works whichever runtime the pods are on, and
without a proxy.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sampan.core.contracts.access import Reader

Reason = Literal["ServiceNotFound", "ServicePortError", "EndpointsNotFound", "MissingEndpoints"]


class NoEndpoint(Exception):
    """Nobody to ask. ``reason`` is Kubernetes' word for it, ``port_name`` the port that no endpoint has."""

    def __init__(self, said: str, reason: Reason, port_name: str = "") -> None:
        super().__init__(said)
        self.reason = reason
        self.port_name = port_name


def service_endpoint(reader: Reader, namespace: str, name: str, port: int) -> str:
    """``HOST:PORT`` of one of the ready endpoints behind a Service's port. Raises `NoEndpoint`."""
    service = reader.get("services", namespace, name)
    if service is None:
        raise NoEndpoint(f'service "{name}" not found', "ServiceNotFound")
    found = next((each for each in service["spec"].get("ports") or () if each.get("port") == port), None)
    if found is None:
        raise NoEndpoint(f'no service port {port} found for service "{name}"', "ServicePortError")
    if service["spec"].get("type") == "ExternalName":
        return f"{service['spec'].get('externalName')}:{port}"
    slices = list(_slices(reader, namespace, name))
    port_name = found.get("name") or ""
    ready = [each for part in slices for each in _ready(part, port_name)]
    if not ready:
        reason: Reason = "MissingEndpoints" if slices else "EndpointsNotFound"
        raise NoEndpoint(f'no endpoints available for service "{name}"', reason, port_name)
    return random.choice(ready)


def _slices(reader: Reader, namespace: str, name: str) -> Iterator[Mapping[str, Any]]:
    for part in reader.list("endpointslices.discovery.k8s.io", namespace):
        if (part["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name:
            yield part


def _ready(part: Mapping[str, Any], port_name: str) -> Iterator[str]:
    numbers = [each.get("port") for each in part.get("ports") or () if (each.get("name") or "") == port_name]
    for endpoint in part.get("endpoints") or ():
        if (endpoint.get("conditions") or {}).get("ready", True) and numbers:
            address = endpoint["addresses"][0]
            yield f"[{address}]:{numbers[0]}" if ":" in address else f"{address}:{numbers[0]}"
