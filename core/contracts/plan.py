"""What a decision is made of: actions as data.

Controllers, schedulers and the pod worker are pure functions from what is to a `Plan`; `sampan.core.reconcile.runner`
carries plans out. So every decision is tested as a table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Literal, Protocol, TypeVar

from sampan.core.classes import frozen
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.kinds import KubeObject, Propagation

T = TypeVar("T", bound=KubeObject)
T_co = TypeVar("T_co", bound=KubeObject, covariant=True)
A = TypeVar("A")


@frozen(kw_only=True)
class Emit:
    """An event about an object. The recorder aggregates repeats as Kubernetes does.

    ``action`` makes it an event of the ``events.k8s.io`` sort, as the scheduler's are.
    """

    regarding: KubeObject
    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"
    field_path: str = ""
    action: str = ""


@frozen(kw_only=True)
class Create:
    """Make an object. Neighbouring creations are independent of each other and made side by side.

    ``then`` is said once it is made; ``{name}`` in its message is the name that the API server gave it.
    """

    obj: KubeObject
    ignore_exists: bool = False
    then: Emit | None = None


@frozen(kw_only=True)
class Update:
    """Replace the object; its resourceVersion guards against changes in between."""

    obj: KubeObject
    subresource: Literal["", "status", "scale", "finalize"] = ""


@frozen(kw_only=True)
class Patch:
    kind: type[KubeObject]
    namespace: str
    name: str
    patch: Mapping[str, Any]
    type: Literal["merge", "strategic"] = "merge"
    subresource: str = ""
    ignore_missing: bool = True


@frozen(kw_only=True)
class Delete:
    """Delete an object; one that is gone already is as good. Neighbouring deletions run side by side, as creations do."""

    kind: type[KubeObject]
    namespace: str
    name: str
    uid: str | None = None
    resource_version: str | None = None
    propagation: Propagation | None = None
    grace_period: int | None = None
    then: Emit | None = None


@frozen(kw_only=True)
class Bind:
    """Put a pod on a node, through the ``binding`` subresource."""

    namespace: str
    name: str
    uid: str
    node: str


@frozen(kw_only=True)
class Rescale:
    """Give a workload of any kind another number of pods, through its ``scale`` subresource.

    ``scale`` is the one that was read, with the new number: its resourceVersion guards against changes in between.
    """

    kind: type[KubeObject]
    scale: Scale
    then: Emit | None = None


@frozen(kw_only=True)
class ExpectGone:
    """Go on only if the API server itself (not a cache) says that the object with this uid is no more.

    Otherwise the plan ends here, and its key is looked at again soon. Without ``uid`` no object may have that name.
    """

    kind: type[KubeObject]
    namespace: str
    name: str
    uid: str | None = None


@frozen(kw_only=True)
class ExpectEmpty:
    """Go on only if the API server itself (not a cache) says that the namespace has no object of this kind.

    ``namespace=None``: that there is none in the whole cluster.
    """

    kind: type[KubeObject]
    namespace: str | None


@frozen(kw_only=True)
class ExpectAnswer:
    """Go on only if the API server answers a posted review as ``holds`` wants it.

    Otherwise the plan ends here, and its key is looked at again later.
    """

    review: KubeObject
    holds: Callable[[Any], bool]


Action = Create | Update | Patch | Delete | Bind | Rescale | Emit | ExpectGone | ExpectEmpty | ExpectAnswer


@frozen(kw_only=True)
class Plan:
    """Actions in order; the first one that fails ends the plan, and the key is tried again with back-off.

    ``requeue_after``: look again after so many seconds, whatever happens. ``on_error`` is an event to emit when an
    action fails, ``{error}`` in its ``message`` being what went wrong; ``on_failure`` says what else to do then (set a
    condition in a status). Neither is asked about conflicts, which only mean that the plan was made from a state that
    has passed.
    """

    actions: tuple[Action, ...] = ()
    requeue_after: float | None = None
    on_error: Emit | None = None
    on_failure: Callable[[Exception], tuple[Action, ...]] | None = None


NOTHING = Plan()


@frozen
class InThread:
    """A decision that may block, as outside plugins have a say in it: the engine has it made in a thread.

    ``decide`` reads only what it was made with: what the listers show may change meanwhile. It has as long as it takes; of
    one that a plugin's controller made, people are told where that is more than 30 s.
    """

    decide: Callable[[], Plan]


class Listed(Protocol[T_co]):
    @property
    def items(self) -> Sequence[T_co]: ...


class Reads(Protocol):
    """What a controller may ask the API server for besides the caches. Raises `sampan.core.errors.ApiError`."""

    async def get(self, kind: type[T], namespace: str, name: str) -> T: ...

    async def list(self, kind: type[T], namespace: str | None = None, *, label_selector: str = "") -> Listed[T]: ...

    async def get_scale(self, kind: type[KubeObject], namespace: str, name: str) -> Scale:
        """What the ``scale`` subresource shows of an object of any kind that has one."""
        ...


@frozen
class AfterReading(Generic[A]):
    """A decision that needs what no cache holds: the engine has it read, in the controller's name, and then decides.

    ``read`` only reads. Other keys go on meanwhile; it has a minute.
    """

    read: Callable[[Reads], Awaitable[A]]
    decide: Callable[[A], Plan]
