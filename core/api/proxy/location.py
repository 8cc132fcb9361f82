"""Where a proxied request goes: from ``[SCHEME:]NAME[:PORT]`` and what the API knows of the object to an address.

https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from sampan.core.classes import frozen
from sampan.core.errors import BadRequest, ServiceUnavailable

SCHEMES = ("http", "https")


@frozen(kw_only=True)
class Location:
    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@frozen
class Named:
    """A name of the path, taken apart."""

    scheme: str
    name: str
    port: str = ""


def parse_name(text: str, what: str) -> Named:
    """Raises `BadRequest` in Kubernetes' words; ``what`` is ``pod``, ``service`` or ``node``."""
    parts = text.split(":")
    match parts:
        case [name]:
            return Named("", name)
        case [name, port]:
            return Named("", name, port)
        case [scheme, name, port] if scheme in (*SCHEMES, ""):
            return Named(scheme, name, port)
    raise BadRequest(f'invalid {what} request "{text}"')


def pod_location(pod: Mapping[str, Any], named: Named) -> Location:
    """Raises `BadRequest` for a pod without an address that may be asked."""
    port = named.port or _first_port(pod)
    if port and not port.isdecimal():
        raise BadRequest(f'invalid port "{port}": a number is expected')
    address = proxied_address(pod.get("status", {}).get("podIP", ""))
    return Location(scheme=named.scheme or "http", host=address, port=int(port or _default_port(named.scheme)))


def service_location(service: Mapping[str, Any], endpoints: Mapping[str, Any] | None, named: Named) -> Location:
    """One of the service's endpoints, whichever. Raises `ServiceUnavailable` where there is none."""
    port_name = _port_name(service, named)
    subsets = list((endpoints or {}).get("subsets") or ())
    random.shuffle(subsets)
    for subset in subsets:
        for port in subset.get("ports") or ():
            if port.get("name", "") == port_name and (addresses := subset.get("addresses")):
                address = proxied_address(random.choice(addresses)["ip"])
                return Location(scheme=named.scheme or "http", host=address, port=port["port"])
    raise ServiceUnavailable(f'no endpoints available for service "{named.name}"')


def proxied_address(address: str) -> str:
    """Raises `BadRequest` for what no client may be led to by way of the API server."""
    try:
        parsed = ip_address(address)
    except ValueError:
        raise BadRequest(f'invalid IP address: "{address}"') from None
    if parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified:
        raise BadRequest("address not allowed")
    return address


def _first_port(pod: Mapping[str, Any]) -> str:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            return str(port["containerPort"])
    return ""


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _port_name(service: Mapping[str, Any], named: Named) -> str:
    """Endpoints know a port by the name that the Service gives it."""
    if not named.port.isdecimal():
        return named.port
    for port in service["spec"].get("ports") or ():
        if port["port"] == int(named.port):
            return str(port.get("name", ""))
    raise ServiceUnavailable(f'no service port {named.port} found for service "{named.name}"')
