"""The load balancer of a cluster on one machine: such a Service gets a node's address, of each of its families. Pure.

What arrives there at the Service's ports is led to its pods by the proxy; so two Services cannot have the same port, and
the older one keeps it. Services with a ``loadBalancerClass`` are somebody else's.
https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Emit, Plan, Update
from sampan.core.ip import family_of
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.service import LoadBalancerIngress, LoadBalancerStatus, Service
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve

TYPE = "LoadBalancer"


def keys_of_all(_obj: KubeObject, state: Lister) -> Iterable[Key]:
    """Every Service with a load balancer: a node that comes or goes, or a port that is free again, concerns them all."""
    return (Key(*service.key) for service in state.list(Service) if service.spec.type == TYPE)


def keys_of_service(obj: KubeObject, state: Lister) -> Iterable[Key]:
    yield from own_key(obj, state)
    if isinstance(obj, Service) and (obj.spec.type == TYPE or obj.status.load_balancer.ingress):
        yield from keys_of_all(obj, state)


class LoadBalancerController:
    name = "service-lb-controller"
    watches: Sequence[Watch] = (Watch(kind=Service, keys=keys_of_service), Watch(kind=Node, keys=keys_of_all))

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        service = state.get(Service, key.namespace, key.name)
        if service is None or service.spec.load_balancer_class or service.metadata.deletion_timestamp is not None:
            return NOTHING
        if any(ingress.hostname for ingress in service.status.load_balancer.ingress):
            return NOTHING  # somebody else's: ours have no names
        present = [ingress.ip for ingress in service.status.load_balancer.ingress if ingress.ip]
        if service.spec.type != TYPE:
            return Plan(actions=(_with(service, ()),)) if present else NOTHING
        nodes = sorted(state.list(Node), key=lambda node: node.key)
        pool = [address for node in nodes for address in _addresses(node)]
        taken = _taken_before(service, state)
        free = [
            address for address in dict.fromkeys(pool) if not any((address, *port) in taken for port in ports(service))
        ]
        chosen = _one_of_each(service.spec.ip_families or ("IPv4",), present, free)
        if present == chosen:
            return NOTHING
        if not chosen:
            said = "no address is left for its ports: another Service has them" if pool else "no node has an address"
            warning = Emit(regarding=service, reason="SyncLoadBalancerFailed", message=said, type="Warning")
            return Plan(actions=(_with(service, ()), warning))
        done = Emit(regarding=service, reason="EnsuredLoadBalancer", message="Ensured load balancer")
        return Plan(actions=(_with(service, chosen), done))


def ports(service: Service) -> list[tuple[str, int]]:
    return [(port.protocol or "TCP", port.port) for port in service.spec.ports]


def _taken_before(service: Service, state: Lister) -> set[tuple[str, str, int]]:
    """(address, protocol, port) of others that are older, or of the same moment and come first by name."""

    def age(each: Service) -> tuple[str, tuple[str, str]]:
        created = each.metadata.creation_timestamp
        return created.isoformat() if created else "", each.key

    return {
        (ingress.ip, *port)
        for other in state.list(Service)
        if other.spec.type == TYPE and other.key != service.key and age(other) < age(service)
        for ingress in other.status.load_balancer.ingress
        if ingress.ip
        for port in ports(other)
    }


def _addresses(node: Node) -> list[str]:
    return [each.address for each in node.status.addresses if each.type == "InternalIP" and each.address]


def _one_of_each(families: Iterable[str], present: Sequence[str], free: Sequence[str]) -> list[str]:
    """One address of each family that there is one of: what is there stays where it may."""
    kept = [address for address in present if address in free]
    found = (next((ip for ip in (*kept, *free) if family_of(ip).name == name), "") for name in families)
    return [address for address in found if address]


def _with(service: Service, addresses: Iterable[str]) -> Update:
    ingress = tuple(LoadBalancerIngress(ip=address, ip_mode="VIP") for address in addresses)
    status = evolve(service.status, load_balancer=LoadBalancerStatus(ingress=ingress))
    return Update(obj=evolve(service, status=status), subresource="status")
