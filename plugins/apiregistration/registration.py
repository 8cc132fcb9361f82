"""APIServices of custom groups come and go with their definitions; local ones are always available. Pure.

https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/. What nobody has labelled as kept
by the server is left to whoever made it, and what another server brings is looked after by the API server itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Plan, Update
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.apiregistration_v1.api_service import (
    APIService,
    APIServiceCondition,
    APIServiceSpec,
    APIServiceStatus,
)
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.schema.codec import from_wire
from sampan.plugins.apiregistration.local import (
    ALWAYS,
    LOCAL,
    MANAGED,
    ON_START,
    api_service_name,
    local_spec,
    versions_of,
)

BY_SERVICE: Final = "sampan/definitions-by-apiservice"


def services_of(obj: KubeObject) -> Iterable[str]:
    """The function of the index `BY_SERVICE`: the APIServices of the versions that a definition serves."""
    if isinstance(obj, CustomResourceDefinition):
        for version in obj.spec.versions:
            if version.served:
                yield api_service_name(obj.spec.group, version.name)


def keys_of_definition(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    for name in services_of(obj):
        yield Key("", name)


class Registration:
    """``kinds`` are those that the server serves in any case."""

    name = "apiservice-registration-controller"
    watches: Sequence[Watch] = (
        Watch(kind=APIService, keys=own_key),
        Watch(kind=CustomResourceDefinition, keys=keys_of_definition, indexes={BY_SERVICE: services_of}),
    )

    def __init__(self, kinds: Iterable[type[KubeObject]]) -> None:
        self._builtin = {api_service_name(*each) for each in versions_of(kinds)}

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        present = state.get(APIService, "", key.name)
        definitions = state.indexed(CustomResourceDefinition, BY_SERVICE, key.name)
        version, _, group = key.name.partition(".")
        wanted = from_wire(APIServiceSpec, local_spec(group, version)) if definitions else None
        if present is None:
            return _creation(key.name, wanted) if wanted is not None and key.name not in self._builtin else NOTHING
        managed = present.metadata.labels.get(MANAGED)
        if managed == ALWAYS and wanted is None:
            return _deletion(present)
        if managed == ON_START and key.name not in self._builtin and wanted is None:
            return _deletion(present)
        actions: list[Action] = []
        if managed == ALWAYS and wanted is not None and present.spec != wanted:
            actions.append(Update(obj=evolve(present, spec=wanted)))
        elif present.spec.service is None and (status := _always_available(present, now)) != present.status:
            actions.append(Update(obj=evolve(present, status=status), subresource="status"))
        return Plan(actions=tuple(actions)) if actions else NOTHING


def _creation(name: str, spec: APIServiceSpec) -> Plan:
    metadata = ObjectMeta(name=name, labels={MANAGED: ALWAYS})
    return Plan(actions=(Create(obj=APIService(metadata=metadata, spec=spec), ignore_exists=True),))


def _deletion(present: APIService) -> Plan:
    return Plan(actions=(Delete(kind=APIService, namespace="", name=present.key[1], uid=present.metadata.uid),))


def _always_available(present: APIService, now: datetime) -> APIServiceStatus:
    """As it is where it says so already."""
    reason, message = LOCAL
    before = next((each for each in present.status.conditions if each.type == "Available"), None)
    if before is not None and (before.status, before.reason) == ("True", reason):
        return present.status
    made = APIServiceCondition(
        type="Available",
        status="True",
        last_transition_time=before.last_transition_time
        if before is not None and before.status == "True"
        else now.replace(microsecond=0),
        reason=reason,
        message=message,
    )
    others = tuple(each for each in present.status.conditions if each is not before)
    return APIServiceStatus(conditions=(*others, made))
