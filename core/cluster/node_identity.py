"""A joined node's own identity: a client certificate of ``system:node:NAME``, asked for by a CertificateSigningRequest.

The first one takes somebody else's access (an administrator's, or a bootstrap token's); it is renewed in the node's own
name long before it ends. On the event loop.
https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
"""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sampan.core.client.http import HttpClient
from sampan.core.client.protocol import Client
from sampan.core.cluster.identities import NODES, node_user
from sampan.core.errors import ConfigError, SampanError
from sampan.core.kubeconfig import Access, read_access, write_kubeconfig
from sampan.core.loops import Background
from sampan.core.model.certificates_v1.certificate_signing_request import (
    CertificateSigningRequest,
    CertificateSigningRequestSpec,
)
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.clock import Clock

log = logging.getLogger(__name__)

SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
USAGES = ("digital signature", "client auth")
LOOK_EVERY = 0.2
PATIENCE = 60.0
"""Seconds between two looks whether a certificate is there, and until none is expected."""
RENEW_FROM, RENEW_TO = 0.7, 0.9
"""Which part of its life a certificate has had when it is renewed: nodes that were made together do not ask together."""


class NodeIdentity:
    """`load` or `obtain` it, then `rotate`; `stop` ends that. ``file`` is the node's kubeconfig."""

    def __init__(self, file: Path, node: str, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self.user = node_user(node).name
        self._access: Access | None = None
        self._loop = Background()

    @property
    def access(self) -> Access:
        assert self._access is not None, "load or obtain it first"
        return self._access

    def load(self) -> bool:
        """Take what is in the file; ``False`` where that is no certificate of this node that is still good."""
        if not self._file.exists():
            return False
        access = read_access(self._file)
        if _name_in(access.certificate_pem) != self.user or not access.key_pem:
            return False
        if _end_of(access.certificate_pem) <= self._clock.now():
            return False
        self._access = access
        return True

    async def obtain(self, by: Access) -> None:
        """Have a certificate made in the name of whoever ``by`` is. Raises `ConfigError`."""
        client = HttpClient(by, user_agent="kubelet")
        try:
            self._keep(by, await self._certificate(client))
        except ConfigError:
            raise
        except SampanError as exc:
            raise ConfigError(f"{by.server} gives no certificate for {self.user}: {exc}") from exc
        finally:
            await client.close()

    def rotate(self, client: HttpClient) -> None:
        """Renew the certificate when most of its life is over; ``client`` goes on with the new one."""
        self._loop.start(partial(self._renew, client), "renewal of the node's certificate", self._clock.sleep)

    async def stop(self) -> None:
        await self._loop.stop()

    async def _renew(self, client: HttpClient) -> None:
        while (left := (self.renewal - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left, 3600.0))
        self._keep(self.access, await self._certificate(client))
        await client.renew(self.access)
        log.info("the certificate of %s was renewed", self.user)

    @property
    def renewal(self) -> datetime:
        """When to renew: the same moment each time one and the same certificate is asked about."""
        certificate = x509.load_pem_x509_certificate(self.access.certificate_pem.encode())
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        part = random.Random(certificate.serial_number).uniform(RENEW_FROM, RENEW_TO)
        return begins + (ends - begins) * part

    def _keep(self, access: Access, made: tuple[str, str]) -> None:
        certificate, key = made
        self._access = Access(
            name=access.name,
            server=access.server,
            ca_pem=access.ca_pem,
            token="",
            certificate_pem=certificate,
            key_pem=key,
        )
        write_kubeconfig(self._file, self._access)

    async def _certificate(self, client: Client) -> tuple[str, str]:
        """Certificate and key. Raises `ConfigError` where it is refused, or nobody approves or signs it."""
        key = ec.generate_private_key(ec.SECP256R1())
        wanted = CertificateSigningRequest(
            metadata=ObjectMeta(generate_name="node-csr-"),
            spec=CertificateSigningRequestSpec(
                request=_request(key, self.user).encode(), signer_name=SIGNER, usages=USAGES
            ),
        )
        made = await client.create(wanted)
        name = made.metadata.name or ""
        until = self._clock.now() + timedelta(seconds=PATIENCE)
        while self._clock.now() < until:
            present = await client.get(CertificateSigningRequest, "", name)
            if present.status.certificate:
                return present.status.certificate.decode(), _pem_of(key)
            for condition in present.status.conditions:
                if condition.type in ("Denied", "Failed"):
                    said = condition.message or condition.reason or ""
                    raise ConfigError(f"the CertificateSigningRequest {name!r} was {condition.type.lower()}: {said}")
            await self._clock.sleep(LOOK_EVERY)
        raise ConfigError(
            f"nobody approved and signed the CertificateSigningRequest {name!r} in time: look at it with"
            f" `kubectl describe csr {name}`"
        )


def _request(key: ec.EllipticCurvePrivateKey, user: str) -> str:
    subject = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, NODES),
        x509.NameAttribute(NameOID.COMMON_NAME, user),
    ]
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _name_in(pem: str) -> str:
    """The common name; empty for what is no certificate."""
    try:
        subject = x509.load_pem_x509_certificate(pem.encode()).subject
    except ValueError:
        return ""
    return str(next(iter(subject.get_attributes_for_oid(NameOID.COMMON_NAME))).value)


def _end_of(pem: str) -> datetime:
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
