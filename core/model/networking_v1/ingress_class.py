"""IngressClass: by whom Ingresses are served."""

from __future__ import annotations

from sampan.core.model.columns.networking_v1.ingress import INGRESS_CLASS_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.networking_v1.ingress_class import IngressClassRules, validate_ingress_class


@model
class IngressClassParametersReference:
    """An object with further settings of the class."""

    api_group: str | None = wire(default=None, keep_zero=True)
    """The API group of the object's kind. Left out, the core group."""
    kind: str = wire(required=True, emit="always")
    """The object's kind."""
    name: str = wire(required=True, emit="always")
    """The object's name."""
    scope: str | None = wire(default=None, emit="null", keep_zero=True)
    """Whether the object is in a namespace: ``Cluster`` (the default) or ``Namespace``."""
    namespace: str | None = wire(default=None, keep_zero=True)
    """The object's namespace. Only, and then required, with scope ``Namespace``."""


@model
class IngressClassSpec:
    """Who serves the Ingresses of the class."""

    controller: str | None = None
    """The controller, as ``example.com/controller``. Immutable."""
    parameters: IngressClassParametersReference | None = None
    """An object with further settings for the controller."""


@kind(
    "networking.k8s.io/v1",
    plural="ingressclasses",
    namespaced=False,
    has_generation=True,
    columns=INGRESS_CLASS_COLUMNS,
    rules=IngressClassRules(),
)
@model
class IngressClass(KubeObject):
    """By whom Ingresses that name the class are served."""

    spec: IngressClassSpec = wire(default=IngressClassSpec(), emit="always")
    """Who serves the Ingresses of the class."""


struct_rules(IngressClass, whole=True)(validate_ingress_class)
