"""Validating and mutating admission policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, invalid, not_supported, required
from sampan.core.model.expressions import RESERVED, Expression
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.admissionregistration_v1.matching import (
    FAILURE_POLICIES,
    REQUEST_VARIABLES,
    Value,
    mutable_operations,
    validate_conditions,
    validate_match_resources,
)
from sampan.core.model.rules.common.carry_over import META
from sampan.core.model.rules.common.conditions import validate_conditions as validate_status_conditions

REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
REINVOCATION: Final = ("IfNeeded", "Never")
PATCH_TYPES: Final = ("ApplyConfiguration", "JSONPatch")
MOST_ANNOTATIONS: Final = 20
LONGEST_ANNOTATION: Final = 5 * 1024
NOTHING_TO_DO: Final = "validations or auditAnnotations must contain at least one item"
_IDENTIFIER: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_LINE_BREAK: Final = re.compile(r"[\n\r]")


class PolicyRules(KindRules):
    """Of all policies and bindings: finalizers may have any name."""

    revalidates_metadata = 1
    rechecks_changes = False
    rechecks_status = False
    status_keeps = META

    any_finalizer = True


class ValidatingPolicyRules(PolicyRules):
    def validate_update(self, obj: Value, old: Value, subresource: str) -> Iterable[Cause]:
        if subresource != "status":
            return ()
        return validate_status_conditions((obj.get("status") or {}).get("conditions") or (), "status.conditions")


def variables_of(spec: Value, *, until: int | None = None, authorizer: bool = True) -> dict[str, str]:
    """What the expressions of a policy may use: for a variable, the variables before it."""
    known = dict(REQUEST_VARIABLES)
    if not authorizer:
        del known["authorizer"]
    if spec.get("paramKind"):
        known["params"] = "object"
    known["namespaceObject"] = "namespace"
    named = (each for each in (spec.get("variables") or ())[:until] if (each.get("expression") or "").strip())
    names = [each.get("name") or "" for each in named]
    if spec.get("variables"):
        known["variables"] = f"variables:{','.join(name for name in names if _IDENTIFIER.fullmatch(name))}"
    return known


def validate_validating_policy(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = _common(spec)
    validations, annotations = spec.get("validations") or (), spec.get("auditAnnotations") or ()
    if not validations and not annotations:
        return [*causes, *(required(f"spec.{word}", NOTHING_TO_DO) for word in ("validations", "auditAnnotations"))]
    for index, validation in enumerate(validations):
        causes += _validation(validation, f"spec.validations[{index}]", spec)
    return causes + _annotations(annotations, spec, (obj.get("metadata") or {}).get("name") or "")


def validate_mutating_policy(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = _common(spec, is_mutating=True)
    mutations = spec.get("mutations") or ()
    if not mutations:
        causes.append(required("spec.mutations", "mutations must contain at least one item"))
    for index, mutation in enumerate(mutations):
        causes += _mutation(mutation, f"spec.mutations[{index}]", spec)
    policy = spec.get("reinvocationPolicy")
    if not policy:
        causes.append(required("spec.reinvocationPolicy"))
    elif policy not in REINVOCATION:
        causes.append(not_supported("spec.reinvocationPolicy", policy, REINVOCATION))
    return causes


def _common(spec: Value, *, is_mutating: bool = False) -> list[Cause]:
    """Failure policy, parameters, constraints, conditions and variables."""
    causes: list[Cause] = []
    policy = spec.get("failurePolicy")
    if policy is None:
        causes.append(required("spec.failurePolicy"))
    elif policy not in FAILURE_POLICIES:
        causes.append(not_supported("spec.failurePolicy", policy, FAILURE_POLICIES))
    if spec.get("paramKind") is not None:
        causes += _param_kind(spec["paramKind"], "spec.paramKind")
    constraints = spec.get("matchConstraints")
    if constraints is None:
        causes.append(required("spec.matchConstraints"))
    else:
        causes += validate_match_resources(constraints, "spec.matchConstraints")
        if not constraints.get("resourceRules"):
            causes.append(required("spec.matchConstraints.resourceRules"))
        if is_mutating:
            causes += mutable_operations(constraints, "spec.matchConstraints")
    allowed = {**REQUEST_VARIABLES, **({"params": "object"} if spec.get("paramKind") else {})}
    causes += validate_conditions(spec.get("matchConditions") or (), "spec.matchConditions", allowed)
    for index, variable in enumerate(spec.get("variables") or ()):
        causes += _variable(variable, f"spec.variables[{index}]", variables_of(spec, until=index))
    return causes


def _param_kind(value: Value, path: str) -> Iterable[Cause]:
    api_version, kind = value.get("apiVersion") or "", value.get("kind") or ""
    if not api_version:
        yield required(f"{path}.apiVersion")
    elif api_version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", api_version, f"unexpected GroupVersion string: {api_version}")
    else:
        yield from _group_version(api_version, f"{path}.apiVersion")
    if not kind:
        yield required(f"{path}.kind")
    elif problems := list(formats.dns1035_label(kind.lower())):
        words = "may have mixed case, but should otherwise match: " + ",".join(problems)
        yield invalid(f"{path}.kind", kind, words)


def _group_version(api_version: str, path: str) -> Iterable[Cause]:
    group, _, version = api_version.rpartition("/")
    if group and (problems := list(formats.dns1123_subdomain(group))):
        yield invalid(path, group, ",".join(problems))
    if not version:
        yield invalid(path, api_version, "version must be specified")
    elif problems := list(formats.dns1035_label(version)):
        yield invalid(path, version, ",".join(problems))


def _variable(variable: Value, path: str, known: Mapping[str, str]) -> Iterable[Cause]:
    name, source = variable.get("name") or "", variable.get("expression") or ""
    if not name.strip():
        yield required(f"{path}.name", "name is not specified")
    elif not _IDENTIFIER.fullmatch(name) or name in RESERVED:
        yield invalid(f"{path}.name", name, "must be a valid CEL identifier")
    if not source.strip():
        yield required(f"{path}.expression", "expression is not specified")
    else:
        yield Expression(field=f"{path}.expression", source=source, variables=known, gives=(), defines=name)


def _validation(validation: Value, path: str, spec: Value) -> Iterable[Cause]:
    source = validation.get("expression") or ""
    words, message = validation.get("messageExpression") or "", validation.get("message") or ""
    if not source.strip():
        yield required(f"{path}.expression", "expression is not specified")
    else:
        known = variables_of(spec)
        yield Expression(field=f"{path}.expression", source=source, variables=known, gives=("bool",))
    if words and not words.strip():
        yield invalid(f"{path}.messageExpression", words, "must be non-empty if specified")
    elif words:
        known = variables_of(spec, authorizer=False)
        yield Expression(field=f"{path}.messageExpression", source=words, variables=known, gives=("string",))
    if message and not message.strip():
        yield invalid(f"{path}.message", message, "message must be non-empty if specified")
    elif _LINE_BREAK.search(message.strip()):
        yield invalid(f"{path}.message", message, "message must not contain line breaks")
    if validation.get("reason") is not None and validation["reason"] not in REASONS:
        yield not_supported(f"{path}.reason", validation["reason"], REASONS)


def _annotations(annotations: Sequence[Value], spec: Value, policy: str) -> list[Cause]:
    causes: list[Cause] = []
    if len(annotations) > MOST_ANNOTATIONS:
        words = f"must not have more than {MOST_ANNOTATIONS} auditAnnotations"
        causes.append(invalid("spec.auditAnnotations", annotations, words))
    seen: set[str] = set()
    for index, annotation in enumerate(annotations):
        path, key = f"spec.auditAnnotations[{index}]", annotation.get("key") or ""
        if not policy:
            causes.append(invalid(f"{path}.key", key, "requires metadata.name be non-empty"))
        else:
            full = f"{policy}/{key}"
            causes += [invalid(f"{path}.key", full, problem) for problem in formats.qualified_name(full)]
        causes += _annotation_value((annotation.get("valueExpression") or "").strip(), f"{path}.valueExpression", spec)
        if key in seen:
            causes.append(duplicate(f"{path}.key", key))
        seen.add(key)
    return causes


def _annotation_value(source: str, path: str, spec: Value) -> Iterable[Cause]:
    if not source:
        yield required(path, "valueExpression is not specified")
    elif len(source) > LONGEST_ANNOTATION:
        yield required(path, f"must not exceed {LONGEST_ANNOTATION} bytes in length")
    else:
        yield Expression(field=path, source=source, variables=variables_of(spec), gives=("string", "null_type"))


def _mutation(mutation: Value, path: str, spec: Value) -> Iterable[Cause]:
    kind = mutation.get("patchType") or ""
    if not kind:
        yield required(f"{path}.patchType")
        return
    if kind not in PATCH_TYPES:
        yield not_supported(f"{path}.patchType", kind, PATCH_TYPES)
        return
    mine, other = (
        ("applyConfiguration", "jsonPatch") if kind == "ApplyConfiguration" else ("jsonPatch", "applyConfiguration")
    )
    if mutation.get(mine) is None:
        yield required(f"{path}.{mine}", f"must be specified when patchType is {kind}")
    else:
        source: str = (mutation[mine] or {}).get("expression") or ""
        gives = ("Object",) if kind == "ApplyConfiguration" else ("list(JSONPatch)",)
        if not source.strip():
            yield required(f"{path}.{mine}.expression")
        else:
            known = {**variables_of(spec), "JSONPatch": "constructed", "Object": "constructed"}
            yield Expression(field=f"{path}.{mine}.expression", source=source, variables=known, gives=gives)
    if mutation.get(other) is not None:
        words: Any = f"{{{other}}}"
        yield invalid(f"{path}.{other}", words, f"must not be specified when patchType is {kind}")
