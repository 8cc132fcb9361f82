"""FlowSchema: which requests get which priority level."""

from __future__ import annotations

from sampan.core.model.columns.flowcontrol_v1.flow_control import FLOW_SCHEMA_COLUMNS
from sampan.core.model.flowcontrol_v1.condition import FlowCondition
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.flowcontrol_v1.flow_schema import FlowSchemaRules, validate_flow_schema


@model
class UserSubject:
    """A user."""

    name: str = wire(required=True, emit="always")
    """The name of the user; ``*`` is every user."""


@model
class GroupSubject:
    """A group."""

    name: str = wire(required=True, emit="always")
    """The name of the group; ``*`` is every group."""


@model
class ServiceAccountSubject:
    """A ServiceAccount."""

    namespace: str = wire(required=True, emit="always")
    """The account's namespace."""
    name: str = wire(required=True, emit="always")
    """The account's name; ``*`` is every account of the namespace."""


@model
class Subject:
    """Somebody who sends requests. Exactly the field that ``kind`` names is given."""

    kind: str = wire(required=True, emit="always")
    """Who it is: ``User``, ``Group`` or ``ServiceAccount``."""
    user: UserSubject | None = None
    """The user, for kind ``User``."""
    group: GroupSubject | None = None
    """The group, for kind ``Group``."""
    service_account: ServiceAccountSubject | None = None
    """The account, for kind ``ServiceAccount``."""


@model
class ResourcePolicyRule:
    """Requests for objects. All fields must fit."""

    verbs: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="set")
    """What is done; ``*`` alone is everything."""
    api_groups: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="set")
    """The API groups; ``*`` alone is every group."""
    resources: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="set")
    """The kinds by their plural names, with subresources apart; ``*`` alone is every kind."""
    cluster_scope: bool = False
    """Whether requests without a namespace fit, for kinds that have none or over all namespaces."""
    namespaces: tuple[str, ...] = wire(default=(), emit="null", list_type="set")
    """The namespaces; ``*`` alone is every one. Empty only with ``clusterScope``."""


@model
class NonResourcePolicyRule:
    """Requests for paths that are no resources. Both fields must fit."""

    verbs: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="set")
    """The HTTP methods in small letters; ``*`` alone is every method."""
    non_resource_ur_ls: tuple[str, ...] = wire(
        default=(), name="nonResourceURLs", required=True, emit="null", list_type="set"
    )
    """The paths; ``/healthz/*`` is all below, ``*`` alone is every path."""


@model
class PolicyRulesWithSubjects:
    """Requests of some senders. One subject and one rule must fit."""

    subjects: tuple[Subject, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """Who sends the requests. At least one."""
    resource_rules: tuple[ResourcePolicyRule, ...] = wire(default=(), list_type="atomic")
    """The requests for objects that fit."""
    non_resource_rules: tuple[NonResourcePolicyRule, ...] = wire(default=(), list_type="atomic")
    """The requests for paths that fit."""


@model
class PriorityLevelConfigurationReference:
    """A priority level by name."""

    name: str = wire(required=True, emit="always")
    """The name of the PriorityLevelConfiguration."""


@model
class FlowDistinguisherMethod:
    """How requests that fit are told apart, so that one sender cannot crowd out others."""

    type: str = wire(required=True, emit="always")
    """``ByUser`` or ``ByNamespace``."""


@model
class FlowSchemaSpec:
    """Which requests, and which level."""

    priority_level_configuration: PriorityLevelConfigurationReference = wire(required=True, emit="always")
    """The priority level of the requests that fit."""
    matching_precedence: int = wire(default=0, format="int32", emit="always")
    """Which schema is looked at first: the lower number, from 1 to 10000. Defaults to 1000."""
    distinguisher_method: FlowDistinguisherMethod | None = None
    """How the requests are told apart. Left out, they are all one flow."""
    rules: tuple[PolicyRulesWithSubjects, ...] = wire(default=(), list_type="atomic")
    """Which requests fit: those of any of these. Empty, none."""


@model
class FlowSchemaCondition(FlowCondition):
    """One thing that is or is not so about the schema, such as ``Dangling``."""


@model
class FlowSchemaStatus:
    """Whether the schema is in order."""

    conditions: tuple[FlowSchemaCondition, ...] = keyed("type")
    """Statements about the schema, one per type."""


@kind(
    "flowcontrol.apiserver.k8s.io/v1",
    plural="flowschemas",
    namespaced=False,
    has_status=True,
    has_generation=True,
    columns=FLOW_SCHEMA_COLUMNS,
    rules=FlowSchemaRules(),
)
@model
class FlowSchema(KubeObject):
    """Which requests get which priority level."""

    spec: FlowSchemaSpec = wire(emit="always")
    """Which requests, and which level."""
    status: FlowSchemaStatus = wire(default=FlowSchemaStatus(), emit="always")
    """Whether the schema is in order. Read-only."""


struct_rules(FlowSchema, whole=True)(validate_flow_schema)
