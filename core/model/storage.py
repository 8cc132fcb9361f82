"""Where a kind's objects live: said on the class, carried out by the API server (`sampan.core.api.storage`).

Most kinds are `Stored`. Some show the objects of another kind (`ViewOf`), some are worked out when asked for
(`Computed`), and some are questions that are answered and forgotten (`Posted`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from sampan.core.classes import frozen

if TYPE_CHECKING:
    from sampan.core.model.kinds import JsonObject, KubeObject


@frozen(kw_only=True)
class Stored:
    """Objects of its own in the store. ``folder`` is where, below ``/registry/``; Kubernetes' own is the plural."""

    folder: str = ""


@frozen(kw_only=True)
class ViewOf:
    """Another version or group of the objects of ``kind`` (events of both groups): nothing of its own is stored.

    Its objects are validated and defaulted in their own form, then stored in the other; reads go the other way. Both
    functions make a new wire value and leave the argument alone.
    """

    kind: type[KubeObject]
    to_stored: Callable[[Mapping[str, Any]], JsonObject]
    from_stored: Callable[[Mapping[str, Any]], JsonObject]


@frozen(kw_only=True)
class Computed:
    """Objects that the registry's source of this name works out when they are asked for."""

    source: str


@frozen(kw_only=True)
class Posted:
    """Only created, and kept nowhere: the API server's answer of this name is what a creation returns."""

    answer: str


Storage: TypeAlias = Stored | ViewOf | Computed | Posted
