"""Which certificate requests are approved without anybody, and when requests go."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sampan.core.api.pki import make_authority
from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import NOTHING, Delete, ExpectAnswer, Patch, Plan
from sampan.core.model.authorization_v1.subject_access_review import SubjectAccessReview, SubjectAccessReviewStatus
from sampan.core.model.certificates_v1.certificate_signing_request import CertificateSigningRequest
from sampan.core.schema.codec import from_wire
from sampan.core.testing.state import State
from sampan.plugins.certificates.approver import ApprovingController
from sampan.plugins.certificates.cleaner import CleaningController
from tests.core.api.test_certificates import request_pem

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY = Key("", "csr")
KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"
USAGES = ["digital signature", "client auth"]


def request(status: dict[str, Any] | None = None, **spec: Any) -> CertificateSigningRequest:
    wanted = {
        "request": request_pem("system:node:n", "system:nodes"),
        "signerName": KUBELET,
        "usages": USAGES,
        "username": "system:bootstrap:abcdef",
        "groups": ["system:bootstrappers"],
        **spec,
    }
    meta = {"name": "csr", "uid": "u", "resourceVersion": "7", "creationTimestamp": "2030-01-01T00:00:00Z"}
    return from_wire(CertificateSigningRequest, {"metadata": meta, "spec": wanted, "status": status or {}})


def approval(made: CertificateSigningRequest) -> Plan:
    plan = ApprovingController().reconcile(KEY, State(made), NOW)
    assert isinstance(plan, Plan)
    return plan


@pytest.mark.parametrize(
    ("asker", "right"), [("system:bootstrap:abcdef", "nodeclient"), ("system:node:n", "selfnodeclient")]
)
def test_a_node_is_approved_by_a_right_of_who_asks(asker: str, right: str) -> None:
    may, approve = approval(request(username=asker)).actions
    assert isinstance(may, ExpectAnswer)
    assert isinstance(may.review, SubjectAccessReview)
    asked = may.review.spec.resource_attributes
    assert asked is not None
    assert (may.review.spec.user, may.review.spec.groups) == (asker, ("system:bootstrappers",))
    assert (asked.verb, asked.resource, asked.subresource) == ("create", "certificatesigningrequests", right)
    for allowed in (True, False):
        answer = SubjectAccessReview(spec=may.review.spec, status=SubjectAccessReviewStatus(allowed=allowed))
        assert may.holds(answer) is allowed
    assert isinstance(approve, Patch)
    assert approve.subresource == "approval"
    [condition] = approve.patch["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("Approved", "AutoApproved")


@pytest.mark.parametrize(
    "made",
    [
        request(signerName="kubernetes.io/kube-apiserver-client"),
        request(request=request_pem("system:node:n", "system:masters")),
        request(request=request_pem("jane", "system:nodes")),
        request(request=request_pem("system:node:n", "system:nodes", "system:masters")),
        request(usages=[*USAGES, "server auth"]),
        request(request=base64.b64encode(b"nonsense").decode()),
        request({"conditions": [{"type": "Denied", "status": "True"}]}),
        request({"conditions": [{"type": "Approved", "status": "True"}]}),
    ],
)
def test_anything_else_is_for_people(made: CertificateSigningRequest) -> None:
    assert approval(made) == NOTHING


def decided(type: str, certificate: bytes = b"") -> CertificateSigningRequest:
    condition = {"type": type, "status": "True", "lastUpdateTime": "2030-01-01T00:00:00Z"}
    status: dict[str, Any] = {"conditions": [condition]}
    if certificate:
        status["certificate"] = base64.b64encode(certificate).decode()
    return request(status)


def certificate(life: timedelta) -> bytes:
    from cryptography import x509

    authority = make_authority("c", NOW)
    wanted = x509.load_pem_x509_csr(base64.b64decode(request_pem("system:node:n", "system:nodes")))
    return authority.sign(wanted, USAGES, life, NOW).encode()


@pytest.mark.parametrize(
    ("made", "stays"),
    [
        (request(), timedelta(hours=24)),
        (decided("Denied"), timedelta(hours=1)),
        (decided("Failed"), timedelta(hours=1)),
        (decided("Approved", certificate(timedelta(days=1))), timedelta(hours=1)),
        (decided("Approved", certificate(timedelta(minutes=10))), timedelta(minutes=10)),
    ],
)
def test_requests_go_when_they_are_of_no_use(made: CertificateSigningRequest, stays: timedelta) -> None:
    cleaner = CleaningController()
    plan = cleaner.reconcile(KEY, State(made), NOW)
    assert plan.requeue_after == stays.total_seconds() + 1
    late = cleaner.reconcile(KEY, State(made), NOW + stays)
    assert late.actions == (Delete(kind=CertificateSigningRequest, namespace="", name="csr", uid="u"),)


def test_what_is_approved_waits_for_its_signer() -> None:
    plan = CleaningController().reconcile(KEY, State(decided("Approved")), NOW + timedelta(days=30))
    assert plan == NOTHING
