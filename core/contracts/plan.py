"""What a decision is made of: actions as data.

Controllers, schedulers and the pod worker are pure functions from what is to a `Plan`; `sampan.core.reconcile.runner`
carries plans out. So every decision is tested as a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from sampan.core.model.kinds import KubeObject, Propagation


@attrs.frozen(kw_only=True)
class Create:
    obj: KubeObject
    ignore_exists: bool = False


@attrs.frozen(kw_only=True)
class Update:
    """Replace the object; its resourceVersion guards against changes in between."""

    obj: KubeObject
    subresource: Literal["", "status", "scale"] = ""


@attrs.frozen(kw_only=True)
class Patch:
    kind: type[KubeObject]
    namespace: str
    name: str
    patch: Mapping[str, Any]
    type: Literal["merge", "strategic"] = "merge"
    subresource: str = ""
    ignore_missing: bool = True


@attrs.frozen(kw_only=True)
class Delete:
    kind: type[KubeObject]
    namespace: str
    name: str
    uid: str | None = None
    resource_version: str | None = None
    propagation: Propagation | None = None
    grace_period: int | None = None


@attrs.frozen(kw_only=True)
class Bind:
    """Put a pod on a node, through the ``binding`` subresource."""

    namespace: str
    name: str
    uid: str
    node: str


@attrs.frozen(kw_only=True)
class Emit:
    """An event about an object. The recorder aggregates repeats as Kubernetes does."""

    regarding: KubeObject
    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"
    field_path: str = ""


Action = Create | Update | Patch | Delete | Bind | Emit


@attrs.frozen(kw_only=True)
class Plan:
    """Actions in order; the first one that fails ends the plan, and the key is tried again with back-off.

    ``requeue_after``: look again after so many seconds, whatever happens. ``on_error`` is an event to emit when an
    action fails, its ``message`` formatted with ``{error}``.
    """

    actions: tuple[Action, ...] = ()
    requeue_after: float | None = None
    on_error: Emit | None = None


NOTHING = Plan()
