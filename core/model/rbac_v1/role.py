"""Role and ClusterRole: what may be done."""

from __future__ import annotations

from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.rbac_v1.role import RoleRules, validate_cluster_role, validate_role


@model
class PolicyRule:
    """Some actions on some resources or paths."""

    verbs: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """What may be done, such as ``get``, ``list`` or ``create``; ``*`` is everything."""
    api_groups: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The groups of ``resources``; ``""`` is the core group and ``*`` every group. Any of them fits."""
    resources: tuple[str, ...] = wire(default=(), list_type="atomic")
    """What it may be done to, such as ``pods`` or ``pods/log``; ``*`` is all resources of the groups."""
    resource_names: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Only the objects of these names. Left out, all of them; it cannot narrow ``create`` or a collection."""
    non_resource_ur_ls: tuple[str, ...] = wire(default=(), name="nonResourceURLs", list_type="atomic")
    """Paths of the API server that are no resources, such as ``/metrics`` or ``/api/*``. Only in a ClusterRole."""


@model
class AggregationRule:
    """Which other ClusterRoles a ClusterRole is put together from."""

    cluster_role_selectors: tuple[LabelSelector, ...] = wire(default=(), list_type="atomic")
    """Labels of ClusterRoles whose rules are taken over. A role that fits any of the selectors is added."""


@kind(
    "rbac.authorization.k8s.io/v1",
    plural="roles",
    name_format="path-segment",
    rules=RoleRules(),
    create_on_update=True,
)
@model
class Role(KubeObject):
    """Rules that hold in one namespace."""

    rules: tuple[PolicyRule, ...] = wire(default=(), emit="null", list_type="atomic")
    """What whoever is bound to the role may do. They only ever add up: nothing is denied by a rule."""


@kind(
    "rbac.authorization.k8s.io/v1",
    plural="clusterroles",
    namespaced=False,
    name_format="path-segment",
    rules=RoleRules(),
    create_on_update=True,
)
@model
class ClusterRole(KubeObject):
    """Rules that hold in every namespace and for cluster-wide resources, or are bound in single namespaces."""

    rules: tuple[PolicyRule, ...] = wire(default=(), emit="null", list_type="atomic")
    """What whoever is bound to the role may do. With an ``aggregationRule`` the controller writes them."""
    aggregation_rule: AggregationRule | None = None
    """Other ClusterRoles to put this one together from. Its own ``rules`` are overwritten then."""


struct_rules(Role, whole=True)(validate_role)
struct_rules(ClusterRole, whole=True)(validate_cluster_role)
