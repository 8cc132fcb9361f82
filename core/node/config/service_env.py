"""The variables by which a pod finds Services that were there before it: ``NGINX_SERVICE_HOST`` and so on. Pure.

https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
"""

from __future__ import annotations

from collections.abc import Iterable

from sampan.core.model.core_v1.service import Service

MASTER = ("default", "kubernetes")


def service_env(services: Iterable[Service], namespace: str, *, links: bool) -> dict[str, str]:
    """``links`` is the pod's ``enableServiceLinks``; the API server's own Service is named in any case."""
    env: dict[str, str] = {}
    chosen = {}
    for service in sorted(services, key=lambda each: each.key):
        own, name = service.key
        if service.spec.cluster_ip in (None, "", "None"):
            continue
        wanted = service.key == MASTER or (links and own == namespace)
        # A namesake of the API server's Service in the pod's own namespace wins.
        if wanted and (name not in chosen or own == namespace):
            chosen[name] = service
    for name, service in sorted(chosen.items()):
        env |= _of(name, service)
    return env


def _of(name: str, service: Service) -> dict[str, str]:
    prefix, ip = _variable(name), service.spec.cluster_ip or ""
    address = f"[{ip}]" if ":" in ip else ip
    if not service.spec.ports:
        return {f"{prefix}_SERVICE_HOST": ip}
    first = service.spec.ports[0]
    env = {f"{prefix}_SERVICE_HOST": ip, f"{prefix}_SERVICE_PORT": str(first.port)}
    for port in service.spec.ports:
        if port.name:
            env[f"{prefix}_SERVICE_PORT_{_variable(port.name)}"] = str(port.port)
    for number, port in enumerate(service.spec.ports):
        protocol = (port.protocol or "TCP").lower()
        url = f"{protocol}://{address}:{port.port}"
        if number == 0:
            env[f"{prefix}_PORT"] = url
        stem = f"{prefix}_PORT_{port.port}_{protocol.upper()}"
        env |= {stem: url, f"{stem}_PROTO": protocol, f"{stem}_PORT": str(port.port), f"{stem}_ADDR": ip}
    return env


def _variable(name: str) -> str:
    return name.replace("-", "_").upper()
