"""Defaults of pod specs that depend on other fields (Kubernetes' ``SetDefaults_PodSpec`` and ``SetDefaults_Pod``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sampan.core.model.image_reference import is_identifier, reference_of
from sampan.core.model.kinds import JsonObject
from sampan.core.model.rules.core_v1.pod_resources import default_pod_resources

LEAST_GRACE: Final = 1
"""Seconds that a pod gets whose grace period is negative; templates keep what they say."""
CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")


def default_template(template: JsonObject | None) -> None:
    if template is not None and template.get("spec") is not None:
        default_pod_spec(template["spec"])


def default_pod_spec(spec: JsonObject) -> None:
    """What pods and templates share."""
    _drop_gated(spec)
    for container in containers_of(spec):
        if not container.get("imagePullPolicy"):
            container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def _drop_gated(spec: JsonObject) -> None:
    """What Kubernetes 1.36 drops, as the features are off there unless somebody turns them on."""
    spec.pop("schedulingGroup", None)
    for container in containers_of(spec):
        (container.get("lifecycle") or {}).pop("stopSignal", None)
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            source.pop("clusterTrustBundle", None)
            source.pop("podCertificate", None)


def containers_of(spec: JsonObject) -> Iterator[JsonObject]:
    for word in CONTAINER_LISTS:
        yield from spec.get(word) or ()


def pull_policy(image: str) -> str:
    """``Always`` for the tag ``latest``, said or meant. What is no name has no tag."""
    reference = None if is_identifier(image) else reference_of(image)
    return "Always" if reference is not None and reference.tag == "latest" else "IfNotPresent"


def _default_volume(volume: JsonObject) -> None:
    if not any(value is not None for word, value in volume.items() if word != "name"):
        volume["emptyDir"] = {}
    image = volume.get("image")
    if image is not None and not image.get("pullPolicy"):
        image["pullPolicy"] = pull_policy(image.get("reference") or "")


def default_pod(spec: JsonObject) -> None:
    """What pods have and templates leave to them."""
    default_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    if _is_negative(spec.get("terminationGracePeriodSeconds")):
        spec["terminationGracePeriodSeconds"] = LEAST_GRACE
    for word in ("initContainers", "containers"):
        for container in spec.get(word) or ():
            requests_from_limits(container)
    default_pod_resources(spec)
    if spec.get("hostNetwork"):
        _publish_ports(spec)


def _is_negative(value: object) -> bool:
    return isinstance(value, int) and value < 0


def requests_from_limits(holder: JsonObject) -> None:
    resources = holder.get("resources") or {}
    limits = resources.get("limits") or {}
    missing = {name: amount for name, amount in limits.items() if name not in (resources.get("requests") or {})}
    if missing:
        resources["requests"] = {**(resources.get("requests") or {}), **missing}


def _publish_ports(spec: JsonObject) -> None:
    for word in ("initContainers", "containers"):
        for container in spec.get(word) or ():
            for port in container.get("ports") or ():
                if not port.get("hostPort"):
                    port["hostPort"] = port.get("containerPort", 0)
