"""Whether a node has pods of a Service, for load balancers that ask only such nodes (``externalTrafficPolicy: Local``).

Pure. What is answered is kube-proxy's: https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from sampan.core.classes import frozen
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.services.service_ports import Here, proxied_slices


@frozen(kw_only=True)
class HealthCheck:
    """One Service's, at the port that the API has claimed for it on every node."""

    namespace: str
    name: str
    port: int
    endpoints: int
    """How many are here, and ready: those that are about to end count for none, so that nobody new comes to them."""

    def answer(self) -> bytes:
        """The whole HTTP response, whatever was asked."""
        status = "200 OK" if self.endpoints else "503 Service Unavailable"
        about = {"namespace": self.namespace, "name": self.name}
        body = orjson.dumps({"service": about, "localEndpoints": self.endpoints, "serviceProxyHealthy": True})
        head = (
            f"HTTP/1.1 {status}",
            "Content-Type: application/json",
            "X-Content-Type-Options: nosniff",
            f"X-Load-Balancing-Endpoint-Weight: {self.endpoints}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "".join(f"{line}\r\n" for line in (*head, "")).encode() + body


def health_check(service: Service, slices: Iterable[EndpointSlice], here: Here) -> HealthCheck | None:
    """``None`` where the Service has no such port."""
    port = service.spec.health_check_node_port
    if not port or service.spec.external_traffic_policy != "Local":
        return None
    family = next(iter(service.spec.ip_families), "IPv4")  # a pod is counted once
    addresses = {
        endpoint.addresses[0]
        for each in proxied_slices(slices)
        for endpoint in each.endpoints
        if each.address_type == family
        and endpoint.conditions.ready is not False
        and here.has_node(endpoint.node_name or "")
    }
    return HealthCheck(
        namespace=service.metadata.namespace or "",
        name=service.metadata.name or "",
        port=port,
        endpoints=len(addresses),
    )
