"""An outside plugin: the kind Boat, and a scheduling concern that keeps cargo away from passengers."""

from __future__ import annotations

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import SchedulerPluginBase
from sampan.core.hooks import hookimpl
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import Column, KubeObject, kind
from sampan.core.model.meta import model, wire
from sampan.core.registry import Registry


@model
class BoatSpec:
    """What is wanted of a boat."""

    length: int = wire(required=True, minimum=1, maximum=400, format="int32", doc="In metres.")
    rig: str = wire(default="junk", api_default="junk", enum=("junk", "lug", "sprit"), doc="How it is sailed.")
    crew: tuple[str, ...] = wire(default=(), list_type="set", doc="Who sails it.")


@model
class BoatStatus:
    """Where it is."""

    berth: str | None = None


@kind(
    "example.com/v1",
    plural="boats",
    short_names=("bo",),
    has_status=True,
    has_generation=True,
    columns=(
        Column(name="Name", cell=".metadata.name", format="name"),
        Column(name="Length", cell=".spec.length", type="integer"),
        Column(name="Rig", cell=".spec.rig"),
    ),
)
@model
class Boat(KubeObject):
    """A boat, as this harbour sees it."""

    spec: BoatSpec = wire(default=None, emit="always")
    status: BoatStatus = wire(default=BoatStatus(), emit="always")


class NoCargoAmongPassengers(SchedulerPluginBase):
    """One more concern of the built-in scheduler."""

    name = "NoCargoAmongPassengers"

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        if "cargo" in pod.metadata.labels and "passengers" in node.node.metadata.labels:
            return Refusal("node(s) carried passengers")
        return None


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.kind(Boat)
    registry.scheduler_plugin(NoCargoAmongPassengers.name, NoCargoAmongPassengers)
