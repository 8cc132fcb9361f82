"""Checks on where pods may run: node and pod affinity, tolerations, spreading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, invalid, not_supported, required
from sampan.core.model.rules.common.selectors import label_name, validate_selector
from sampan.core.model.rules.core_v1.label_keys import PREFERRED, REQUIRED, validate_label_keys

Value = Mapping[str, Any]

EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
SPREAD_ACTIONS: Final = ("DoNotSchedule", "ScheduleAnyway")
INCLUSION: Final = ("Honor", "Ignore")
WEIGHT: Final = "must be in the range 1-100"


def validate_affinity(affinity: Value, path: str) -> list[Cause]:
    causes = []
    if (node := affinity.get("nodeAffinity")) is not None:
        causes += _node_affinity(node, f"{path}.nodeAffinity")
    for word in ("podAffinity", "podAntiAffinity"):
        if (pods := affinity.get(word)) is not None:
            causes += _pod_affinity(pods, f"{path}.{word}")
    return causes


def _node_affinity(affinity: Value, path: str) -> list[Cause]:
    causes = []
    if (selector := affinity.get(REQUIRED)) is not None:
        causes += validate_node_selector(selector, f"{path}.{REQUIRED}")
    for index, term in enumerate(affinity.get(PREFERRED) or ()):
        where = f"{path}.{PREFERRED}[{index}]"
        causes += _weight(term, where)
        causes += _node_term(term.get("preference") or {}, f"{where}.preference", check_values=False)
    return causes


def _weight(term: Value, path: str) -> list[Cause]:
    weight = term.get("weight") or 0
    return [] if 1 <= weight <= 100 else [invalid(f"{path}.weight", weight, WEIGHT)]


def validate_node_selector(selector: Value, path: str) -> list[Cause]:
    """Terms of which a node must fit at least one."""
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    return [
        cause
        for index, term in enumerate(terms)
        for cause in _node_term(term, f"{path}.nodeSelectorTerms[{index}]", check_values=True)
    ]


def _node_term(term: Value, path: str, *, check_values: bool) -> list[Cause]:
    causes = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        causes += _node_requirement(requirement, f"{path}.matchExpressions[{index}]", check_values=check_values)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        causes += _node_field(requirement, f"{path}.matchFields[{index}]")
    return causes


def _node_requirement(requirement: Value, path: str, *, check_values: bool) -> list[Cause]:
    causes = []
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    where = f"{path}.values"
    if operator in ("In", "NotIn"):
        if not values:
            causes.append(required(where, "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            causes.append(forbidden(where, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            causes.append(required(where, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        causes.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    causes += label_name(requirement.get("key") or "", f"{path}.key")
    if check_values:
        for index, value in enumerate(values):
            causes += [invalid(f"{where}[{index}]", value, problem) for problem in formats.label_value(value)]
    return causes


def _node_field(requirement: Value, path: str) -> list[Cause]:
    causes = []
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    if operator not in ("In", "NotIn"):
        causes.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        words = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        causes.append(required(f"{path}.values", words))
    key = requirement.get("key") or ""
    if key != "metadata.name":
        return [*causes, invalid(f"{path}.key", key, "not a valid field selector key")]
    for index, value in enumerate(values):
        causes += [invalid(f"{path}.values[{index}]", value, problem) for problem in formats.dns1123_subdomain(value)]
    return causes


def _pod_affinity(affinity: Value, path: str) -> list[Cause]:
    causes = []
    for index, term in enumerate(affinity.get(REQUIRED) or ()):
        causes += _pod_term(term, f"{path}.{REQUIRED}[{index}]")
    for index, weighted in enumerate(affinity.get(PREFERRED) or ()):
        where = f"{path}.{PREFERRED}[{index}]"
        causes += _weight(weighted, where)
        causes += _pod_term(weighted.get("podAffinityTerm") or {}, f"{where}.podAffinityTerm")
    return causes


def _pod_term(term: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for word in ("labelSelector", "namespaceSelector"):
        if term.get(word) is not None:
            causes += validate_selector(term[word], f"{path}.{word}")
    for name in term.get("namespaces") or ():
        causes += [invalid(f"{path}.namespace", name, problem) for problem in formats.dns1123_label(name)]
    causes += validate_label_keys(term, path)
    key = term.get("topologyKey") or ""
    if not key:
        causes.append(required(f"{path}.topologyKey", "can not be empty"))
    return causes + label_name(key, f"{path}.topologyKey")


def validate_tolerations(tolerations: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, toleration in enumerate(tolerations):
        causes += _toleration(toleration, f"{path}[{index}]")
    return causes


def _toleration(toleration: Value, path: str) -> list[Cause]:
    key, operator = toleration.get("key") or "", toleration.get("operator") or ""
    value, effect = toleration.get("value") or "", toleration.get("effect") or ""
    causes = label_name(key, f"{path}.key") if key else []
    if not key and operator != "Exists":
        words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        causes.append(invalid(f"{path}.operator", operator, words))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        words = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        causes.append(invalid(f"{path}.effect", effect, words))
    if operator in ("", "Equal"):
        if problems := formats.label_value(value):
            causes.append(invalid(f"{path}.operator", value, ";".join(problems)))
    elif operator == "Exists":
        if value:
            causes.append(invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'"))
    else:
        causes.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    if effect:
        causes += taint_effect(effect, f"{path}.effect")
    return causes


def taint_effect(effect: str, path: str) -> list[Cause]:
    if not effect:
        return [required(path)]
    return [] if effect in EFFECTS else [not_supported(path, effect, EFFECTS)]


def validate_spreading(constraints: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, constraint in enumerate(constraints):
        where = f"{path}[{index}]"
        skew = constraint.get("maxSkew") or 0
        if skew <= 0:
            causes.append(invalid(f"{where}.maxSkew", skew, "must be greater than zero"))
        key, action = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
        if not key:
            causes.append(required(f"{where}.topologyKey", "can not be empty"))
        else:
            causes += label_name(key, f"{where}.topologyKey")
        if action not in SPREAD_ACTIONS:
            causes.append(not_supported(f"{where}.whenUnsatisfiable", action, SPREAD_ACTIONS))
        for other in constraints[index + 1 :]:
            if (other.get("topologyKey"), other.get("whenUnsatisfiable")) == (key, action):
                causes.append(duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
                break
        causes += _spread_details(constraint, action, where)
    return causes


def _spread_details(constraint: Value, action: str, path: str) -> list[Cause]:
    causes = []
    domains = constraint.get("minDomains")
    if domains is not None:
        if domains <= 0:
            causes.append(invalid(f"{path}.minDomains", domains, "must be greater than zero"))
        if action != "DoNotSchedule":
            words = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            causes.append(invalid(f"{path}.minDomains", domains, words))
    for word in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = constraint.get(word)
        if policy is not None and policy not in INCLUSION:
            causes.append(not_supported(f"{path}.{word}", policy, INCLUSION))
    selector = constraint.get("labelSelector")
    causes += validate_label_keys(constraint, path)
    if selector is not None:
        causes += validate_selector(selector, f"{path}.labelSelector")
    return causes
