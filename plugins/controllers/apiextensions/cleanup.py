"""The end of a CustomResourceDefinition: its objects are deleted, and then its finalizer is taken off. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Action, Delete, ExpectEmpty, Plan, Update
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinitionCondition as Condition
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta import evolve
from sampan.core.model.rules.apiextensions_v1.definition import CLEANUP
from sampan.core.reconcile.custom_kinds import kind_of_definition
from sampan.plugins.controllers.apiextensions.conditions import is_true, with_condition


def keys_of_object(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The definition of an object's kind, if it is ending."""
    name = info(type(obj)).resource
    definition = state.get(CustomResourceDefinition, "", name)
    if definition is not None and definition.metadata.deletion_timestamp is not None:
        yield Key("", name)


def keys_of_ending(obj: KubeObject, state: Lister) -> Iterable[Key]:
    if obj.metadata.deletion_timestamp is not None:
        yield Key(*obj.key)


class DefinitionCleanup:
    name = "crd-finalizer"
    watches: Sequence[Watch] = (Watch(kind=CustomResourceDefinition, keys=keys_of_ending),)

    def __init__(self) -> None:
        self._followed: set[type[KubeObject]] = set()

    def follow(self, kind: type[KubeObject]) -> Watch | None:
        self._followed.add(kind)
        return Watch(kind=kind, keys=keys_of_object)

    def forget(self, kind: type[KubeObject]) -> None:
        self._followed.discard(kind)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        definition = state.get(CustomResourceDefinition, key.namespace, key.name)
        if definition is None or definition.metadata.deletion_timestamp is None:
            return NOTHING
        if CLEANUP not in definition.metadata.finalizers:
            return NOTHING
        kind = kind_of_definition(definition)
        if kind is None or not is_true(definition, "Established"):
            return Plan(actions=self._release(definition, "custom resource deletion skipped", now))
        if kind not in self._followed:
            return Plan(requeue_after=0.5)  # its objects are not known yet
        objects = state.list(kind)
        if not objects:
            released = self._release(definition, "removed all instances", now)
            return Plan(actions=(ExpectEmpty(kind=kind, namespace=None), *released))
        ending = Condition(
            type="Terminating",
            status="True",
            reason="InstanceDeletionInProgress",
            message="CustomResource deletion is in progress",
        )
        said = _with(definition, ending, now)
        deletions = tuple(
            Delete(kind=kind, namespace=obj.key[0], name=obj.key[1], uid=obj.metadata.uid)
            for obj in objects
            if obj.metadata.deletion_timestamp is None
        )
        return Plan(actions=(*_written(definition, said), *deletions))

    def _release(self, definition: CustomResourceDefinition, message: str, now: datetime) -> tuple[Action, ...]:
        done = Condition(type="Terminating", status="False", reason="InstanceDeletionCompleted", message=message)
        finalizers = tuple(each for each in definition.metadata.finalizers if each != CLEANUP)
        released = evolve(definition, metadata=evolve(definition.metadata, finalizers=finalizers))
        return (Update(obj=_with(released, done, now)),)


def _with(definition: CustomResourceDefinition, condition: Condition, now: datetime) -> CustomResourceDefinition:
    conditions = with_condition(definition.status.conditions, condition, now)
    return evolve(definition, status=evolve(definition.status, conditions=conditions))


def _written(before: CustomResourceDefinition, after: CustomResourceDefinition) -> tuple[Action, ...]:
    return () if before.status == after.status else (Update(obj=after, subresource="status"),)
