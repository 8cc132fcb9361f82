"""Ingress: which requests from outside lead to which services."""

from __future__ import annotations

from sampan.core.model.columns.networking_v1.ingress import INGRESS_COLUMNS
from sampan.core.model.core_v1.references import TypedLocalObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.networking_v1.ingress import IngressRules, validate_ingress


@model
class ServiceBackendPort:
    """A port of a service: its name or its number."""

    __map_type__ = "atomic"

    name: str | None = None
    """The name of the port. Not together with ``number``."""
    number: int = wire(default=0, format="int32")
    """The number of the port. Not together with ``name``."""


@model
class IngressServiceBackend:
    """A service that requests are sent on to."""

    name: str = wire(required=True, emit="always")
    """The name of the Service, which is in the Ingress' namespace."""
    port: ServiceBackendPort = wire(default=ServiceBackendPort(), emit="always")
    """Which of its ports. Either its name or its number must be given."""


@model
class IngressBackend:
    """Where requests are sent on to: a service or another object."""

    service: IngressServiceBackend | None = None
    """The service that answers. Not together with ``resource``."""
    resource: TypedLocalObjectReference | None = None
    """An object of the same namespace that answers, such as a storage bucket. Not together with ``service``."""


@model
class HTTPIngressPath:
    """Paths that lead to one backend."""

    path: str | None = None
    """The path, which starts with a slash. How it is compared is up to ``pathType``."""
    path_type: str | None = wire(
        default=None, required=True, enum=("Exact", "ImplementationSpecific", "Prefix"), emit="null", keep_zero=True
    )
    """``Exact`` compares the whole path, ``Prefix`` element by element from the start, ``ImplementationSpecific`` as
    the IngressClass does.
    """
    backend: IngressBackend = wire(required=True, emit="always")
    """Where the requests are sent on to."""


@model
class HTTPIngressRuleValue:
    """Where the paths of a host lead to."""

    paths: tuple[HTTPIngressPath, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The paths and their backends. The longest one that fits counts, an exact one before a prefix."""


@model
class IngressRule:
    """What happens to the requests for one host."""

    host: str | None = None
    """The host, as a name or with a leading wildcard (``*.example.com``). Left out, any host."""
    http: HTTPIngressRuleValue | None = None
    """Where the paths of the host lead to. Left out, all lead to the default backend."""


@model
class IngressTLS:
    """Hosts that are served over TLS."""

    hosts: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The hosts in the certificate. Left out, those that the IngressClass chooses."""
    secret_name: str | None = None
    """The Secret with key and certificate. Left out, the host alone chooses among certificates."""


@model
class IngressSpec:
    """Which requests lead where."""

    ingress_class_name: str | None = wire(default=None, keep_zero=True)
    """The IngressClass whose controller looks after the Ingress. Left out, the default class, if there is one."""
    default_backend: IngressBackend | None = None
    """Where requests are sent that no rule fits. Needed where there are no rules."""
    tls: tuple[IngressTLS, ...] = wire(default=(), list_type="atomic")
    """The hosts that are served over TLS, on port 443."""
    rules: tuple[IngressRule, ...] = wire(default=(), list_type="atomic")
    """What happens to the requests for each host."""


@model
class IngressPortStatus:
    """A port that the load balancer serves."""

    port: int = wire(default=0, required=True, format="int32", emit="always")
    """The number of the port."""
    protocol: str = wire(required=True, enum=("SCTP", "TCP", "UDP"), emit="always")
    """The port's protocol: ``TCP``, ``UDP`` or ``SCTP``."""
    error: str | None = wire(default=None, keep_zero=True)
    """Why the port is not served, as one word for programs, with a domain unless it is Kubernetes' own."""


@model
class IngressLoadBalancerIngress:
    """An address that the load balancer can be reached at."""

    ip: str | None = None
    """The address, for load balancers that have one."""
    hostname: str | None = None
    """The name, for load balancers that have one."""
    ports: tuple[IngressPortStatus, ...] = wire(default=(), list_type="atomic")
    """The ports that are served there."""


@model
class IngressLoadBalancerStatus:
    """Where the load balancer can be reached."""

    ingress: tuple[IngressLoadBalancerIngress, ...] = wire(default=(), list_type="atomic")
    """Its addresses."""


@model
class IngressStatus:
    """Where the Ingress can be reached."""

    load_balancer: IngressLoadBalancerStatus = wire(default=IngressLoadBalancerStatus(), emit="always")
    """The load balancer that serves it."""


@kind(
    "networking.k8s.io/v1",
    plural="ingresses",
    short_names=("ing",),
    has_status=True,
    has_generation=True,
    columns=INGRESS_COLUMNS,
    rules=IngressRules(),
)
@model
class Ingress(KubeObject):
    """Which requests from outside lead to which services."""

    spec: IngressSpec = wire(default=IngressSpec(), emit="always")
    """Which requests lead where."""
    status: IngressStatus = wire(default=IngressStatus(), emit="always")
    """Where the Ingress can be reached. Written by its controller."""


struct_rules(Ingress, whole=True)(validate_ingress)
