"""OwnerReferencesPermissionEnforcement: whoever ties an object to an owner may delete the one and finalize the other.

Without it, who may write an object can have the garbage collector delete it, or keep its owner from going.
https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#ownerreferencespermissionenforcement
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sampan.core.contracts.access import AdmissionRequest, Attributes, Decider
from sampan.plugins.admission.base import Quiet, forbid

Reference = Mapping[str, Any]


class OwnerReferencesPermissionEnforcement(Quiet):
    name = "OwnerReferencesPermissionEnforcement"
    order = 810

    def __init__(self, authorizer: Decider) -> None:
        self._authorizer = authorizer

    async def validate(self, request: AdmissionRequest) -> None:
        if request.operation not in ("CREATE", "UPDATE") or request.obj is None:
            return
        if request.info.resource == "pods" and request.subresource == "status":
            return  # it cannot change them
        before, now = _owners(request.old), _owners(request.obj)
        if before == now:
            return
        if request.operation == "UPDATE":
            await self._check_delete(request)
        blocking = list(_newly_blocking(before, now))
        if blocking and not await self._may_finalize_anything(request):
            for reference in blocking:
                await self._check_owner(request, reference)

    async def _check_delete(self, request: AdmissionRequest) -> None:
        info = request.info
        asked = Attributes(
            user=request.user,
            verb="delete",
            namespace=request.namespace,
            group=info.group,
            version=info.version,
            resource=info.plural,
            subresource=request.subresource,
            name=request.name,
        )
        decision = await self._authorizer.authorize(asked)
        if decision.verdict != "allow":
            raise forbid(request, f"cannot set an ownerRef on a resource you can't delete: {decision.reason}, <nil>")

    async def _may_finalize_anything(self, request: AdmissionRequest) -> bool:
        asked = Attributes(
            user=request.user, verb="update", group="*", version="*", resource="*", subresource="finalizers", name="*"
        )
        return (await self._authorizer.authorize(asked)).verdict == "allow"

    async def _check_owner(self, request: AdmissionRequest, reference: Reference) -> None:
        version, kind = str(reference.get("apiVersion", "")), str(reference.get("kind", ""))
        owner = request.reader.find_kind(version, kind)
        if owner is None:
            raise forbid(
                request,
                "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion"
                f' {version} Kind {kind}: no matches for kind "{kind}" in version "{version}"',
            )
        asked = Attributes(
            user=request.user,
            verb="update",
            group=owner.group,
            version=owner.version,
            resource=owner.plural,
            subresource="finalizers",
            namespace=request.namespace if owner.namespaced else "",
            name=str(reference.get("name", "")),
        )
        decision = await self._authorizer.authorize(asked)
        if decision.verdict != "allow":
            raise forbid(
                request,
                "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on:"
                f" {decision.reason}, <nil>",
            )


def _owners(obj: Mapping[str, Any] | None) -> Sequence[Reference]:
    return ((obj or {}).get("metadata") or {}).get("ownerReferences") or []


def _newly_blocking(before: Sequence[Reference], now: Sequence[Reference]) -> Iterator[Reference]:
    blocking = {each.get("uid") for each in before if each.get("blockOwnerDeletion")}
    return (each for each in now if each.get("blockOwnerDeletion") and each.get("uid") not in blocking)
