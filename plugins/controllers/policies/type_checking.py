"""How a ValidatingAdmissionPolicy's expressions go with the kinds that it is for, in its status.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking. What is found here
changes nothing of what the policy does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice, product
from typing import Any, Final

import attrs

from sampan.core.cel.environment import Environment
from sampan.core.cel.errors import CelError
from sampan.core.cel.variables import typed_environment
from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, InThread, Plan, Update
from sampan.core.model.admissionregistration_v1.validating_admission_policy import (
    ExpressionWarning,
    TypeChecking,
    ValidatingAdmissionPolicy,
)
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.kinds import KindInfo, KubeObject, info
from sampan.core.model.meta import evolve
from sampan.core.model.rules.admissionregistration_v1.policies import variables_of
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.codec import to_wire
from sampan.core.schema.custom_kinds import custom_kind
from sampan.core.schema.types import Struct

Wire = Mapping[str, Any]
GroupVersionResource = tuple[str, str, str]

MOST_KINDS: Final = 10
"""Of one rule; what is for more is checked against the first ones."""


@attrs.frozen(order=True)
class Kind:
    """A kind with its type."""

    group: str
    version: str
    kind: str
    struct: Struct = attrs.field(eq=False)

    @classmethod
    def of(cls, about: KindInfo, struct: Struct) -> Kind:
        return cls(about.group, about.version, about.kind, struct)

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Kind={self.kind}"


class PolicyTypeChecking:
    """``kinds`` are those that the server serves in any case; custom ones are read from their definitions."""

    name = "validatingadmissionpolicy-status-controller"
    watches: Sequence[Watch] = (
        Watch(kind=ValidatingAdmissionPolicy, keys=own_key),
        Watch(kind=CustomResourceDefinition, keys=lambda obj, state: ()),
    )

    def __init__(self, kinds: Iterable[type[KubeObject]]) -> None:
        self._classes = {(info(cls).group, info(cls).version, info(cls).plural): cls for cls in kinds}

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | InThread:
        policy = state.get(ValidatingAdmissionPolicy, "", key.name)
        if policy is None or (policy.metadata.generation or 0) <= policy.status.observed_generation:
            return NOTHING
        # To compile a policy may take long: not on the loop that everything runs on.
        return InThread(partial(self._plan, policy, tuple(state.list(CustomResourceDefinition))))

    def _plan(self, policy: ValidatingAdmissionPolicy, definitions: Sequence[CustomResourceDefinition]) -> Plan:
        found = tuple(self._warnings(to_wire(policy)["spec"], definitions))
        status = evolve(
            policy.status,
            observed_generation=policy.metadata.generation or 0,
            type_checking=TypeChecking(expression_warnings=found),
        )
        return Plan(actions=(Update(obj=evolve(policy, status=status), subresource="status"),))

    def _warnings(self, spec: Wire, definitions: Sequence[CustomResourceDefinition]) -> Iterator[ExpressionWarning]:
        environments = [(kind, _environment(spec, kind)) for kind in self._kinds_of(spec, definitions)]
        for index, validation in enumerate(spec.get("validations") or ()):
            for word in ("expression", "messageExpression"):
                problems = [
                    f"{kind}: {problem}\n"
                    for kind, environment in environments
                    if validation.get(word) and (problem := _problem(environment, validation[word]))
                ]
                if problems:
                    yield ExpressionWarning(field_ref=f"spec.validations[{index}].{word}", warning="\n".join(problems))

    def _kinds_of(self, spec: Wire, definitions: Sequence[CustomResourceDefinition]) -> list[Kind]:
        """In the order of their names. What a wildcard names is not checked."""
        found: dict[Kind, None] = {}
        for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
            kinds = (kind for each in named_by(rule) if (kind := self._kind(each, definitions)) is not None)
            found.update(dict.fromkeys(islice(kinds, MOST_KINDS)))
        return sorted(found)

    def _kind(self, named: GroupVersionResource, definitions: Sequence[CustomResourceDefinition]) -> Kind | None:
        cls = self._classes.get(named)
        if cls is not None:
            return Kind.of(info(cls), struct_of(cls))
        group, version, plural = named
        for definition in definitions:
            if (definition.spec.group, definition.spec.names.plural) == (group, plural):
                for resource in custom_kind(to_wire(definition), lambda schema: None).served:
                    if resource.info.version == version:
                        return Kind.of(resource.info, resource.struct)
        return None


def named_by(rule: Wire) -> Iterator[GroupVersionResource]:
    """What a rule names without a wildcard; subresources are left out."""
    groups, versions = (rule.get(word) or () for word in ("apiGroups", "apiVersions"))
    if any("*" in each for each in (*groups, *versions)):
        return
    resources = (each for each in rule.get("resources") or () if "*" not in each and "/" not in each)
    yield from product(sorted(groups), sorted(versions), sorted(resources))


def _environment(spec: Wire, kind: Kind) -> Environment:
    """Each variable of the policy has the type that its expression gives for the kind."""
    types = {"object": kind.struct, "oldObject": kind.struct}
    defined: dict[str, str] = {}
    for index, variable in enumerate(spec.get("variables") or ()):
        with suppress(CelError):
            before = typed_environment(variables_of(spec, until=index), types, defined)
            defined[variable["name"]] = before.compile(variable["expression"]).return_type
    return typed_environment(variables_of(spec), types, defined)


def _problem(environment: Environment, source: str) -> str:
    try:
        environment.compile(source)
    except CelError as error:
        return error.message
    return ""
