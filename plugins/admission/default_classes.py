"""DefaultStorageClass and DefaultIngressClass: who names no class gets the cluster's default, where there is one.

https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass,
https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest, Reader
from sampan.plugins.admission.base import Quiet, forbid

STORAGE_CLASSES: Final = "storageclasses.storage.k8s.io"
INGRESS_CLASSES: Final = "ingressclasses.networking.k8s.io"
STORAGE_DEFAULT: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
INGRESS_DEFAULT: Final = ("ingressclass.kubernetes.io/is-default-class",)
OLD_STORAGE: Final = "volume.beta.kubernetes.io/storage-class"
OLD_INGRESS: Final = "kubernetes.io/ingress.class"

Wire = Mapping[str, Any]


class DefaultStorageClass(Quiet):
    name = "DefaultStorageClass"
    order = 45
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if not _is_new(request, "persistentvolumeclaims") or request.obj is None:
            return
        spec = request.obj.setdefault("spec", {})
        if "storageClassName" in spec or OLD_STORAGE in (request.obj["metadata"].get("annotations") or {}):
            return
        defaults = _defaults(request.reader, STORAGE_CLASSES, STORAGE_DEFAULT)
        if defaults:
            # The newest, and among those of one time the first by name.
            defaults.sort(key=lambda each: str(each["metadata"]["name"]))
            newest = max(defaults, key=lambda each: str(each["metadata"].get("creationTimestamp", "")))
            spec["storageClassName"] = newest["metadata"]["name"]


class DefaultIngressClass(Quiet):
    name = "DefaultIngressClass"
    order = 45
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if not _is_new(request, "ingresses.networking.k8s.io") or request.obj is None:
            return
        spec = request.obj.setdefault("spec", {})
        if "ingressClassName" in spec or OLD_INGRESS in (request.obj["metadata"].get("annotations") or {}):
            return
        defaults = _defaults(request.reader, INGRESS_CLASSES, INGRESS_DEFAULT)
        if len(defaults) > 1:
            raise forbid(request, f"{len(defaults)} default IngressClasses were found, only 1 allowed")
        if defaults:
            spec["ingressClassName"] = defaults[0]["metadata"]["name"]


def _is_new(request: AdmissionRequest, resource: str) -> bool:
    return request.operation == "CREATE" and request.info.resource == resource and not request.subresource


def _defaults(reader: Reader, resource: str, annotations: tuple[str, ...]) -> list[Wire]:
    def is_default(each: Wire) -> bool:
        given = each["metadata"].get("annotations") or {}
        return any(given.get(annotation) == "true" for annotation in annotations)

    return [each for each in reader.list(resource) if is_default(each)]
