"""PersistentVolumeClaimResize: a claim grows only where its storage class lets it.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#persistentvolumeclaimresize
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.core.model.quantity import compare
from sampan.plugins.admission.base import Quiet, forbid
from sampan.plugins.admission.default_classes import OLD_STORAGE, STORAGE_CLASSES

REFUSED: Final = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)

Wire = Mapping[str, Any]


FINALIZERS: Final = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}


class ClaimResize(Quiet):
    name = "PersistentVolumeClaimResize"
    order = 100

    async def validate(self, request: AdmissionRequest) -> None:
        is_change = request.operation == "UPDATE" and request.info.resource == "persistentvolumeclaims"
        if not is_change or request.subresource or request.obj is None or request.old is None:
            return
        if compare(_storage(request.obj), _storage(request.old)) <= 0:
            return
        spec = request.obj.get("spec") or {}
        name = spec.get("storageClassName") or (request.obj["metadata"].get("annotations") or {}).get(OLD_STORAGE)
        found = request.reader.get(STORAGE_CLASSES, "", name) if name else None
        if found is None or not found.get("allowVolumeExpansion"):
            raise forbid(request, REFUSED)


def _storage(claim: Wire) -> Any:
    return (((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}).get("storage", 0)


class StorageObjectInUseProtection(Quiet):
    """What is in use is not gone before it is given up: the finalizers that the protection controllers take again."""

    name = "StorageObjectInUseProtection"
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        finalizer = FINALIZERS.get(request.info.resource)
        if finalizer is None or request.operation != "CREATE" or request.subresource or request.obj is None:
            return
        finalizers = request.obj["metadata"].setdefault("finalizers", [])
        if finalizer not in finalizers:
            finalizers.append(finalizer)
