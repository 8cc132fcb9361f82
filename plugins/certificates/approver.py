"""The controller that approves the certificates of node agents by itself, where their askers have the right to them.

A node's first certificate takes the right to create ``certificatesigningrequests/nodeclient``, its next one, asked for
with the one before, that to ``…/selfnodeclient``. https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, ExpectAnswer, Patch, Plan
from sampan.core.model.authorization_v1.attributes import ResourceAttributes
from sampan.core.model.authorization_v1.subject_access_review import SubjectAccessReview, SubjectAccessReviewSpec
from sampan.core.model.certificates_v1.certificate_signing_request import CertificateSigningRequest
from sampan.plugins.certificates.signer import KUBELET_CLIENT, kubelet_client

FIRST: Final = ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.")
NEXT: Final = ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview.")
"""The right that is asked for, and what an approval says."""


class ApprovingController:
    name = "certificatesigningrequest-approving-controller"
    watches: Sequence[Watch] = (Watch(kind=CertificateSigningRequest, keys=own_key),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        wanted = state.get(CertificateSigningRequest, "", key.name)
        if wanted is None or wanted.status.certificate or wanted.spec.signer_name != KUBELET_CLIENT:
            return NOTHING
        if any(each.type in ("Approved", "Denied") for each in wanted.status.conditions):
            return NOTHING
        try:
            request = x509.load_pem_x509_csr(wanted.spec.request or b"")
        except ValueError:
            return NOTHING
        if kubelet_client(wanted, request):
            return NOTHING
        name = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        right, message = NEXT if wanted.spec.username == name else FIRST
        return Plan(actions=(may(wanted, right), _approve(wanted, message)))


def may(wanted: CertificateSigningRequest, right: str) -> ExpectAnswer:
    """Whether who asks has the right to such a certificate."""
    spec = wanted.spec
    attributes = ResourceAttributes(
        group="certificates.k8s.io",
        resource="certificatesigningrequests",
        verb="create",
        subresource=right,
        version="*",
    )
    review = SubjectAccessReview(
        spec=SubjectAccessReviewSpec(
            user=spec.username, uid=spec.uid, groups=spec.groups, extra=spec.extra, resource_attributes=attributes
        )
    )
    return ExpectAnswer(review=review, holds=_is_allowed)


def _is_allowed(review: SubjectAccessReview) -> bool:
    return review.status.allowed


def _approve(wanted: CertificateSigningRequest, message: str) -> Patch:
    approved = {"type": "Approved", "status": "True", "reason": "AutoApproved", "message": message}
    present = [
        {"type": each.type, "status": each.status, "reason": each.reason, "message": each.message}
        for each in wanted.status.conditions
    ]
    version = {"resourceVersion": wanted.metadata.resource_version}
    return Patch(
        kind=CertificateSigningRequest,
        namespace="",
        name=wanted.metadata.name or "",
        patch={"metadata": version, "status": {"conditions": [*present, approved]}},
        subresource="approval",
    )
