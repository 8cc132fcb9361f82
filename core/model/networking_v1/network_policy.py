"""NetworkPolicy: who may talk to which pods."""

from __future__ import annotations

from sampan.core.model.columns.networking_v1.network_policy import NETWORK_POLICY_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import IntOrString, model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.networking_v1.network_policy import NetworkPolicyRules, validate_network_policy


@model
class IPBlock:
    """A range of addresses with gaps."""

    cidr: str = wire(required=True, emit="always")
    """The range, such as ``192.168.1.0/24``."""
    except_: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Ranges within it that do not count."""


@model
class NetworkPolicyPort:
    """Ports that traffic may go to."""

    protocol: str | None = wire(default=None, enum=("SCTP", "TCP", "UDP"), keep_zero=True, api_default="TCP")
    """``TCP`` (the default), ``UDP`` or ``SCTP``."""
    port: IntOrString | None = None
    """The port, by number or by the name that the pod gives it. Left out, all ports."""
    end_port: int | None = wire(default=None, format="int32")
    """The last port of a range that starts with ``port``, which must be a number then."""


@model
class NetworkPolicyPeer:
    """The other side of the traffic: pods and namespaces, or addresses."""

    pod_selector: LabelSelector | None = None
    """Pods by their labels: in the policy's own namespace, or in those of ``namespaceSelector``."""
    namespace_selector: LabelSelector | None = None
    """Namespaces by their labels. With ``podSelector``, the pods there that it selects; alone, all of their pods."""
    ip_block: IPBlock | None = None
    """A range of addresses. Not together with a selector."""


@model
class NetworkPolicyIngressRule:
    """Traffic that may come in: what fits both fields."""

    ports: tuple[NetworkPolicyPort, ...] = wire(default=(), list_type="atomic")
    """The ports that it may go to. Left out or empty, any."""
    from_: tuple[NetworkPolicyPeer, ...] = wire(default=(), list_type="atomic")
    """Where it may come from. Left out or empty, anywhere."""


@model
class NetworkPolicyEgressRule:
    """Traffic that may go out: what fits both fields."""

    ports: tuple[NetworkPolicyPort, ...] = wire(default=(), list_type="atomic")
    """The ports that it may go to. Left out or empty, any."""
    to: tuple[NetworkPolicyPeer, ...] = wire(default=(), list_type="atomic")
    """Where it may go. Left out or empty, anywhere."""


@model
class NetworkPolicySpec:
    """Which pods are guarded, and what they may send and get."""

    pod_selector: LabelSelector = wire(default=LabelSelector(), emit="always")
    """The pods that are guarded. Empty, all of the namespace. Several policies for a pod add up."""
    ingress: tuple[NetworkPolicyIngressRule, ...] = wire(default=(), list_type="atomic")
    """What may come in. With no rule nothing may."""
    egress: tuple[NetworkPolicyEgressRule, ...] = wire(default=(), list_type="atomic")
    """What may go out. With no rule nothing may."""
    policy_types: tuple[str, ...] = wire(default=(), enum=("Egress", "Ingress"), list_type="atomic")
    """Which directions the policy is about: ``Ingress`` and ``Egress``. Left out, ``Ingress``, and ``Egress`` if there
    are rules for it.
    """


@kind(
    "networking.k8s.io/v1",
    plural="networkpolicies",
    short_names=("netpol",),
    has_generation=True,
    columns=NETWORK_POLICY_COLUMNS,
    rules=NetworkPolicyRules(),
)
@model
class NetworkPolicy(KubeObject):
    """Who may talk to which pods."""

    spec: NetworkPolicySpec = wire(emit="always")
    """Which pods are guarded, and what they may send and get."""


struct_rules(NetworkPolicy, whole=True)(validate_network_policy)
