"""Who asks for a certificate is written into the request; approving and signing take rights of their own.

Kubernetes' plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction in one. On the API server's
loop.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from sampan.core.classes import define
from sampan.core.contracts.access import SYSTEM_MASTERS, AdmissionRequest, Attributes, Decider
from sampan.plugins.admission.base import forbid

RESOURCE: Final = "certificatesigningrequests.certificates.k8s.io"
GROUP: Final = "certificates.k8s.io"
FOR_CLIENTS: Final = "kubernetes.io/kube-apiserver-client"

Wire = Mapping[str, Any]


@define
class CertificateGuard:
    authorizer: Decider
    name: str = "CertificateApproval"
    order: int = 90
    exact: bool = True

    async def mutate(self, request: AdmissionRequest) -> None:
        """The requester is who asks, whatever the request says of it."""
        if request.info.resource != RESOURCE or request.operation != "CREATE" or request.obj is None:
            return
        user = request.user
        spec = request.obj.setdefault("spec", {})
        for field in ("username", "uid", "groups", "extra"):
            spec.pop(field, None)
        spec["username"] = user.name
        if user.uid:
            spec["uid"] = user.uid
        if user.groups:
            spec["groups"] = list(user.groups)
        if user.extra:
            spec["extra"] = {key: list(values) for key, values in user.extra.items()}

    async def validate(self, request: AdmissionRequest) -> None:
        if request.info.resource != RESOURCE or request.obj is None:
            return
        signer = (request.obj.get("spec") or {}).get("signerName", "")
        if request.operation == "CREATE" and not request.subresource:
            if signer == FOR_CLIENTS and SYSTEM_MASTERS in organizations(request.obj):
                raise forbid(request, f"use of {FOR_CLIENTS} signer with {SYSTEM_MASTERS} group is not allowed")
        elif request.subresource == "approval":
            await self._check(request, "approve", signer)
        elif request.subresource == "status" and _signs(request.obj, request.old or {}):
            await self._check(request, "sign", signer)

    async def _check(self, request: AdmissionRequest, verb: str, signer: str) -> None:
        """A right to the signer, or to all of its domain (``example.com/*``)."""
        for name in (signer, f"{signer.partition('/')[0]}/*"):
            asked = Attributes(user=request.user, verb=verb, group=GROUP, version="v1", resource="signers", name=name)
            if (await self.authorizer.authorize(asked)).verdict == "allow":
                return
        raise forbid(request, f'user not permitted to {verb} requests with signerName "{signer}"')


def _signs(new: Wire, old: Wire) -> bool:
    """Whether a certificate is put in, or failing is told."""
    after, before = new.get("status") or {}, old.get("status") or {}
    return after.get("certificate") != before.get("certificate") or after.get("conditions") != before.get("conditions")


def organizations(obj: Wire) -> list[str]:
    """The groups that the wanted certificate would give; none where the request cannot be read."""
    try:
        pem = base64.b64decode((obj.get("spec") or {}).get("request") or "")
        subject = x509.load_pem_x509_csr(pem).subject
    except ValueError:
        return []
    return [str(each.value) for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
