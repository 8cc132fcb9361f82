"""The end of a namespace: everything in it is deleted, pods first; then its finalizer is taken off. Pure.

Also what other API servers keep in it: where one of them cannot be asked, the namespace stays until it can, or until its
APIService goes, and says so.
https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Delete, ExpectEmpty, Plan, Update
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.apiregistration_v1.api_service import APIService
from sampan.core.model.conditions import find
from sampan.core.model.core_v1.namespace import Namespace, NamespaceCondition
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta import evolve
from sampan.core.reconcile.custom_kinds import kind_of_definition

FINALIZER = "kubernetes"
UNKNOWN_DELAY = 0.5
"""Seconds until kinds whose objects were not known are looked at again."""


def nobody(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """Definitions are read, but change nothing by themselves."""
    return ()


def keys_of_content(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The namespace that an object is in, if it is ending."""
    name = obj.metadata.namespace or ""
    namespace = state.get(Namespace, "", name)
    if namespace is not None and namespace.metadata.deletion_timestamp is not None:
        yield Key("", name)


def keys_of_ending(service: KubeObject, state: Lister) -> Iterable[Key]:
    """Namespaces that are ending: a server that answers again, or is no longer asked, lets them go on."""
    return [Key("", each.key[1]) for each in state.list(Namespace) if each.metadata.deletion_timestamp is not None]


class NamespaceController:
    name = "namespace-controller"

    def __init__(self, kinds: Iterable[type[KubeObject]]) -> None:
        kinds = tuple(kinds)
        self._kinds = tuple(kind for kind in kinds if _is_content(kind))
        self._settled: Collection[str] = ()
        self._aggregates = APIService in kinds
        self.watches: Sequence[Watch] = (
            Watch(kind=Namespace, keys=own_key),
            Watch(kind=CustomResourceDefinition, keys=nobody),
            *([Watch(kind=APIService, keys=keys_of_ending)] if self._aggregates else ()),
            *(Watch(kind=kind, keys=keys_of_content) for kind in self._kinds),
        )

    def follow(self, kind: type[KubeObject]) -> Watch | None:
        if not _is_content(kind):
            return None
        self._kinds = (*self._kinds, kind)
        return Watch(kind=kind, keys=keys_of_content)

    def forget(self, kind: type[KubeObject]) -> None:
        self._kinds = tuple(each for each in self._kinds if each is not kind)

    def settle(self, versions: Collection[str]) -> None:
        self._settled = versions

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        namespace = state.get(Namespace, "", key.name)
        if namespace is None or namespace.metadata.deletion_timestamp is None:
            return NOTHING
        if FINALIZER not in namespace.spec.finalizers:
            return _removal(namespace)
        others = {_version(each): _answers(each) for each in self._others(state)}
        away = sorted(version for version, answers in others.items() if not answers)
        unknown = [info(each).resource for each in self._custom_kinds(state) if each not in self._kinds]
        unknown += [version for version, answers in others.items() if answers and version not in self._settled]
        if unknown:
            return self._wait_for(namespace, unknown, now)
        kinds = [kind for kind in self._kinds if info(kind).api_version not in away]
        content = [obj for kind in kinds for obj in state.list(kind, key.name)]
        if not content and not away:
            return self._finalize(namespace)
        pods = [obj for obj in content if isinstance(obj, Pod)]
        staying = [obj for obj in pods or content if obj.metadata.deletion_timestamp is None]
        if staying:
            return Plan(
                actions=tuple(_deletion(obj) for obj in staying),
                on_failure=lambda error: _status(namespace, content, now, error, away),
            )
        return Plan(actions=_status(namespace, content, now, away=away))

    def _others(self, state: Lister) -> Iterable[APIService]:
        """Of the versions that other servers bring."""
        return [each for each in state.list(APIService) if each.spec.service is not None] if self._aggregates else ()

    def _custom_kinds(self, state: Lister) -> Iterable[type[KubeObject]]:
        for definition in state.list(CustomResourceDefinition):
            kind = kind_of_definition(definition)
            if kind is not None and info(kind).namespaced:
                yield kind

    def _wait_for(self, namespace: Namespace, unknown: Sequence[str], now: datetime) -> Plan:
        """Kinds whose objects are not known yet (they have just come, or cannot be listed): nothing may be left behind."""
        error = LookupError(f"the objects of {', '.join(sorted(unknown))} cannot be listed")
        return Plan(actions=_status(namespace, (), now, error), requeue_after=UNKNOWN_DELAY)

    def _finalize(self, namespace: Namespace) -> Plan:
        """Only when the API server itself says that nothing is left: a cache may not have seen the last creation yet."""
        checks = [ExpectEmpty(kind=kind, namespace=namespace.key[1]) for kind in self._kinds]
        finalizers = tuple(item for item in namespace.spec.finalizers if item != FINALIZER)
        released = evolve(namespace, spec=evolve(namespace.spec, finalizers=finalizers))
        return Plan(actions=(*checks, Update(obj=released, subresource="finalize")))


