"""Certificate signing requests: asked for, approved, signed, and used to log in."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sampan.core.api.pki import make_authority
from sampan.core.api.server import ApiServer
from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.model.certificates_v1.certificate_signing_request import CertificateSigningRequest
from sampan.core.schema.codec import from_wire
from sampan.core.testing.state import State
from sampan.plugins.auth.rbac.notation import on, user
from sampan.plugins.certificates.signer import SigningController
from tests.core.api.test_rbac import As, give
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
CLIENT = "kubernetes.io/kube-apiserver-client"
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def request_pem(name: str, *organizations: str) -> str:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name)])
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def body(name: str, *organizations: str, signer: str = CLIENT, **more: Any) -> dict[str, Any]:
    spec = {"request": request_pem(name, *organizations), "signerName": signer, "usages": ["client auth"], **more}
    return {"metadata": {"name": "csr"}, "spec": spec}


APPROVED = {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "Fine", "message": ""}]}}
MERGE = "application/merge-patch+json"


async def test_the_requester_is_who_asks(server: ApiServer, api: AsgiClient) -> None:
    await give(api, "asker", [user("jane")], on("create", "certificates.k8s.io", "certificatesigningrequests"))
    answer = await As(server, "jane", "crew").request("POST", REQUESTS, body("jane", username="root", groups=["x"]))
    spec = answer.json["spec"]
    assert (answer.code, spec["username"], spec["groups"]) == (201, "jane", ["crew", "system:authenticated"])


async def test_nobody_owns_a_part_of_a_request(api: AsgiClient) -> None:
    made = await api.post(REQUESTS, body("jane"))
    assert "managedFields" not in made.json["metadata"]
    decided = await api.patch(f"{REQUESTS}/csr/approval", APPROVED)
    assert (decided.code, "managedFields" in decided.json["metadata"]) == (200, False)


async def test_nobody_asks_for_all_rights(api: AsgiClient) -> None:
    answer = await api.post(REQUESTS, body("me", "system:masters"))
    assert (answer.code, "system:masters group is not allowed" in answer.json["message"]) == (403, True)


async def test_approving_and_signing_take_a_right_to_the_signer(server: ApiServer, api: AsgiClient) -> None:
    await api.post(REQUESTS, body("jane"))
    group = "certificates.k8s.io"
    kinds = "certificatesigningrequests/approval certificatesigningrequests/status"
    await give(api, "helper", [user("joe")], on("patch", group, kinds))
    joe = As(server, "joe")
    answer = await joe.request("PATCH", f"{REQUESTS}/csr/approval", APPROVED, MERGE)
    assert f'user not permitted to approve requests with signerName "{CLIENT}"' in answer.json["message"]
    signed = {"status": {"certificate": base64.b64encode(AUTHORITY.pem.encode()).decode()}}
    assert (await joe.request("PATCH", f"{REQUESTS}/csr/status", signed, MERGE)).code == 403
    await give(api, "approver", [user("joe")], on("approve", group, "signers", "kubernetes.io/*"))
    assert (await joe.request("PATCH", f"{REQUESTS}/csr/approval", APPROVED, MERGE)).code == 200


AUTHORITY = make_authority("test", NOW)


def decide(wanted: dict[str, Any], *conditions: str) -> Plan:
    status = {"conditions": [{"type": each, "status": "True"} for each in conditions]}
    request = from_wire(CertificateSigningRequest, wanted | {"status": status})
    return SigningController(AUTHORITY.sign).reconcile(Key("", "csr"), State(request), NOW)


def status_of(plan: Plan) -> dict[str, Any]:
    [action] = plan.actions
    assert isinstance(action, Patch)
    status: dict[str, Any] = dict(action.patch["status"])
    return status


def test_what_was_approved_is_signed() -> None:
    status = status_of(decide(body("jane", "crew", expirationSeconds=3600), "Approved"))
    certificate = x509.load_pem_x509_certificate(base64.b64decode(status["certificate"]))
    certificate.verify_directly_issued_by(AUTHORITY.certificate)
    assert certificate.subject.rfc4514_string() == "CN=jane,O=crew"
    assert (certificate.not_valid_after_utc - NOW).total_seconds() == 3600
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("wanted", "conditions"),
    [
        (body("jane"), []),
        (body("jane"), ["Denied"]),
        (body("jane"), ["Approved", "Failed"]),
        (body("jane", signer="example.com/mine"), ["Approved"]),
    ],
)
def test_what_is_left_alone(wanted: dict[str, Any], conditions: list[str]) -> None:
    assert decide(wanted, *conditions) == NOTHING


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (body("jane", usages=["server auth"]), 'usages did not include "client auth"'),
        (body("jane", usages=["client auth", "cert sign"]), "usages included cert sign"),
        (body("jane", signer=f"{CLIENT}-kubelet"), "subject organization is not system:nodes"),
        (body("jane", "system:nodes", signer=f"{CLIENT}-kubelet"), "common name does not begin with system:node:"),
        (body("system:node:n", "system:nodes", signer="kubernetes.io/kubelet-serving"), "subjectAltName is required"),
    ],
)
def test_what_a_signer_does_not_sign_has_failed(wanted: dict[str, Any], said: str) -> None:
    failed = status_of(decide(wanted, "Approved"))["conditions"][-1]
    assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
    assert said in failed["message"]
