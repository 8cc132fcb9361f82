"""PodTopologyLabels: a pod that gets a node also gets the labels that say in which zone and region that is.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podtopologylabels
"""

from __future__ import annotations

from typing import Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet, is_new_pod

LABELS: Final = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


class PodTopologyLabels(Quiet):
    """On the Binding, whose labels the pod takes over, and on pods that are made with a node."""

    name = "PodTopologyLabels"
    order = 50
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        node = request.reader.get("nodes", "", _node_of(request))
        if node is None or request.obj is None:
            return
        there = node["metadata"].get("labels") or {}
        if found := {label: there[label] for label in LABELS if label in there}:
            meta = request.obj.setdefault("metadata", {})
            meta["labels"] = {**(meta.get("labels") or {}), **found}


def _node_of(request: AdmissionRequest) -> str:
    """The node that the request puts a pod on; empty for any other request."""
    obj = request.obj or {}
    if is_new_pod(request):
        return str(obj.get("spec", {}).get("nodeName") or "")
    if request.info.resource == "pods" and request.subresource == "binding":
        return str(obj.get("target", {}).get("name") or "")
    return ""