def _is_content(kind: type[KubeObject]) -> bool:
    """Namespaced kinds that can be listed and deleted; each object once, though several kinds may show it."""
    about = info(kind)
    return about.namespaced and {"list", "watch", "delete"} <= set(about.verbs) and not about.is_view


def _removal(namespace: Namespace) -> Plan:
    """For a server that does not remove a namespace together with its last finalizer."""
    if namespace.spec.finalizers or namespace.metadata.finalizers:
        return NOTHING
    return Plan(actions=(Delete(kind=Namespace, namespace="", name=namespace.key[1], uid=namespace.metadata.uid),))


def _deletion(obj: KubeObject) -> Delete:
    namespace, name = obj.key
    return Delete(kind=type(obj), namespace=namespace, name=name, uid=obj.metadata.uid, propagation="Background")


def _version(service: APIService) -> str:
    return f"{service.spec.group}/{service.spec.version}"


def _answers(service: APIService) -> bool:
    available = find(service.status.conditions, "Available")
    return available is not None and available.status == "True"


def _status(
    namespace: Namespace,
    content: Sequence[KubeObject],
    now: datetime,
    error: Exception | None = None,
    away: Sequence[str] = (),
) -> tuple[Action, ...]:
    """What holds the namespace back, if it is not said already."""
    present = {item.type: item for item in namespace.status.conditions}
    conditions = []
    for type, is_so, reason, message in _findings(content, error, away):
        status = "True" if is_so else "False"
        before = present.get(type)
        since = before.last_transition_time if before is not None and before.status == status else None
        conditions.append(
            NamespaceCondition(
                type=type,
                status=status,
                last_transition_time=since or now.replace(microsecond=0),
                reason=reason,
                message=message,
            )
        )
    status_now = evolve(namespace.status, phase="Terminating", conditions=tuple(conditions))
    if status_now == namespace.status:
        return ()
    return (Update(obj=evolve(namespace, status=status_now), subresource="status"),)


def _findings(
    content: Sequence[KubeObject], error: Exception | None, away: Sequence[str]
) -> Iterable[tuple[str, bool, str, str]]:
    """(condition, whether it holds, reason, message), in Kubernetes' order and words."""
    discovered = (False, "ResourcesDiscovered", "All resources successfully discovered")
    yield "NamespaceDeletionDiscoveryFailure", *(_undiscovered(away) if away else discovered)
    yield (
        "NamespaceDeletionGroupVersionParsingFailure",
        False,
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    )
    if error is None:
        deleted = (False, "ContentDeleted", "All content successfully deleted, may be waiting on finalization")
    else:
        deleted = (True, "ContentDeletionFailed", f"Failed to delete all resource types, 1 remaining: {error}")
    yield "NamespaceDeletionContentFailure", *deleted
    yield "NamespaceContentRemaining", *_remaining(content)
    yield "NamespaceFinalizersRemaining", *_finalizers(content)


def _undiscovered(away: Sequence[str]) -> tuple[bool, str, str]:
    stale = ", ".join(f"{version}: stale GroupVersion discovery: {version}" for version in away)
    failure = f"unable to retrieve the complete list of server APIs: {stale}"
    return True, "DiscoveryFailed", f"Discovery failed for some groups, {len(away)} failing: {failure}"


def _remaining(content: Sequence[KubeObject]) -> tuple[bool, str, str]:
    counts = Counter(f"{info(type(obj)).plural}.{info(type(obj)).group}" for obj in content)
    if not counts:
        return False, "ContentRemoved", "All content successfully removed"
    found = ", ".join(f"{resource} has {count} resource instances" for resource, count in sorted(counts.items()))
    return True, "SomeResourcesRemain", f"Some resources are remaining: {found}"


def _finalizers(content: Sequence[KubeObject]) -> tuple[bool, str, str]:
    counts = Counter(finalizer for obj in content for finalizer in obj.metadata.finalizers)
    if not counts:
        return False, "ContentHasNoFinalizers", "All content-preserving finalizers finished"
    found = ", ".join(f"{finalizer} in {count} resource instances" for finalizer, count in sorted(counts.items()))
    return True, "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {found}"
