"""Reviews and certificate requests."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sampan.core.model.authorization_v1.subject_access_review import LocalSubjectAccessReview, SelfSubjectAccessReview
from sampan.core.model.authorization_v1.subject_access_review import SubjectAccessReview as Review
from sampan.core.model.builtin import CertificateSigningRequest, TokenRequest
from sampan.core.schema.resource import resource_of
from sampan.core.schema.validate import validate
from tests.support.rules import cells, changes_refused, created, refusals


@cache
def request() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann")])
    signed = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


def spec(**change: Any) -> dict[str, Any]:
    return {"request": request(), "signerName": "example.com/signer", "usages": ["client auth"]} | change


def asked(cls: type, body: dict[str, Any]) -> list[str]:
    return [f"{each.field}: {each.message}" for each in validate(resource_of(cls).struct, body)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"signerName": "kubernetes.io/legacy-unknown", "usages": []}, [
            "spec.usages: Required value",
            'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": '
            "the legacy signerName is not allowed via this API version",
        ]),
        ({"signerName": "signer"}, [
            'spec.signerName: Invalid value: "signer": '
            "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ]),
        ({"expirationSeconds": 599}, [
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
        ]),
        ({"usages": ["client auth", "client auth"]}, ['spec.usages[1]: Duplicate value: "client auth"']),
        ({"request": "aGVsbG8="}, [
            'spec.request: Invalid value: "aGVsbG8=": PEM block type must be CERTIFICATE REQUEST',
        ]),
    ],
)  # fmt: skip
def test_certificate_requests(change: dict[str, Any], expected: list[str]) -> None:
    assert refusals(CertificateSigningRequest, {"spec": spec(**change)}) == expected


def test_only_an_approval_decides() -> None:
    change = {"status": {"conditions": [{"type": "Approved", "status": "True"}]}}
    body = {"spec": spec()}
    assert changes_refused(CertificateSigningRequest, body, change, "approval") == []
    assert changes_refused(CertificateSigningRequest, body, change, "status") == [
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"'
    ]
    both = {"status": {"conditions": [{"type": kind, "status": "True"} for kind in ("Approved", "Denied")]}}
    assert changes_refused(CertificateSigningRequest, body, both, "approval") == [
        'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'
    ]


def test_a_request_shows_how_far_it_is() -> None:
    stored = created(CertificateSigningRequest, {"spec": spec(expirationSeconds=86400)})
    shown = cells(CertificateSigningRequest, stored)
    assert (shown["Condition"], shown["RequestedDuration"]) == ("Pending", "24h")


@pytest.mark.parametrize(
    ("cls", "body", "expected"),
    [
        (Review, {"spec": {"user": "ann", "resourceAttributes": {"verb": "get"}}}, []),
        (Review, {"spec": {}}, [
            "spec.resourceAttributes: Invalid value: null: "
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            'spec.user: Invalid value: "": at least one of user or group must be specified',
        ]),
        (SelfSubjectAccessReview, {"spec": {"nonResourceAttributes": {}, "resourceAttributes": {}}}, [
            'spec.nonResourceAttributes: Invalid value: {"Path":"","Verb":""}: '
            "cannot be specified in combination with resourceAttributes",
        ]),
        (SelfSubjectAccessReview, {"metadata": {"name": "a"}, "spec": {"resourceAttributes": {}}}, [
            'metadata: Invalid value: {"name":"a"}: must be empty',
        ]),
        (
            LocalSubjectAccessReview,
            {"metadata": {"namespace": "a"}, "spec": {"user": "u", "resourceAttributes": {"namespace": "b"}}},
            ['spec.resourceAttributes.namespace: Invalid value: "b": must match metadata.namespace'],
        ),
    ],
)  # fmt: skip
def test_reviews(cls: type, body: dict[str, Any], expected: list[str]) -> None:
    assert asked(cls, body) == expected


@pytest.mark.parametrize(("seconds", "refused"), [(599, True), (600, False), (2**32 + 1, True)])
def test_tokens_live_long_enough(seconds: int, refused: bool) -> None:
    assert bool(asked(TokenRequest, {"spec": {"expirationSeconds": seconds}})) is refused
