"""Which requests a webhook or a policy has a say in."""

from __future__ import annotations

from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
SCOPES = ("*", "Cluster", "Namespaced")
MATCH_POLICIES = ("Equivalent", "Exact")
FAILURE_POLICIES = ("Fail", "Ignore")


@model
class RuleWithOperations:
    """Operations on resources. A request matches where each of the lists has what it is."""

    operations: tuple[str, ...] = wire(default=(), list_type="atomic", enum=OPERATIONS)
    """``CREATE``, ``UPDATE``, ``DELETE``, ``CONNECT``, or ``*`` for all of them."""
    api_groups: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Groups of the API; ``""`` is the core group, ``*`` all."""
    api_versions: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Versions of the groups; ``*`` is all."""
    resources: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Resources in plural (``pods``), with a subresource (``pods/status``, ``pods/*``, ``*/scale``), or ``*`` for all
    without their subresources and ``*/*`` for really all.
    """
    scope: str | None = wire(default=None, enum=SCOPES, api_default="*", keep_zero=True)
    """Whether the resources are in namespaces (``Namespaced``) or not (``Cluster``). ``*``, the default, is both."""


@model
class NamedRuleWithOperations(RuleWithOperations):
    """Operations on resources, perhaps on objects of certain names alone."""

    __map_type__ = "atomic"

    resource_names: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Names of objects; none means any."""


@model
class MatchCondition:
    """A further condition on a request, as an expression."""

    name: str = wire(required=True, emit="always")
    """A name of the condition, unlike the others'."""
    expression: str = wire(required=True, emit="always")
    """A CEL expression that gives true for requests to be looked at. It may use ``object``, ``oldObject``, ``request``
    and ``authorizer``.
    """


@model
class MatchResources:
    """Which requests a policy or a binding is for."""

    __map_type__ = "atomic"

    namespace_selector: LabelSelector | None = wire(default=None, api_default={})
    """Labels of the namespace that the object is in, or that it is. Objects of no namespace always match."""
    object_selector: LabelSelector | None = wire(default=None, api_default={})
    """Labels of the object or of its old state."""
    resource_rules: tuple[NamedRuleWithOperations, ...] = wire(default=(), list_type="atomic")
    """Operations on resources; one that matches is enough."""
    exclude_resource_rules: tuple[NamedRuleWithOperations, ...] = wire(default=(), list_type="atomic")
    """Operations on resources that are left out, whatever ``resourceRules`` says."""
    match_policy: str | None = wire(default=None, enum=MATCH_POLICIES, api_default="Equivalent", keep_zero=True)
    """``Equivalent`` (the default): a rule about a resource holds for it in its other groups and versions too. ``Exact``:
    it does not.
    """
