"""The controller contract: which changes matter, and what to do about one key.

`Controller.reconcile` is pure and quick: it reads only the `Lister` (the informers' caches, all at least as new as this
controller's own last writes) and returns a `Plan`, or how to come to one (`InThread`, `AfterReading`). Sampan's own run on
the event loop; a plugin's in a thread, one key at a time, where one that takes longer than five seconds is ended, named and
asked again later. What it says of changes (`Watch`) is asked on the event loop all the same (and ended there): it reads
fields, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, runtime_checkable

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.plan import AfterReading, InThread, Plan
from sampan.core.model.kinds import KubeObject

T = TypeVar("T", bound=KubeObject)


@attrs.frozen(order=True)
class Key:
    """What is reconciled: usually an object's namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Lister(Protocol):
    """The informers' caches, read only. Objects are shared: never change them (they are frozen)."""

    def get(self, kind: type[T], namespace: str, name: str) -> T | None: ...

    def list(self, kind: type[T], namespace: str | None = None) -> Sequence[T]:
        """All, or one namespace's; in no promised order."""
        ...

    def owned_by(self, kind: type[T], uid: str) -> Sequence[T]:
        """Those with an ownerReference to ``uid``."""
        ...

    def indexed(self, kind: type[T], index: str, value: str) -> Sequence[T]:
        """Those for which the named index (see `Watch.indexes`) yields ``value``."""
        ...

    def tally(self, kind: type[T], tally: str, value: str) -> Mapping[Hashable, int]:
        """How many objects the named tally (see `Watch.tallies`) counts as each word under ``value``. Costs nothing."""
        ...


MapToKeys = Callable[[KubeObject, Lister], Iterable[Key]]


Tally = Callable[[KubeObject], Iterable[tuple[str, Hashable]]]
"""Under which values an object counts, and as what. The words are few; objects that nobody asks about yield none."""

ChangeToKeys = Callable[["KubeObject | None", "KubeObject | None", Lister], Iterable[Key]]
"""Gets the old object and the new one, ``None`` where there was or is none."""


def own_key(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    """The object's own key."""
    yield Key(*obj.key)


@frozen(kw_only=True)
class Watch:
    """A kind to follow, and the keys to look at when one of its objects changes.

    ``keys`` is asked for the new object and for the old one, so what left a selection is seen too. Where it matters what
    has become of what, ``changed`` is asked instead, with both.
    """

    kind: type[KubeObject]
    keys: MapToKeys = own_key
    changed: ChangeToKeys | None = None
    indexes: Mapping[str, Callable[[KubeObject], Iterable[str]]] = attrs.field(factory=dict)
    tallies: Mapping[str, Tally] = attrs.field(factory=dict)
    """What is counted of the objects as they change, so that a look need not visit all of them."""


class Controller(Protocol):
    name: str
    """As in Kubernetes (``replicaset-controller``): the user agent, the field manager and the events' source."""

    @property
    def watches(self) -> Sequence[Watch]: ...

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | InThread | AfterReading[Any]: ...


@runtime_checkable
class FollowsKinds(Protocol):
    """What a controller has besides if it looks at objects of every kind, also of those that come while it runs."""

    def follow(self, kind: type[KubeObject]) -> Watch | None:
        """A kind has come, and the caches hold its objects: how to watch it. ``None``: not this controller's business."""
        ...

    def forget(self, kind: type[KubeObject]) -> None:
        """A kind is about to go: do not read it any more."""
        ...


@runtime_checkable
class FollowsGroups(Protocol):
    """What a `FollowsKinds` controller has besides if it must not act before it knows all kinds that there are."""

    def settle(self, versions: Collection[str]) -> None:
        """The versions (``group/version``) that other API servers bring, of which every kind is followed by now."""
        ...


@runtime_checkable
class Ordered(Protocol):
    """What a controller has besides if its keys must be taken one at a time, the smallest rank first (a scheduler's)."""

    def rank(self, key: Key, state: Lister) -> Any: ...


@runtime_checkable
class ActsAhead(Protocol):
    """What an `Ordered` controller has besides if it need not wait until a plan is carried out to decide the next one.

    It must count on its own plans then: what it has decided is not yet what the caches show.
    """

    ahead: int
    """Plans that may be under way."""

    def seconds_to_wait(self, key: Key) -> float:
        """How long a key must be left alone, whatever changes."""
        ...

    def failed(self, key: Key, state: Lister) -> None:
        """A plan of this key was not carried out: no longer count on it."""
        ...
