"""The HorizontalPodAutoscaler controller: looks at each autoscaler every 15 seconds, and when its spec changes.

What it reads, `reading` says; what comes of it, `decision`. It remembers the advice and the changes of the last hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from sampan.core.classes import define, frozen
from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.metrics import MetricsProvider
from sampan.core.contracts.plan import NOTHING, AfterReading, Plan, Reads
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.labels import Selector, SelectorError, parse_selector
from sampan.core.model.meta import EMPTY
from sampan.plugins.controllers.autoscaling.behavior import History
from sampan.plugins.controllers.autoscaling.decision import BadSelector, Deciding, Decision, Target, needs_metrics
from sampan.plugins.controllers.autoscaling.providers import AskedProvider
from sampan.plugins.controllers.autoscaling.reading import MetricsReader, read_target
from sampan.plugins.controllers.autoscaling.samples import Seen
from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings
from sampan.plugins.controllers.referred_kinds import NoTarget, kinds_of


@frozen
class _Read:
    """What a look has found: the target and what its pods do, or why there is none."""

    target: Target | None = None
    seen: Seen | BadSelector = attrs.field(factory=Seen)
    problem: str = ""


@define
class _Memory:
    """What is known of an autoscaler from its earlier looks."""

    history: History = attrs.field(factory=History)
    selector: Selector | None = None
    writing: tuple[int, int] | None = None
    """The change that was last tried: from how many pods to how many."""
    tried_at: datetime | None = None


def keys_of_change(old: KubeObject | None, new: KubeObject | None, _state: Lister) -> Iterable[Key]:
    """Those whose spec is another one: the status is this controller's own."""
    obj = new or old
    assert isinstance(obj, HorizontalPodAutoscaler)
    if old is None or new is None or getattr(old, "spec", None) != obj.spec:
        yield Key(*obj.key)


class HorizontalPodAutoscalerController:
    name = "horizontal-pod-autoscaler"
    watches: Sequence[Watch] = (
        Watch(kind=HorizontalPodAutoscaler, changed=keys_of_change),
        Watch(kind=Pod, keys=lambda _obj, _state: ()),
        Watch(kind=CustomResourceDefinition, keys=lambda _obj, _state: ()),
    )

    def __init__(
        self,
        kinds: Sequence[type[KubeObject]] = (),
        providers: Mapping[str, MetricsProvider] = EMPTY,
        settings: AutoscalerSettings | None = None,
    ) -> None:
        self._kinds = kinds
        self._metrics = MetricsReader([AskedProvider(name, each) for name, each in sorted(providers.items())])
        self._settings = settings or AutoscalerSettings()
        self._known: dict[Key, _Memory] = {}

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | AfterReading[_Read]:
        autoscaler = state.get(HorizontalPodAutoscaler, key.namespace, key.name)
        if autoscaler is None:
            self._known.pop(key, None)
            return NOTHING
        memory = self._known.setdefault(key, _Memory())
        if (wait := self._seconds_until_first_look(autoscaler, now)) > 0:
            return Plan(requeue_after=wait)
        return AfterReading(
            lambda reads: self._read(key, autoscaler, memory, state, reads),
            lambda read: self._decide(autoscaler, memory, read, now),
        )

    def _seconds_until_first_look(self, autoscaler: HorizontalPodAutoscaler, now: datetime) -> float:
        """A new autoscaler is looked at a period after it was made, as in Kubernetes: its pods have to come first."""
        made = autoscaler.metadata.creation_timestamp
        return 0.0 if made is None else self._settings.sync_period - (now - made).total_seconds()

    async def _read(
        self, key: Key, autoscaler: HorizontalPodAutoscaler, memory: _Memory, state: Lister, reads: Reads
    ) -> _Read:
        reference = autoscaler.spec.scale_target_ref
        try:
            kinds = kinds_of(reference, self._kinds, state.list(CustomResourceDefinition))
            target = await read_target(reads, kinds, key.namespace, reference.name)
        except NoTarget as exc:
            return _Read(problem=str(exc))
        if not needs_metrics(autoscaler, target.replicas):
            return _Read(target)
        text = target.scale.status.selector or ""
        try:
            memory.selector = selected = _parsed(text)
        except _Unselectable as exc:
            return _Read(target, exc.bad)
        pods = [pod for pod in state.list(Pod, key.namespace) if selected.matches(pod.metadata.labels)]
        if len(owners := self._selecting(key.namespace, pods)) > 1:
            return _Read(target, _ambiguous(text, owners))
        readings = await self._metrics.read(reads, autoscaler, text, pods)
        return _Read(target, Seen(pods=pods, readings=readings))

    def _selecting(self, namespace: str, pods: Sequence[Pod]) -> list[Key]:
        """The autoscalers whose targets have any of the pods."""
        return [
            key
            for key, memory in sorted(self._known.items())
            if key.namespace == namespace
            and (selector := memory.selector) is not None
            and any(selector.matches(pod.metadata.labels) for pod in pods)
        ]

    def _decide(self, autoscaler: HorizontalPodAutoscaler, memory: _Memory, read: _Read, now: datetime) -> Plan:
        _settle(memory, read)
        deciding = Deciding(autoscaler, memory.history, self._settings, now)
        if read.target is None:
            decision = deciding.without_target(read.problem)
        else:
            decision = deciding.with_target(read.target, read.seen)
        memory.history = decision.history
        _remember(memory, read.target, decision, now)
        return decision.plan


class _Unselectable(Exception):
    def __init__(self, bad: BadSelector) -> None:
        super().__init__(bad.error)
        self.bad = bad


def _parsed(text: str) -> Selector:
    """Raises `_Unselectable`."""
    if not text:
        message = "the HPA target's scale is missing a selector"
        raise _Unselectable(BadSelector("SelectorRequired", "InvalidSelector", "selector is required", message))
    try:
        return parse_selector(text)
    except SelectorError as exc:
        words = f"couldn't convert selector into a corresponding internal selector object: {exc}"
        raise _Unselectable(BadSelector("InvalidSelector", "InvalidSelector", words, words)) from exc


def _ambiguous(selector: str, owners: Iterable[Key]) -> BadSelector:
    names = " ".join(str(key) for key in owners)
    words = f"pods by selector {selector} are controlled by multiple HPAs: [{names}]"
    return BadSelector("AmbiguousSelector", "AmbiguousSelector", words, words)


def _remember(memory: _Memory, target: Target | None, decision: Decision, now: datetime) -> None:
    if target is not None and decision.scaled_to is not None:
        memory.writing, memory.tried_at = (target.replicas, decision.scaled_to), now


def _settle(memory: _Memory, read: _Read) -> None:
    """A change that was tried counts as made if the target has that number now."""
    if memory.writing is None or memory.tried_at is None or read.target is None:
        return
    before, wanted = memory.writing
    if read.target.replicas == wanted:
        memory.history = memory.history.changed(wanted - before, memory.tried_at)
    memory.writing = memory.tried_at = None
