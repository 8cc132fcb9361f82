"""What a ValidatingAdmissionPolicy's status says of its expressions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import NOTHING, InThread, Update
from sampan.core.model.admissionregistration_v1.validating_admission_policy import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyStatus,
)
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.builtin import BUILTIN_KINDS
from sampan.core.model.kinds import KubeObject
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.testing.state import State
from sampan.plugins.controllers.policies.type_checking import PolicyTypeChecking

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DEPLOYMENTS = {"operations": ["*"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
BOATS = {
    "operations": ["*"],
    "apiGroups": ["example.com"],
    "apiVersions": ["v1"],
    "resources": ["boats", "boats/status"],
}


def policy(*validations: dict[str, str], rules: Any = (DEPLOYMENTS,), observed: int = 0, **spec: Any) -> KubeObject:
    whole = {"matchConstraints": {"resourceRules": list(rules)}, "validations": list(validations), **spec}
    meta = {"name": "p", "generation": 2}
    status = {"observedGeneration": observed}
    return from_wire(ValidatingAdmissionPolicy, {"metadata": meta, "spec": whole, "status": status})


def definition() -> CustomResourceDefinition:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"masts": {"type": "integer"}}}},
    }
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "boats", "singular": "boat", "kind": "Boat", "listKind": "BoatList"}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]}
    status = {"acceptedNames": names, "conditions": [{"type": "Established", "status": "True"}]}
    return from_wire(
        CustomResourceDefinition, {"metadata": {"name": "boats.example.com"}, "spec": spec, "status": status}
    )


def status_of(*objects: KubeObject) -> ValidatingAdmissionPolicyStatus:
    decision = PolicyTypeChecking(BUILTIN_KINDS).reconcile(Key("", "p"), State(*objects), NOW)
    assert isinstance(decision, InThread)
    [action] = decision.decide().actions
    assert isinstance(action, Update)
    assert action.subresource == "status"
    assert isinstance(action.obj, ValidatingAdmissionPolicy)
    return action.obj.status


def test_what_fits_is_observed_without_a_warning() -> None:
    status = status_of(policy({"expression": "object.spec.replicas <= 5 && request.operation != 'DELETE'"}))
    assert to_wire(status) == {"observedGeneration": 2, "typeChecking": {}}


def test_each_mistake_is_told_with_its_place_and_kind() -> None:
    wrong = {"expression": "object.spec.replicas > '1'", "messageExpression": "'wants ' + object.spec.replicas"}
    checked = status_of(policy({"expression": "object.replica > 1"}, wrong)).type_checking
    assert checked is not None
    first, second, third = checked.expression_warnings
    assert (first.field_ref, second.field_ref) == ("spec.validations[0].expression", "spec.validations[1].expression")
    said = (
        "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replica'\n | object.replica > 1\n | ......^\n"
    )
    assert first.warning == said
    assert "found no matching overload for '_>_' applied to '(int, string)'" in second.warning
    assert third.field_ref == "spec.validations[1].messageExpression"
    assert "found no matching overload for '_+_' applied to '(string, int)'" in third.warning


def test_a_custom_kind_is_checked_by_its_definition() -> None:
    wanted = policy({"expression": "object.spec.sails > 1"}, {"expression": "object.spec.masts > 1"}, rules=[BOATS])
    checked = status_of(wanted, definition()).type_checking
    assert checked is not None
    [warning] = checked.expression_warnings
    assert "undefined field 'sails'" in warning.warning
    assert to_wire(status_of(wanted))["typeChecking"] == {}


def test_variables_and_parameters_may_be_anything() -> None:
    variables = [{"name": "limit", "expression": "params.limit"}]
    kind = {"apiVersion": "example.com/v1", "kind": "Limit"}
    status = status_of(
        policy({"expression": "object.spec.replicas <= variables.limit"}, variables=variables, paramKind=kind)
    )
    assert to_wire(status)["typeChecking"] == {}


def test_variables_are_what_their_expressions_give_for_each_kind() -> None:
    variables = [
        {"name": "replicas", "expression": "object.spec.replicas"},
        {"name": "many", "expression": "variables.replicas > 5"},
    ]
    wrong = policy({"expression": "!variables.many"}, {"expression": "variables.many > '1'"}, variables=variables)
    checked = status_of(wrong).type_checking
    assert checked is not None
    [warning] = checked.expression_warnings
    assert warning.field_ref == "spec.validations[1].expression"
    assert "'_>_' applied to '(bool, string)'" in warning.warning


def test_a_wildcard_is_not_checked_and_what_was_observed_is_not_looked_at_again() -> None:
    everything = {**DEPLOYMENTS, "apiVersions": ["*"]}
    assert to_wire(status_of(policy({"expression": "object.nothing"}, rules=[everything])))["typeChecking"] == {}
    made = PolicyTypeChecking(BUILTIN_KINDS)
    assert made.reconcile(Key("", "p"), State(policy(observed=2)), NOW) == NOTHING
