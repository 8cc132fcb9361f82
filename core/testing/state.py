"""The objects of a cluster as a decision sees them, without a server: for tests of pure controllers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from sampan.core.contracts.controller import Controller
from sampan.core.model.kinds import KubeObject

T = TypeVar("T", bound=KubeObject)
Index = Callable[[KubeObject], Iterable[str]]


class State:
    """A `sampan.core.contracts.controller.Lister` over some objects, with a controller's indexes.

    A controller that follows changes itself (`Watch.changed`) is told that they have come.
    """

    def __init__(self, *objects: KubeObject, controller: Controller | None = None) -> None:
        self._objects = objects
        watches = controller.watches if controller is not None else ()
        self._indexes: Mapping[type[KubeObject], Mapping[str, Index]] = {watch.kind: watch.indexes for watch in watches}
        self._tallies = {watch.kind: watch.tallies for watch in watches}
        for watch in watches:
            if watch.changed is not None:
                for obj in self.list(watch.kind):
                    list(watch.changed(None, obj, self))

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        return next((obj for obj in self.list(kind) if obj.key == (namespace, name)), None)

    def list(self, kind: type[T], namespace: str | None = None) -> Sequence[T]:
        found = [obj for obj in self._objects if isinstance(obj, kind)]
        return [obj for obj in found if namespace is None or obj.key[0] == namespace]

    def owned_by(self, kind: type[T], uid: str) -> Sequence[T]:
        return [
            obj for obj in self.list(kind) if any(owner.uid == uid for owner in obj.metadata.owner_references)
        ]  # fmt: skip

    def indexed(self, kind: type[T], index: str, value: str) -> Sequence[T]:
        function = self._indexes[kind][index]
        return [obj for obj in self.list(kind) if value in function(obj)]

    def tally(self, kind: type[T], tally: str, value: str) -> Mapping[Hashable, int]:
        function = self._tallies[kind][tally]
        return Counter(word for obj in self.list(kind) for found, word in function(obj) if found == value)
