"""A controller: each ConfigMap labelled ``ferry: copy`` has a copy, which goes when it does."""

from __future__ import annotations

from datetime import datetime

from sampan.plugin import (
    NOTHING,
    ClusterContext,
    ConfigMap,
    ControllerBase,
    Create,
    Key,
    Lister,
    ObjectMeta,
    Plan,
    Registry,
    Update,
    Watch,
    evolve,
    hookimpl,
    owner_reference,
)

SUFFIX = "-copy"


class Ferry(ControllerBase):
    """Decisions are pure: from the objects that there are to a plan, which is carried out for you."""

    name = "ferry-controller"
    watches = (Watch(kind=ConfigMap),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        original = state.get(ConfigMap, key.namespace, key.name.removesuffix(SUFFIX))
        if original is None or original.metadata.labels.get("ferry") != "copy":
            return NOTHING
        copy = state.get(ConfigMap, key.namespace, f"{original.metadata.name}{SUFFIX}")
        if copy is None:
            metadata = ObjectMeta(
                name=f"{original.metadata.name}{SUFFIX}",
                namespace=key.namespace,
                owner_references=(owner_reference(original),),
            )
            return Plan(actions=(Create(obj=ConfigMap(metadata=metadata, data=original.data)),))
        if copy.data != original.data:
            return Plan(actions=(Update(obj=evolve(copy, data=original.data)),))
        return NOTHING


def make_ferry(context: ClusterContext) -> Ferry:
    """Copies of ConfigMaps that are labelled so."""
    return Ferry()


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.controller("ferry", make_ferry)
