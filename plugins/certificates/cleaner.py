"""The controller that takes certificate signing requests away when nobody needs them any more.

What was decided stays for an hour, what nobody decides for a day, and a certificate's request no longer than it itself is
good. https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#request-signing-process
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Delete, Plan
from sampan.core.model.certificates_v1.certificate_signing_request import CertificateSigningRequest

AFTER_DECISION: Final = timedelta(hours=1)
WITHOUT_DECISION: Final = timedelta(hours=24)


class CleaningController:
    name = "certificatesigningrequest-cleaner-controller"
    watches: Sequence[Watch] = (Watch(kind=CertificateSigningRequest, keys=own_key),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        request = state.get(CertificateSigningRequest, "", key.name)
        if request is None:
            return NOTHING
        ends = min(_ends(request), default=None)
        if ends is None:
            return NOTHING
        if now < ends:
            return Plan(requeue_after=(ends - now).total_seconds() + 1)
        gone = Delete(kind=CertificateSigningRequest, namespace="", name=key.name, uid=request.metadata.uid)
        return Plan(actions=(gone,))


def _ends(request: CertificateSigningRequest) -> Iterable[datetime]:
    """Each moment from which on the request is not needed. One that is approved waits for its signer."""
    created = request.metadata.creation_timestamp
    if not request.status.conditions and created is not None:
        yield created + WITHOUT_DECISION
    certificate = request.status.certificate
    for condition in request.status.conditions:
        done = condition.type in ("Denied", "Failed") or (condition.type == "Approved" and certificate)
        if done and condition.last_update_time is not None:
            yield condition.last_update_time + AFTER_DECISION
    if certificate and (last := _last_moment(certificate)) is not None:
        yield last


def _last_moment(pem: bytes) -> datetime | None:
    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc.astimezone(UTC)
    except ValueError:
        return None
