"""Certificate signing requests: who may approve and sign them, and the signers that Kubernetes has itself.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
"""

from __future__ import annotations

from sampan.core.registry import Registry
from sampan.plugins.certificates.admission import CertificateGuard
from sampan.plugins.certificates.approver import ApprovingController
from sampan.plugins.certificates.cleaner import CleaningController
from sampan.plugins.certificates.signer import SigningController


def register(registry: Registry) -> None:
    registry.admission("CertificateApproval", lambda context: CertificateGuard(context.authorizer))
    registry.controller(SigningController.name, lambda context: SigningController(context.sign))
    registry.controller(ApprovingController.name, lambda context: ApprovingController())
    registry.controller(CleaningController.name, lambda context: CleaningController())
