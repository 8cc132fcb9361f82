"""CertificateSigningRequest: the wish for a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.certificates_v1.certificate_signing_request import CERTIFICATE_SIGNING_REQUEST_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.certificates_v1.certificate_signing_request import (
    CertificateSigningRequestRules,
    validate_certificate_signing_request,
)


@model
class CertificateSigningRequestSpec:
    """What is to be signed, by whom and for whom. Immutable."""

    request: bytes | None = wire(default=None, required=True, emit="null")
    """The request (PKCS#10) in PEM, as one block ``CERTIFICATE REQUEST``."""
    signer_name: str = wire(required=True, emit="always")
    """Who is to sign, such as ``kubernetes.io/kube-apiserver-client``."""
    expiration_seconds: int | None = wire(default=None, format="int32")
    """How long the certificate should be valid, at least 600 seconds. The signer may shorten it."""
    usages: tuple[str, ...] = wire(
        default=(),
        enum=(
            "any",
            "cert sign",
            "client auth",
            "code signing",
            "content commitment",
            "crl sign",
            "data encipherment",
            "decipher only",
            "digital signature",
            "email protection",
            "encipher only",
            "ipsec end system",
            "ipsec tunnel",
            "ipsec user",
            "key agreement",
            "key encipherment",
            "microsoft sgc",
            "netscape sgc",
            "ocsp signing",
            "s/mime",
            "server auth",
            "signing",
            "timestamping",
        ),
        list_type="atomic",
    )
    """What the key may be used for, such as ``digital signature`` and ``client auth``. Signers allow only some."""
    username: str | None = None
    """Who asked. Set by the server."""
    uid: str | None = None
    """The UID of who asked. Set by the server."""
    groups: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The groups of who asked. Set by the server."""
    extra: Mapping[str, tuple[str, ...]] = EMPTY
    """Further attributes of who asked. Set by the server."""


@model
class CertificateSigningRequestCondition:
    """A decision about the request."""

    type: str = wire(required=True, emit="always")
    """What was decided: ``Approved``, ``Denied`` or ``Failed``."""
    status: str = wire(required=True, emit="always")
    """``True``; only ``Failed`` may be anything else, an approval can never be taken back."""
    reason: str | None = None
    """Why, as one word for programs."""
    message: str | None = None
    """Why, in a sentence for people."""
    last_update_time: datetime | None = wire(default=None, emit="null")
    """When the condition was last written."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""


@model
class CertificateSigningRequestStatus:
    """What was decided, and the certificate."""

    conditions: tuple[CertificateSigningRequestCondition, ...] = wire(default=(), list_type="map", map_keys=("type",))
    """The decisions, one per type. They are written through ``approval``, ``Failed`` through ``status``."""
    certificate: bytes | None = None
    """The certificate with its chain in PEM, once the request is approved and signed. Immutable."""


@kind(
    "certificates.k8s.io/v1",
    plural="certificatesigningrequests",
    short_names=("csr",),
    namespaced=False,
    name_format="path-segment",
    has_status=True,
    subresources=("approval",),
    columns=CERTIFICATE_SIGNING_REQUEST_COLUMNS,
    rules=CertificateSigningRequestRules(),
    selectable_fields=("spec.signerName",),
)
@model
class CertificateSigningRequest(KubeObject):
    """A wish for a certificate: somebody approves it, a signer signs it."""

    spec: CertificateSigningRequestSpec = wire(required=True, emit="always")
    """What is to be signed, by whom and for whom. Immutable."""
    status: CertificateSigningRequestStatus = wire(default=CertificateSigningRequestStatus(), emit="always")
    """What was decided, and the certificate."""


struct_rules(CertificateSigningRequest, whole=True)(validate_certificate_signing_request)
