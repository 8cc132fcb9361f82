"""Admission: images whose tag is ``latest``, or that have none, are refused."""

from __future__ import annotations

from sampan.plugin import AccessContext, AdmissionBase, AdmissionRequest, Forbidden, Registry, hookimpl


class Ferry(AdmissionBase):
    """Sees every write before it is stored: ``mutate`` may change the object, ``validate`` refuses."""

    name = "Ferry"

    async def validate(self, request: AdmissionRequest) -> None:
        if request.info.kind != "Pod" or request.subresource or request.obj is None:
            return
        for container in request.obj["spec"]["containers"]:
            name, _, tag = container["image"].rpartition("/")[2].partition(":")
            if tag in ("", "latest") and "@" not in name:
                raise Forbidden(f"the image {container['image']!r} has no tag that stays the same")


def make_ferry(context: AccessContext) -> Ferry:
    """Refuses images whose tag may mean another one tomorrow."""
    return Ferry()


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.admission("ferry", make_ferry)
