"""ValidatingAdmissionPolicy and its binding: rules for what may be written, as expressions."""

from __future__ import annotations

from sampan.core.model.admissionregistration_v1.matching import FAILURE_POLICIES, MatchCondition, MatchResources
from sampan.core.model.admissionregistration_v1.policy import ParamKind, ParamRef, Variable
from sampan.core.model.columns.admissionregistration_v1.columns import BINDING_COLUMNS, VALIDATING_POLICY_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.rules.admissionregistration_v1.bindings import validate_validating_binding
from sampan.core.model.rules.admissionregistration_v1.policies import (
    PolicyRules,
    ValidatingPolicyRules,
    validate_validating_policy,
)


@model
class Validation:
    """One rule."""

    expression: str = wire(required=True, emit="always")
    """A CEL expression that gives true for what may be."""
    message: str = ""
    """What to say where it does not."""
    reason: str | None = wire(default=None, keep_zero=True)
    """The reason of the refusal: ``Invalid`` (the default), ``Forbidden`` or ``RequestEntityTooLarge``."""
    message_expression: str = ""
    """What to say, as a CEL expression that gives text; it wins over ``message``."""


@model
class AuditAnnotation:
    """Something to write into the audit log about each request."""

    key: str = wire(required=True, emit="always")
    """The annotation's name, behind the policy's."""
    value_expression: str = wire(required=True, emit="always")
    """Its value, as a CEL expression that gives text, or null for no annotation."""


@model
class ExpressionWarning:
    """What seems wrong with an expression."""

    field_ref: str = wire(required=True, emit="always")
    """Where the expression is (``spec.validations[0].expression``)."""
    warning: str = wire(required=True, emit="always")
    """What seems wrong, for each kind that the policy is for."""


@model
class TypeChecking:
    """What the policy's expressions look like when they are held against the kinds that it is for."""

    expression_warnings: tuple[ExpressionWarning, ...] = wire(default=(), list_type="atomic")
    """What seems wrong. Nothing here keeps the policy from working."""


@model
class ValidatingAdmissionPolicySpec:
    """What must hold, and for which requests."""

    param_kind: ParamKind | None = None
    """The kind of parameters that bindings may give. Left out: none."""
    match_constraints: MatchResources | None = None
    """Which requests it is for."""
    validations: tuple[Validation, ...] = wire(default=(), list_type="atomic")
    """What must hold."""
    failure_policy: str | None = wire(default=None, enum=FAILURE_POLICIES, api_default="Fail", keep_zero=True)
    """What an expression that cannot be evaluated means: ``Fail`` (the default) or ``Ignore``."""
    audit_annotations: tuple[AuditAnnotation, ...] = wire(default=(), list_type="atomic")
    """What to write into the audit log."""
    match_conditions: tuple[MatchCondition, ...] = keyed("name")
    """Further conditions on a request, at most 64: all must hold."""
    variables: tuple[Variable, ...] = keyed("name")
    """Values that the expressions share."""


@model
class ValidatingAdmissionPolicyStatus:
    """What was found when the policy was looked at."""

    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that was looked at."""
    type_checking: TypeChecking | None = None
    """How its expressions go with the kinds that it is for."""
    conditions: tuple[Condition, ...] = wire(default=(), list_type="map", map_keys=("type",))
    """Statements about the policy, one per type."""


@kind(
    "admissionregistration.k8s.io/v1",
    plural="validatingadmissionpolicies",
    unconditional_update=False,
    namespaced=False,
    categories=("api-extensions",),
    has_status=True,
    has_generation=True,
    columns=VALIDATING_POLICY_COLUMNS,
    rules=ValidatingPolicyRules(),
)
@model
class ValidatingAdmissionPolicy(KubeObject):
    """Rules for what may be written. Nothing is checked before a binding puts them to use."""

    spec: ValidatingAdmissionPolicySpec = wire(default=ValidatingAdmissionPolicySpec(), emit="always")
    """What must hold, and for which requests."""
    status: ValidatingAdmissionPolicyStatus = wire(default=ValidatingAdmissionPolicyStatus(), emit="always")
    """What was found when the policy was looked at. Written by its controller."""


@model
class ValidatingAdmissionPolicyBindingSpec:
    """A policy, with what it needs."""

    policy_name: str = wire(default="", required=True)
    """The policy's name. One that does not exist does nothing."""
    param_ref: ParamRef | None = None
    """The parameters."""
    match_resources: MatchResources | None = None
    """Which of the requests that the policy is for."""
    validation_actions: tuple[str, ...] = wire(
        default=(), required=True, list_type="set", enum=("Audit", "Deny", "Warn")
    )
    """What a rule that does not hold means: ``Deny`` refuses, ``Warn`` warns, ``Audit`` writes into the audit log."""


@kind(
    "admissionregistration.k8s.io/v1",
    plural="validatingadmissionpolicybindings",
    unconditional_update=False,
    namespaced=False,
    categories=("api-extensions",),
    has_generation=True,
    columns=BINDING_COLUMNS,
    rules=PolicyRules(),
)
@model
class ValidatingAdmissionPolicyBinding(KubeObject):
    """Puts a ValidatingAdmissionPolicy to use."""

    spec: ValidatingAdmissionPolicyBindingSpec = wire(
        default=ValidatingAdmissionPolicyBindingSpec(), required=True, emit="always"
    )
    """A policy, with what it needs."""


struct_rules(ValidatingAdmissionPolicy, whole=True)(validate_validating_policy)
struct_rules(ValidatingAdmissionPolicyBinding, whole=True)(validate_validating_binding)
