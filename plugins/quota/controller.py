"""The quota controller: how much of each quota is used, told in its status.

https://kubernetes.io/docs/concepts/policy/resource-quotas/#viewing-and-setting-quotas. Pure; it looks at a namespace's
objects of the kinds that the quota limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.model.core_v1.resource_quota import ResourceQuota
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta import Quantity
from sampan.core.schema.codec import to_wire
from sampan.plugins.quota.usage import Usage, add, counts, shown, usage_of


def keys_of_quotas(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The quotas of the object's namespace that may count it."""
    for quota in state.list(ResourceQuota, obj.metadata.namespace):
        yield Key(*quota.key)


class QuotaController:
    """``kinds`` are those of the cluster; others are followed as they come."""

    name = "resourcequota-controller"

    def __init__(self, kinds: Iterable[type[KubeObject]]) -> None:
        self._kinds: dict[str, type[KubeObject]] = {}
        for kind in kinds:
            if watched(kind):
                self._kinds[info(kind).resource] = kind

    @property
    def watches(self) -> Sequence[Watch]:
        others = (kind for kind in self._kinds.values() if kind is not ResourceQuota)
        return (
            Watch(kind=ResourceQuota, keys=own_and_others),
            *(Watch(kind=kind, keys=keys_of_quotas) for kind in others),
        )

    def follow(self, kind: type[KubeObject]) -> Watch | None:
        if not watched(kind):
            return None
        self._kinds[info(kind).resource] = kind
        return Watch(kind=kind, keys=keys_of_quotas)

    def forget(self, kind: type[KubeObject]) -> None:
        self._kinds.pop(info(kind).resource, None)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        quota = state.get(ResourceQuota, key.namespace, key.name)
        if quota is None or quota.metadata.deletion_timestamp is not None:
            return NOTHING
        used = self._used(quota, state)
        hard = dict(quota.spec.hard)
        shown_used = {name: Quantity(shown(used.get(name, Decimal(0)), amount)) for name, amount in hard.items()}
        status = quota.status
        if status is not None and dict(status.hard) == hard and dict(status.used) == shown_used:
            return NOTHING
        gone = {
            field: {name: None for name in (getattr(status, field) if status else {}) if name not in hard}
            for field in ("hard", "used")
        }
        patch = {"status": {"hard": {**gone["hard"], **hard}, "used": {**gone["used"], **shown_used}}}
        return Plan(
            actions=(
                Patch(kind=ResourceQuota, namespace=key.namespace, name=key.name, patch=patch, subresource="status"),
            )
        )

    def _used(self, quota: ResourceQuota, state: Lister) -> Usage:
        wire = to_wire(quota)
        used: Usage = {}
        for resource in concerned(quota.spec.hard):
            kind = self._kinds.get(resource)
            if kind is None:
                continue
            for obj in state.list(kind, quota.metadata.namespace):
                one = to_wire(obj)
                if counts(wire, resource, one):
                    used = add(used, usage_of(resource, one))
        return used


def own_and_others(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """Quotas are counted by quotas too."""
    yield from own_key(obj, state)
    yield from keys_of_quotas(obj, state)


def watched(kind: type[KubeObject]) -> bool:
    """Kinds whose objects can be counted; events come and go too fast, as in Kubernetes."""
    about = info(kind)
    return (
        about.namespaced
        and "list" in about.verbs
        and "create" in about.verbs
        and about.kind != "Event"
        and not about.is_view
    )


def concerned(hard: Mapping[str, Any]) -> set[str]:
    """The resources whose objects count for these names."""
    found = set()
    for name in hard:
        if name.startswith("count/"):
            found.add(name.removeprefix("count/"))
        elif name.startswith("services"):
            found.add("services")
        elif "persistentvolumeclaims" in name or name.endswith("requests.storage"):
            found.add("persistentvolumeclaims")
        elif name in ("configmaps", "secrets", "replicationcontrollers", "resourcequotas"):
            found.add(name)
        else:
            found.add("pods")
    return found
