"""One stage at work: whether a pod is in it, how long it stays there, and what comes then. Pure but for the dice.

https://kwok.sigs.k8s.io/docs/user/stages-configuration/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import yaml

from sampan.core.contracts.plan import Action, Delete, Emit, Patch
from sampan.core.errors import ConfigError
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.stages.expressions import Functions
from sampan.plugins.stages.files import Delay, ExpressionFrom, Finalizers, MatchExpression, NamedStage, StagePatch
from sampan.plugins.stages.functions import COMMON
from sampan.plugins.stages.go_template import Template
from sampan.plugins.stages.jq import Query

Wire = Mapping[str, Any]
UNITS: Mapping[str, float] = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


class Stage:
    """Compiled: what cannot be read is told when it is made. Raises `ConfigError` that names the stage."""

    def __init__(self, stage: NamedStage, known: Functions) -> None:
        """``known``: names that templates may call besides the common ones; each pod's are given to `actions`."""
        self.name = stage.name
        spec = stage.spec
        self._spec = spec
        functions = {**COMMON, **known}
        try:
            self._expressions = [
                _requirement(each) for each in (spec.selector.match_expressions if spec.selector else ())
            ]
            self._weight_from = _query(spec.weight_from)
            delay = spec.delay or Delay()
            self._delay_from, self._jitter_from = _query(delay.duration_from), _query(delay.jitter_duration_from)
            self._steps = [(step, _template(step.patch, functions)) for step in spec.all_steps()]
        except ConfigError as exc:
            raise ConfigError(f"the stage {stage.name!r} cannot be played: {exc}") from exc

    def holds(self, pod: Wire) -> bool:
        """Whether a pod is in it. A stage without a selector has none."""
        selector = self._spec.selector
        if selector is None:
            return False
        metadata = pod.get("metadata") or {}
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        return (
            all(labels.get(key) == value for key, value in selector.match_labels.items())
            and all(annotations.get(key) == value for key, value in selector.match_annotations.items())
            and all(holds(pod) for holds in self._expressions)
        )

    def weight(self, pod: Wire) -> int | None:
        """``None`` where its expression yields what is no number."""
        if self._weight_from is None:
            return self._spec.weight
        found = next(iter(self._weight_from.values(pod)), self._spec.weight)
        try:
            return int(found)
        except (TypeError, ValueError):
            return None

    def delay(self, pod: Wire, now: datetime, dice: Random) -> float:
        """Seconds until it is played: the duration, or something up to the jitter where that is longer."""
        delay = self._spec.delay
        if delay is None:
            return 0.0
        duration = _seconds(self._delay_from, delay.duration_milliseconds, pod, now) or 0.0
        jitter = _seconds(self._jitter_from, delay.jitter_duration_milliseconds, pod, now)
        if jitter is None:
            return max(0.0, duration)
        return max(0.0, jitter if jitter <= duration else dice.uniform(duration, jitter))

    def actions(self, pod: Pod, wire: Wire, functions: Functions) -> Iterator[Action]:
        """What comes next. Raises `ConfigError` where a template fails for this pod."""
        namespace, name = pod.key
        for step, template in self._steps:
            if step.event is not None:
                event = step.event
                yield Emit(regarding=pod, type=event.type, reason=event.reason, message=event.message)
            if step.finalizers is not None:
                yield from _finalizers(pod, step.finalizers)
            if step.delete:
                yield Delete(kind=Pod, namespace=namespace, name=name, uid=pod.metadata.uid, grace_period=0)
                return
            if step.patch is not None and template is not None:
                change = self._change(step.patch, template.render(wire, functions))
                yield Patch(
                    kind=Pod, namespace=namespace, name=name, patch=change,
                    type=step.patch.type, subresource=step.patch.subresource,
                )  # fmt: skip

    def _change(self, patch: StagePatch, text: str) -> Wire:
        try:
            value = yaml.load(text, Loader=_Plain)
        except yaml.YAMLError as exc:
            said = " ".join(str(exc).split())
            raise ConfigError(f"the template of the stage {self.name!r} made no YAML: {said}") from exc
        value = {patch.root: value} if patch.root else value
        if not isinstance(value, Mapping):
            raise ConfigError(f"the template of the stage {self.name!r} made no object")
        return value


def choose(stages: Sequence[Stage], pod: Wire, dice: Random) -> Stage | None:
    """One of the stages that a pod is in, by weight; those of weight 0 only where there are no others."""
    held = [stage for stage in stages if stage.holds(pod)]
    if len(held) < 2:
        return next(iter(held), None)
    weights = [stage.weight(pod) for stage in held]
    if sum(weight or 0 for weight in weights) > 0:
        return dice.choices(held, [max(0, weight or 0) for weight in weights])[0]
    known = [stage for stage, weight in zip(held, weights, strict=True) if weight is not None]
    return dice.choice(known or held)


def _template(patch: StagePatch | None, functions: Functions) -> Template | None:
    return Template(patch.template, functions) if patch is not None else None


def _requirement(expression: MatchExpression) -> Callable[[Wire], bool]:
    part = expression.jq or expression
    query, operator, wanted = Query(part.key), part.operator, frozenset(part.values)
    if operator is None:
        raise ConfigError("a match expression has no operator")
    if (operator in ("In", "NotIn")) != bool(wanted):
        raise ConfigError(f"{operator} {'needs' if not wanted else 'takes no'} values")

    def holds(pod: Wire) -> bool:
        values = query.values(pod)
        if operator in ("Exists", "DoesNotExist"):
            return bool(values) == (operator == "Exists")
        return any(_word(value) in wanted for value in values) == (operator == "In")

    return holds


def _word(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _query(source: ExpressionFrom | None) -> Query | None:
    return Query(source.text) if source is not None else None


def _seconds(query: Query | None, milliseconds: int | None, pod: Wire, now: datetime) -> float | None:
    """What the expression yields, a duration or a moment; else the number."""
    found = next(iter(query.values(pod)), None) if query is not None else None
    if isinstance(found, str):
        moment = _moment(found)
        if moment is not None:
            return (moment - now) / timedelta(seconds=1)
        parts = DURATION.findall(found)
        if parts and "".join(number + unit for number, unit in parts) == found:
            return sum(float(number) * UNITS[unit] for number, unit in parts)
    return None if milliseconds is None else milliseconds / 1000


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _finalizers(pod: Pod, change: Finalizers) -> Iterator[Action]:
    has = pod.metadata.finalizers
    removed = {each.value for each in change.remove}
    kept = [] if change.empty else [each for each in has if each not in removed]
    wanted = list(dict.fromkeys([*kept, *(each.value for each in change.add)]))
    if wanted != list(has):
        metadata = {"finalizers": wanted, "resourceVersion": pod.metadata.resource_version}
        yield Patch(kind=Pod, namespace=pod.key[0], name=pod.key[1], patch={"metadata": metadata})


class _Plain(yaml.SafeLoader):
    """Moments stay texts, as in JSON."""


_Plain.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
