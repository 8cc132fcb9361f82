"""Nodes that have a pod's images already are liked better, the more so the larger those are.

An image counts by the share of nodes that have it, so that not all replicas run after the one node with the image.
https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from sampan.core.contracts.scheduler import Change, ClusterState, NodeState
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import EMPTY

LEAST, MOST = 23 << 20, 1000 << 20
"""Bytes below which an image counts nothing, and above which, for each container, it counts no more."""


class ImageLocality(GroupedPlugin):
    name = "ImageLocality"
    weight = 1
    helped_by = Change.NODE_ADDED
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        return tuple(images_of(pod))

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return _Near(images_of(pod))


class _Near(Judge):
    """Wide: how many nodes have an image matters. Told of each node once, it keeps the sizes that matter."""

    is_wide = has_sorts = never_filters = True

    def __init__(self, images: list[str]) -> None:
        self._images = images
        self._sizes: dict[str, dict[str, int]] = {}
        """Node → image → bytes, for nodes that have any of them."""
        self._holders: Counter[str] = Counter()
        self._nodes: set[str] = set()

    @property
    def scores(self) -> bool:  # type: ignore[override]
        return bool(self._sizes)

    def sort(self, node: NodeState) -> Hashable:
        """Which of the images it has."""
        return frozenset(self._sizes.get(node.name, EMPTY).items())

    def update(self, name: str, node: NodeState | None) -> None:
        self._holders.subtract(self._sizes.pop(name, {}).keys())
        if node is None:
            self._nodes.discard(name)
            return
        self._nodes.add(name)
        sizes = _sizes(node)
        if has := {image: sizes[image] for image in self._images if image in sizes}:
            self._sizes[name] = has
            self._holders.update(has.keys())

    def score(self, node: NodeState) -> float:
        has = self._sizes.get(node.name)
        if not has:
            return 0.0
        near = sum(size * self._holders[image] / len(self._nodes) for image, size in has.items())
        most = MOST * len(self._images)
        return 100.0 * (min(max(near, LEAST), most) - LEAST) / (most - LEAST)


def images_of(pod: Pod) -> list[str]:
    return [normal_name(each.image or "") for each in (*pod.spec.containers, *pod.spec.init_containers)]


def normal_name(image: str) -> str:
    """With the tag that an image without one has."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def _sizes(node: NodeState) -> dict[str, int]:
    return {name: image.size_bytes or 0 for image in node.node.status.images for name in image.names}
