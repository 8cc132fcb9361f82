"""The controller that signs approved requests to Kubernetes' own signers with the cluster's CA.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers. A request that
its signer does not sign is told to have failed, once.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from sampan.core.config import Sign
from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.model.certificates_v1.certificate_signing_request import CertificateSigningRequest

PREFIX: Final = "kubernetes.io/"
CLIENT: Final = f"{PREFIX}kube-apiserver-client"
KUBELET_CLIENT: Final = f"{PREFIX}kube-apiserver-client-kubelet"
KUBELET_SERVING: Final = f"{PREFIX}kubelet-serving"
LEGACY: Final = f"{PREFIX}legacy-unknown"
NODES: Final = "system:nodes"
NODE: Final = "system:node:"
LONGEST: Final = timedelta(days=365)
CLIENT_USAGES: Final = frozenset({"digital signature", "key encipherment", "client auth"})
SERVER_USAGES: Final = frozenset({"digital signature", "key encipherment", "server auth"})


class SigningController:
    """``sign`` is the cluster's CA; without one (an API server alone) nothing is signed."""

    name = "certificatesigningrequest-signing-controller"
    watches: Sequence[Watch] = (Watch(kind=CertificateSigningRequest, keys=own_key),)

    def __init__(self, sign: Sign | None) -> None:
        self._sign = sign

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        wanted = state.get(CertificateSigningRequest, "", key.name)
        if wanted is None or self._sign is None or wanted.status.certificate:
            return NOTHING
        types = {condition.type for condition in wanted.status.conditions if condition.status == "True"}
        check = CHECKS.get(wanted.spec.signer_name)
        if check is None or "Approved" not in types or types & {"Denied", "Failed"}:
            return NOTHING
        try:
            request = x509.load_pem_x509_csr(wanted.spec.request or b"")
        except ValueError as exc:
            return self._fail(wanted, f"unable to parse csr: {exc}")
        if problem := check(wanted, request):
            return self._fail(wanted, problem)
        seconds = wanted.spec.expiration_seconds
        life = min(timedelta(seconds=seconds), LONGEST) if seconds else LONGEST
        pem = self._sign(request, wanted.spec.usages, life, now)
        return _patch(wanted, {"certificate": base64.b64encode(pem.encode()).decode()})

    def _fail(self, wanted: CertificateSigningRequest, problem: str) -> Plan:
        failed = {"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": problem}
        present = [
            {"type": each.type, "status": each.status, "reason": each.reason, "message": each.message}
            for each in wanted.status.conditions
        ]
        return _patch(wanted, {"conditions": [*present, failed]})


def _patch(wanted: CertificateSigningRequest, status: dict[str, Any]) -> Plan:
    name = wanted.metadata.name or ""
    patch = {"status": status}
    return Plan(
        actions=(
            Patch(
                kind=CertificateSigningRequest, namespace="", name=name, patch=patch, type="merge", subresource="status"
            ),
        )
    )


Check = Callable[[CertificateSigningRequest, x509.CertificateSigningRequest], str]
"""What keeps the signer from signing; empty for nothing."""


def _client(wanted: CertificateSigningRequest, request: x509.CertificateSigningRequest) -> str:
    if "client auth" not in wanted.spec.usages:
        return 'usages did not include "client auth"'
    extra = sorted(set(wanted.spec.usages) - CLIENT_USAGES)
    return f"usages included {', '.join(extra)}, which this signer does not sign" if extra else ""


def kubelet_client(wanted: CertificateSigningRequest, request: x509.CertificateSigningRequest) -> str:
    """Of a node's agent, for itself."""
    if problem := _of_node(request):
        return problem
    if _alternatives(request):
        return "subjectAltNames are not allowed"
    return _client(wanted, request)


def _kubelet_serving(wanted: CertificateSigningRequest, request: x509.CertificateSigningRequest) -> str:
    if problem := _of_node(request):
        return problem
    names = _alternatives(request)
    if not any(isinstance(each, x509.DNSName | x509.IPAddress) for each in names):
        return "at least one DNS or IP subjectAltName is required"
    if not set(wanted.spec.usages) <= SERVER_USAGES or "server auth" not in wanted.spec.usages:
        return f"usages must be among {', '.join(sorted(SERVER_USAGES))}"
    name = _attributes(request, NameOID.COMMON_NAME)[0]
    return "" if wanted.spec.username == name else "requested common name is not the requester's"


def _of_node(request: x509.CertificateSigningRequest) -> str:
    if _attributes(request, NameOID.ORGANIZATION_NAME) != [NODES]:
        return f"subject organization is not {NODES}"
    names = _attributes(request, NameOID.COMMON_NAME)
    if len(names) != 1 or not names[0].startswith(NODE):
        return f"subject common name does not begin with {NODE}"
    return ""


def _attributes(request: x509.CertificateSigningRequest, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(each.value) for each in request.subject.get_attributes_for_oid(oid)]


def _alternatives(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _anything(wanted: CertificateSigningRequest, request: x509.CertificateSigningRequest) -> str:
    return ""


CHECKS: Final[dict[str, Check]] = {
    CLIENT: _client,
    KUBELET_CLIENT: kubelet_client,
    KUBELET_SERVING: _kubelet_serving,
    LEGACY: _anything,
}
