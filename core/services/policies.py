"""From NetworkPolicies to what may pass: the guards of pods, and the question whether they let something through. Pure.

https://kubernetes.io/docs/concepts/services-networking/network-policies/ has the rules: a pod that some policy selects gets
only what one of its policies lets in (or out); policies add up; answers to what was let through are let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.policy import Guard, Opening
from sampan.core.ip import IPV4, IPV6, Family
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.networking_v1.network_policy import NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort
from sampan.core.reconcile.labels import matches
from sampan.core.reconcile.pods import is_finished

INGRESS, EGRESS = "Ingress", "Egress"


def guards(
    policies: Iterable[NetworkPolicy], pods: Iterable[Pod], namespaces: Iterable[Namespace]
) -> tuple[Guard, ...]:
    """One for each address of each pod that a policy selects."""
    world = _World(tuple(pods), {each.metadata.name or "": each for each in namespaces})
    found: dict[str, Guard] = {}
    for policy in policies:
        for pod, address in _each_address(world.selected(policy)):
            guard = found.get(address, Guard(address=address))
            if INGRESS in _types(policy):
                guard = attrs.evolve(guard, ingress=(*(guard.ingress or ()), *world.ingress(policy, pod)))
            if EGRESS in _types(policy):
                guard = attrs.evolve(guard, egress=(*(guard.egress or ()), *world.egress(policy)))
            found[address] = guard
    return tuple(_tidy(found[address]) for address in sorted(found))


def allows(some: Mapping[str, Guard], source: str, target: str, protocol: str, port: int) -> bool:
    """Whether a connection may be opened: the source's guard lets it out, and the target's lets it in."""
    out, into = some.get(source), some.get(target)
    if out is not None and out.egress is not None and not any(each.lets(target, protocol, port) for each in out.egress):
        return False
    if into is None or into.ingress is None:
        return True
    return any(each.lets(source, protocol, port) for each in into.ingress)


@frozen
class _World:
    pods: Sequence[Pod]
    namespaces: Mapping[str, Namespace]

    def selected(self, policy: NetworkPolicy) -> Iterator[Pod]:
        for pod in self._with_addresses():
            if pod.metadata.namespace == policy.metadata.namespace and matches(
                policy.spec.pod_selector, pod.metadata.labels
            ):
                yield pod

    def ingress(self, policy: NetworkPolicy, pod: Pod) -> Iterator[Opening]:
        for rule in policy.spec.ingress:
            for place in self._places(policy, rule.from_):
                yield from _with_ports(place, rule.ports, [pod])

    def egress(self, policy: NetworkPolicy) -> Iterator[Opening]:
        for rule in policy.spec.egress:
            if any(isinstance(port.port, str) for port in rule.ports):
                yield from self._to_named_ports(policy, rule.to, rule.ports)
                continue
            for place in self._places(policy, rule.to):
                yield from _with_ports(place, rule.ports, [])

    def _to_named_ports(
        self, policy: NetworkPolicy, to: Sequence[NetworkPolicyPeer], ports: Sequence[NetworkPolicyPort]
    ) -> Iterator[Opening]:
        """A name is another number in each pod."""
        for pod in self._with_addresses():
            if not to or any(self._is_peer(policy, peer, pod) for peer in to):
                yield from _with_ports(Opening(ranges=_addresses(pod)), ports, [pod])
        numbered = [port for port in ports if not isinstance(port.port, str)]
        if numbered:
            for place in self._places(policy, to):
                yield from _with_ports(place, numbered, [])

    def _places(self, policy: NetworkPolicy, peers: Sequence[NetworkPolicyPeer]) -> Iterator[Opening]:
        if not peers:
            yield Opening()
        addresses = []
        for peer in peers:
            if peer.ip_block is not None:
                yield Opening(ranges=(peer.ip_block.cidr,), gaps=tuple(peer.ip_block.except_))
            else:
                peers_pods = (pod for pod in self._with_addresses() if self._is_peer(policy, peer, pod))
                addresses += [address for pod in peers_pods for address in _addresses(pod)]
        if addresses:
            yield Opening(ranges=tuple(sorted(set(addresses))))

    def _is_peer(self, policy: NetworkPolicy, peer: NetworkPolicyPeer, pod: Pod) -> bool:
        if peer.ip_block is not None:
            return False
        if peer.namespace_selector is None:
            if pod.metadata.namespace != policy.metadata.namespace:
                return False
        else:
            namespace = self.namespaces.get(pod.metadata.namespace or "")
            if namespace is None or not matches(peer.namespace_selector, namespace.metadata.labels):
                return False
        return peer.pod_selector is None or matches(peer.pod_selector, pod.metadata.labels)

    def _with_addresses(self) -> Iterator[Pod]:
        """Pods with an address of their own, which is not the host's."""
        for pod in self.pods:
            if _addresses(pod) and not pod.spec.host_network and not is_finished(pod):
                yield pod


def _with_ports(place: Opening, ports: Sequence[NetworkPolicyPort], named: Sequence[Pod]) -> Iterator[Opening]:
    if not ports:
        yield place
    for port in ports:
        protocol = port.protocol or "TCP"
        if port.port is None:
            yield attrs.evolve(place, protocol=protocol)
        elif isinstance(port.port, int):
            yield attrs.evolve(place, protocol=protocol, first=port.port, last=port.end_port or port.port)
        else:
            for number in _numbers(named, port.port, protocol):
                yield attrs.evolve(place, protocol=protocol, first=number, last=number)


def _numbers(pods: Sequence[Pod], name: str, protocol: str) -> set[int]:
    return {
        port.container_port
        for pod in pods
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        for port in container.ports
        if port.name == name and (port.protocol or "TCP") == protocol
    }


def _types(policy: NetworkPolicy) -> Sequence[str]:
    return policy.spec.policy_types or ((INGRESS, EGRESS) if policy.spec.egress else (INGRESS,))


def _tidy(guard: Guard) -> Guard:
    """What the other family lets through is nothing to this address."""
    family = _family(guard.address)

    def some(openings: tuple[Opening, ...] | None) -> tuple[Opening, ...] | None:
        return None if openings is None else tuple(sorted({own for each in openings if (own := _within(each, family))}))

    return attrs.evolve(guard, ingress=some(guard.ingress), egress=some(guard.egress))


def _within(opening: Opening, family: Family) -> Opening | None:
    """As far as it is of the family."""
    if not opening.ranges:
        return opening
    ranges = tuple(each for each in opening.ranges if _family(each) is family)
    return attrs.evolve(opening, ranges=ranges) if ranges else None


def _family(address: str) -> Family:
    return IPV6 if ":" in address else IPV4


def _each_address(pods: Iterable[Pod]) -> Iterator[tuple[Pod, str]]:
    return ((pod, address) for pod in pods for address in _addresses(pod))


def _addresses(pod: Pod) -> tuple[str, ...]:
    return tuple(each.ip for each in pod.status.pod_ips) or tuple(filter(None, [pod.status.pod_ip]))
