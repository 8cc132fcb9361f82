"""MutatingAdmissionPolicy and its binding: changes to what is written, as expressions."""

from __future__ import annotations

from sampan.core.model.admissionregistration_v1.matching import FAILURE_POLICIES, MatchCondition, MatchResources
from sampan.core.model.admissionregistration_v1.policy import ParamKind, ParamRef, Variable
from sampan.core.model.columns.admissionregistration_v1.columns import BINDING_COLUMNS, MUTATING_POLICY_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.admissionregistration_v1.bindings import validate_mutating_binding
from sampan.core.model.rules.admissionregistration_v1.policies import PolicyRules, validate_mutating_policy


@model
class ApplyConfiguration:
    """A part of an object that is applied to what is written."""

    expression: str = ""
    """A CEL expression that gives an object: ``Object{spec: Object.spec{replicas: 1}}``."""


@model
class JSONPatch:
    """Changes of what is written."""

    expression: str = ""
    """A CEL expression that gives a list of changes: ``[JSONPatch{op: "add", path: "/spec/replicas", value: 1}]``."""


@model
class Mutation:
    """One change."""

    patch_type: str = wire(required=True, emit="always", enum=("ApplyConfiguration", "JSONPatch"))
    """Which of the two it is."""
    apply_configuration: ApplyConfiguration | None = None
    """A part of an object that is applied to what is written."""
    json_patch: JSONPatch | None = None
    """Changes of what is written."""


@model
class MutatingAdmissionPolicySpec:
    """What is changed, and in which requests."""

    param_kind: ParamKind | None = None
    """The kind of parameters that bindings may give. Left out: none."""
    match_constraints: MatchResources | None = None
    """Which requests it is for."""
    variables: tuple[Variable, ...] = wire(default=(), list_type="atomic")
    """Values that the expressions share."""
    mutations: tuple[Mutation, ...] = wire(default=(), list_type="atomic")
    """What is changed, in order."""
    failure_policy: str | None = wire(default=None, enum=FAILURE_POLICIES, api_default="Fail", keep_zero=True)
    """What an expression that cannot be evaluated means: ``Fail`` (the default) or ``Ignore``."""
    match_conditions: tuple[MatchCondition, ...] = keyed("name")
    """Further conditions on a request, at most 64: all must hold."""
    reinvocation_policy: str | None = wire(default=None, enum=("IfNeeded", "Never"), keep_zero=True)
    """``IfNeeded``: it is asked once more where something after it has changed the object. Or ``Never``."""


@kind(
    "admissionregistration.k8s.io/v1",
    plural="mutatingadmissionpolicies",
    unconditional_update=False,
    namespaced=False,
    categories=("api-extensions",),
    has_generation=True,
    columns=MUTATING_POLICY_COLUMNS,
    rules=PolicyRules(),
)
@model
class MutatingAdmissionPolicy(KubeObject):
    """Changes to what is written. Nothing is changed before a binding puts them to use."""

    spec: MutatingAdmissionPolicySpec = wire(default=MutatingAdmissionPolicySpec(), emit="always")
    """What is changed, and in which requests."""


@model
class MutatingAdmissionPolicyBindingSpec:
    """A policy, with what it needs."""

    policy_name: str = ""
    """The policy's name. One that does not exist does nothing."""
    param_ref: ParamRef | None = None
    """The parameters."""
    match_resources: MatchResources | None = None
    """Which of the requests that the policy is for."""


@kind(
    "admissionregistration.k8s.io/v1",
    plural="mutatingadmissionpolicybindings",
    unconditional_update=False,
    namespaced=False,
    categories=("api-extensions",),
    has_generation=True,
    columns=BINDING_COLUMNS,
    rules=PolicyRules(),
)
@model
class MutatingAdmissionPolicyBinding(KubeObject):
    """Puts a MutatingAdmissionPolicy to use."""

    spec: MutatingAdmissionPolicyBindingSpec = wire(default=MutatingAdmissionPolicyBindingSpec(), emit="always")
    """A policy, with what it needs."""


struct_rules(MutatingAdmissionPolicy, whole=True)(validate_mutating_policy)
struct_rules(MutatingAdmissionPolicyBinding, whole=True)(validate_mutating_binding)
