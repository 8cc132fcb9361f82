"""What was decided about pods, kept as data: for `sampan explain pod`, also long after a pod was placed.

In memory, and of the pods that were decided about last: events tell of a decision for an hour, in one sentence, and nothing
of each node; to store more with every pod would cost every write of every pod. A restart forgets it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sampan.core.classes import define, frozen
from sampan.core.contracts.scheduler import ByNode, Placed, Unschedulable
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.scalars import format_time

MOST_PODS = 1000
MOST_NODES = 50
"""Of each decision."""


@frozen
class Decision:
    at: datetime
    node: str
    """Empty where there was none for the pod."""
    message: str
    by_node: ByNode

    def told(self) -> dict[str, Any]:
        nodes = {
            node: {"plugin": plugin, "reasons": list(refusal.reasons)}
            for node, (plugin, refusal) in self.by_node.items()
        }
        return {"at": format_time(self.at), "node": self.node, "message": self.message, "nodes": nodes}


@define
class _Story:
    """Of one pod: how often it found no place, when for the last time, and where it is."""

    uid: str
    scheduler: str
    times: int = 0
    refused: Decision | None = None
    placed: Decision | None = None

    def told(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "scheduler": self.scheduler,
            "timesRefused": self.times,
            "refused": self.refused.told() if self.refused else None,
            "placed": self.placed.told() if self.placed else None,
        }


class Decisions:
    """Written by the scheduling controller, on whichever thread it decides; read on any."""

    def __init__(self) -> None:
        self._stories: OrderedDict[tuple[str, str], _Story] = OrderedDict()

    def placed(self, pod: Pod, scheduler: str, verdict: Placed, now: datetime) -> None:
        self._story(pod, scheduler).placed = Decision(now, verdict.node, "", _first(verdict.by_node))

    def refused(self, pod: Pod, scheduler: str, verdict: Unschedulable, now: datetime) -> None:
        story = self._story(pod, scheduler)
        story.times += 1
        story.refused = Decision(now, "", verdict.message, _first(verdict.by_node))

    def told(self) -> dict[str, Any]:
        """Pod (``namespace/name``) → what was decided about it, as JSON values."""
        return {f"{namespace}/{name}": story.told() for (namespace, name), story in list(self._stories.items())}

    def _story(self, pod: Pod, scheduler: str) -> _Story:
        uid = pod.metadata.uid or ""
        story = self._stories.get(pod.key)
        if story is None or story.uid != uid:
            story = self._stories[pod.key] = _Story(uid, scheduler)
            if len(self._stories) > MOST_PODS:
                self._stories.popitem(last=False)
        self._stories.move_to_end(pod.key)
        return story


def _first(by_node: ByNode) -> Mapping[str, Any]:
    return dict(islice(by_node.items(), MOST_NODES)) if by_node else by_node
