"""RoleBinding and ClusterRoleBinding: who may do what a role says."""

from __future__ import annotations

from sampan.core.model.columns.rbac_v1.rbac import CLUSTER_ROLE_BINDING_COLUMNS, ROLE_BINDING_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.rbac_v1.binding import BindingRules, validate_cluster_role_binding, validate_role_binding


@model
class Subject:
    """Somebody that a role is given to."""

    __map_type__ = "atomic"

    kind: str = wire(required=True, emit="always")
    """Who it is: ``User``, ``Group`` or ``ServiceAccount``."""
    api_group: str | None = None
    """The group of the subject's kind: empty for a ServiceAccount, ``rbac.authorization.k8s.io`` for the others.
    Defaults to that.
    """
    name: str = wire(required=True, emit="always")
    """The name of the user, group or account."""
    namespace: str | None = None
    """The account's namespace. Users and groups have none."""


@model
class RoleRef:
    """The role that is given."""

    __map_type__ = "atomic"

    api_group: str = wire(default="", emit="always")
    """The role's group, ``rbac.authorization.k8s.io``. Defaults to that."""
    kind: str = wire(required=True, emit="always")
    """``Role`` (in the binding's namespace) or ``ClusterRole``."""
    name: str = wire(required=True, emit="always")
    """The name of the role."""


@kind(
    "rbac.authorization.k8s.io/v1",
    plural="rolebindings",
    name_format="path-segment",
    rules=BindingRules(),
    columns=ROLE_BINDING_COLUMNS,
    create_on_update=True,
)
@model
class RoleBinding(KubeObject):
    """Gives a role's rights to somebody within one namespace."""

    subjects: tuple[Subject, ...] = wire(default=(), list_type="atomic")
    """Who gets the rights."""
    role_ref: RoleRef = wire(required=True, emit="always")
    """The role whose rights they get. Immutable: delete the binding to give another role."""


@kind(
    "rbac.authorization.k8s.io/v1",
    plural="clusterrolebindings",
    namespaced=False,
    name_format="path-segment",
    rules=BindingRules(),
    columns=CLUSTER_ROLE_BINDING_COLUMNS,
    create_on_update=True,
)
@model
class ClusterRoleBinding(KubeObject):
    """Gives a ClusterRole's rights to somebody everywhere."""

    subjects: tuple[Subject, ...] = wire(default=(), list_type="atomic")
    """Who gets the rights."""
    role_ref: RoleRef = wire(required=True, emit="always")
    """The ClusterRole whose rights they get. Immutable: delete the binding to give another role."""


struct_rules(RoleBinding, whole=True)(validate_role_binding)
struct_rules(ClusterRoleBinding, whole=True)(validate_cluster_role_binding)
