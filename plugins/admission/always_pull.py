"""AlwaysPullImages: whoever starts a pod must be able to pull its images, whatever lies on the node already.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#alwayspullimages. Off unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet, forbid

ALWAYS: Final = "Always"
SORTS: Final = ("initContainers", "containers", "ephemeralContainers")


class AlwaysPullImages(Quiet):
    name = "AlwaysPullImages"
    order = 28
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if not _concerns(request):
            return
        for _, obj, field in _pulls(request.obj or {}):
            obj[field] = ALWAYS

    async def validate(self, request: AdmissionRequest) -> None:
        if not _concerns(request):
            return
        for path, obj, field in _pulls(request.obj or {}):
            if obj.get(field) != ALWAYS:
                said = f'{path}.{field}: Unsupported value: "{obj.get(field, "")}": supported values: "{ALWAYS}"'
                raise forbid(request, said)


def _concerns(request: AdmissionRequest) -> bool:
    """A new pod, or one that is to have an image that it had not."""
    if request.info.resource != "pods" or request.subresource or request.obj is None:
        return False
    if request.operation == "CREATE":
        return True
    return request.operation == "UPDATE" and not _images(request.obj) <= _images(request.old or {})


def _images(pod: Mapping[str, Any]) -> set[str]:
    spec = pod.get("spec") or {}
    return {each.get("image", "") for sort in SORTS for each in spec.get(sort) or ()}


def _pulls(pod: Mapping[str, Any]) -> Iterator[tuple[str, MutableMapping[str, Any], str]]:
    """What has an image: its path, itself, and the field that says when to pull."""
    spec = pod.get("spec") or {}
    for sort in SORTS:
        for index, container in enumerate(spec.get(sort) or ()):
            yield f"spec.{sort}[{index}]", container, "imagePullPolicy"
    for index, volume in enumerate(spec.get("volumes") or ()):
        if image := volume.get("image"):
            yield f"spec.volumes[{index}].image", image, "pullPolicy"
