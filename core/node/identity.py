"""By what the node knows a pod: its containers' labels, its folder, its record.

That is the uid which the API gave it, but for static pods. Of those the API only shows a mirror pod, which may be deleted
and made anew while the pod itself goes on: one is known by its name and its manifest, as the kubelet does it.
"""

from __future__ import annotations

import hashlib

from sampan.core.model.core_v1.pod import Pod

MIRROR = "kubernetes.io/config.mirror"
"""The kubelet's annotation of a mirror pod: its manifest's hash."""


def node_uid(pod: Pod) -> str:
    """The uid under which the node runs a pod.

    Made of the name too, which the API gives to one pod at a time: no annotation makes a pod pass for another.
    """
    mirrored = pod.metadata.annotations.get(MIRROR)
    if mirrored is None:
        return pod.metadata.uid or ""
    return hashlib.sha256("/".join((*pod.key, mirrored)).encode()).hexdigest()[:32]
