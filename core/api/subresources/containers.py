"""Which container of which pod, on which node, a log, exec or attach is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.classes import frozen
from sampan.core.contracts.streams import NodeDirectory, NodeStreams, PodRef
from sampan.core.errors import BadRequest


@frozen
class Aim:
    """A container that can be reached."""

    streams: NodeStreams
    pod: PodRef
    container: str


async def aim(pipeline: Pipeline, nodes: NodeDirectory, call: Call, container: str) -> Aim:
    """Raises `NotFound` and `BadRequest` in Kubernetes' words."""
    pod = (await pipeline.current(call)).wire
    chosen = choose_container(pod, container)
    return Aim(streams_of(nodes, pod), pod_ref(pod), chosen)


async def admit(pipeline: Pipeline, call: Call, options: dict[str, Any]) -> None:
    """Admission of a stream into a pod. Raises what it is refused with."""
    request = pipeline.admission(call, "CONNECT", options, None, dry_run=False)
    await pipeline.gates.mutate(request)
    await pipeline.gates.validate(request)


def pod_ref(pod: Mapping[str, Any]) -> PodRef:
    meta = pod["metadata"]
    return PodRef(namespace=meta["namespace"], name=meta["name"], uid=meta["uid"])


def streams_of(nodes: NodeDirectory, pod: Mapping[str, Any]) -> NodeStreams:
    """The pod's node. Raises `BadRequest` for a pod without one, `NotFound` for a node that is not connected."""
    node = pod["spec"].get("nodeName")
    if not node:
        raise BadRequest(f"pod {pod['metadata']['name']} does not have a host assigned")
    return nodes.find(node)


def choose_container(pod: Mapping[str, Any], wanted: str) -> str:
    """The container called ``wanted``, or the only one there is. Raises `BadRequest`."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    main, init = _names(spec, "containers"), _names(spec, "initContainers")
    ephemeral = _names(spec, "ephemeralContainers")
    if wanted:
        if wanted not in (*main, *init, *ephemeral):
            raise BadRequest(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(main) == 1:
        return main[0]
    said = f"a container name must be specified for pod {name}, choose one of: {_listed(main)}"
    if init:
        said += f" or one of the init containers: {_listed(init)}"
    if ephemeral:
        said += f" or one of the ephemeral containers: {_listed(ephemeral)}"
    raise BadRequest(said)


def _names(spec: Mapping[str, Any], field: str) -> list[str]:
    return [each["name"] for each in spec.get(field) or ()]


def _listed(names: list[str]) -> str:
    return f"[{' '.join(names)}]"
