"""Images whose tag may come to mean something else (``latest``, or none) are refused, for every kind that has pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sampan.plugin import AdmissionBase, AdmissionRequest, Forbidden, Registry, hookimpl


class NoLatest(AdmissionBase):
    name = "NoLatest"

    async def validate(self, request: AdmissionRequest) -> None:
        if request.obj is None or request.subresource:
            return
        for image in images(request.obj.get("spec")):
            name, _, tag = image.rpartition("/")[2].partition(":")
            if tag in ("", "latest") and "@" not in name:
                raise Forbidden(f"the image {image!r} has no tag that stays the same")


def images(spec: Any) -> Iterator[str]:
    """Of a pod's spec, or of the template that a Deployment, Job or CronJob has in its own."""
    if not isinstance(spec, dict):
        return
    for containers in ("initContainers", "containers"):
        for container in spec.get(containers) or ():
            if isinstance(container, dict) and "image" in container:
                yield container["image"]
    for template in ("template", "jobTemplate"):
        yield from images((spec.get(template) or {}).get("spec"))


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.admission("no-latest", lambda _context: NoLatest())
