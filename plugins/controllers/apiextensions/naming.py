"""Which names a CustomResourceDefinition gets, and that it is served by them. Pure.

Within a group every name is given once: who came first keeps it. A definition whose names are free is established, and
stays so even if it later asks for names that others have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Plan, Update
from sampan.core.model.apiextensions_v1.definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionStatus,
)
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinitionCondition as Condition
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.rules.apiextensions_v1.definition import approval
from sampan.plugins.controllers.apiextensions.conditions import is_true, with_condition

BY_NAME: Final = "sampan/definitions-by-name"
WAITING: Final = "sampan/definitions-that-wait-for-a-name"
APPROVAL: Final = "KubernetesAPIApprovalPolicyConformant"
APPROVAL_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "approved": ("True", "ApprovedAnnotation"),
    "bypassed": ("False", "UnapprovedAnnotation"),
    "missing": ("False", "MissingAnnotation"),
    "invalid": ("False", "InvalidAnnotation"),
}


def names_had(obj: KubeObject) -> Iterable[str]:
    """The function of the index `BY_NAME`: every name that a definition was given."""
    if isinstance(obj, CustomResourceDefinition):
        yield from _places(obj, obj.status.accepted_names)


def names_waited_for(obj: KubeObject) -> Iterable[str]:
    """The function of the index `WAITING`: every name that a definition wants, as long as it has not all of them."""
    if isinstance(obj, CustomResourceDefinition) and not is_true(obj, "NamesAccepted"):
        yield from _places(obj, obj.spec.names)


def keys_by_names(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The definition, and those that wait for one of its names, which it may just have given up."""
    yield from own_key(obj, state)
    for place in names_had(obj):
        for definition in state.indexed(CustomResourceDefinition, WAITING, place):
            yield Key(*definition.key)


def _places(definition: CustomResourceDefinition, names: CustomResourceDefinitionNames) -> Iterable[str]:
    """Names of resources and of kinds are told apart, and both from those of other groups."""
    group = definition.spec.group
    for name in dict.fromkeys((names.plural, names.singular, *names.short_names)):
        if name:
            yield f"{group}/{name}"
    for name in dict.fromkeys((names.kind, names.list_kind)):
        if name:
            yield f"{group}:{name}"


class DefinitionNaming:
    name = "crd-naming-controller"
    watches: Sequence[Watch] = (
        Watch(
            kind=CustomResourceDefinition,
            keys=keys_by_names,
            indexes={BY_NAME: names_had, WAITING: names_waited_for},
        ),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        definition = state.get(CustomResourceDefinition, key.namespace, key.name)
        if definition is None:
            return NOTHING
        others = [
            each
            for place in _places(definition, definition.spec.names)
            for each in state.indexed(CustomResourceDefinition, BY_NAME, place)
            if each.key != definition.key
        ]
        status = _with_approval(definition, now)
        accepted, conflict = choose_names(definition, others)
        accepted_condition = Condition(
            type="NamesAccepted",
            status="False" if conflict else "True",
            reason=conflict[0] if conflict else "NoConflicts",
            message=conflict[1] if conflict else "no conflicts found",
        )
        conditions = with_condition(status.conditions, accepted_condition, now)
        if not is_true(definition, "Established"):
            conditions = with_condition(conditions, _established(not conflict), now)
        wanted = evolve(status, accepted_names=accepted, conditions=conditions)
        if wanted == definition.status:
            return NOTHING
        return Plan(actions=(Update(obj=evolve(definition, status=wanted), subresource="status"),))


def _established(is_so: bool) -> Condition:
    if is_so:
        words = "the initial names have been accepted"
        return Condition(type="Established", status="True", reason="InitialNamesAccepted", message=words)
    return Condition(type="Established", status="False", reason="NotAccepted", message="not all names are accepted")


def _with_approval(definition: CustomResourceDefinition, now: datetime) -> CustomResourceDefinitionStatus:
    about = {"metadata": {"annotations": definition.metadata.annotations}, "spec": {"group": definition.spec.group}}
    state, reason = approval(about)
    if not state:
        return definition.status
    status, word = APPROVAL_STATES[state]
    condition = Condition(type=APPROVAL, status=status, reason=word, message=reason)
    return evolve(definition.status, conditions=with_condition(definition.status.conditions, condition, now))


def choose_names(
    definition: CustomResourceDefinition, others: Sequence[CustomResourceDefinition]
) -> tuple[CustomResourceDefinitionNames, tuple[str, str] | None]:
    """The names it may have, and where one is taken: a reason and a sentence. What it has it keeps."""
    wanted, accepted = definition.spec.names, definition.status.accepted_names
    resources, kinds = _taken(others)
    conflict: tuple[str, str] | None = None
    for field, reason in (("plural", "PluralConflict"), ("singular", "SingularConflict")):
        name = getattr(wanted, field)
        if name == getattr(accepted, field) or name not in resources:
            accepted = evolve(accepted, **{field: name})
        else:
            conflict = (reason, f'"{name}" is already in use')
    taken = [name for name in wanted.short_names if name in resources and name not in accepted.short_names]
    if taken:
        conflict = ("ShortNamesConflict", "; ".join(f'"{name}" is already in use' for name in taken))
    else:
        accepted = evolve(accepted, short_names=wanted.short_names)
    for field, reason in (("kind", "KindConflict"), ("list_kind", "ListKindConflict")):
        name = getattr(wanted, field)
        if name == getattr(accepted, field) or name not in kinds:
            accepted = evolve(accepted, **{field: name})
        else:
            conflict = (reason, f'"{name}" is already in use')
    return evolve(accepted, categories=wanted.categories), conflict


def _taken(others: Sequence[CustomResourceDefinition]) -> tuple[set[str], set[str]]:
    """Names of resources and of kinds that others of the group have."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        names = other.status.accepted_names
        resources |= {names.plural, names.singular, *names.short_names}
        kinds |= {names.kind, names.list_kind}
    return resources - {""}, kinds - {""}
