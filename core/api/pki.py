"""The cluster's own certificate authorities, the server's certificate, and the one it shows to other API servers.

Made once per data directory, in ``DATA/pki`` with mode 0600, and renewed when the server's certificate is about to end or
does not name an address that it is asked to. Called at start-up, before the server listens; blocking, and quick.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sampan.core.classes import frozen
from sampan.core.config import FrontProxy
from sampan.core.datadir import make_private, write_private

CA_YEARS: Final = 10
LEAF_DAYS: Final = 365
RENEW_DAYS: Final = 30
BACKDATE: Final = timedelta(minutes=5)
"""For clients whose clock is a little behind."""
CA_BACKDATE: Final = timedelta(days=365)
"""For a CA that is made while this machine's clock is ahead: making another would lock out every client of the first."""

EXTENDED_USAGES: Final = {
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}
"""Kubernetes' words for what a key may be used for."""

INTERNAL_NAMES: Final = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@frozen
class Authority:
    """The cluster's CA: signs the server's certificate and those of clients."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return _pem(self.certificate)

    def issue(
        self,
        name: str,
        now: datetime,
        *,
        organizations: Sequence[str] = (),
        hosts: Iterable[str] = (),
    ) -> tuple[str, str]:
        """Certificate and key as PEM: for a server where ``hosts`` (names and addresses) are given, else for a client
        whose user is ``name`` and whose groups are ``organizations``."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = list(hosts)
        usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
        builder = (
            _builder(x509.Name(subject), self.certificate.subject, key, now, timedelta(days=LEAF_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(_alternatives(hosts)), critical=False)
        return _pem(builder.sign(self.key, hashes.SHA256())), _key_pem(key)

    def sign(
        self, request: x509.CertificateSigningRequest, usages: Iterable[str], life: timedelta, now: datetime
    ) -> str:
        """The certificate that ``request`` asks for, as PEM, no longer good than the CA itself."""
        ends = min(now + life, self.certificate.not_valid_after_utc)
        words = set(usages)
        extended = [oid for word, oid in EXTENDED_USAGES.items() if word in words]
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(self.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATE)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False, encipherment="key encipherment" in words), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        with contextlib.suppress(x509.ExtensionNotFound):
            names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            builder = builder.add_extension(names, critical=False)
        return _pem(builder.sign(self.key, hashes.SHA256()))


@frozen
class ServerFiles:
    """Where the server's TLS files are, and the CA as PEM."""

    authority: Authority
    ca_file: Path
    certificate_file: Path
    key_file: Path

    @property
    def ca_pem(self) -> str:
        return self.authority.pem


def make_authority(name: str, now: datetime) -> Authority:
    """``name`` is its common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(subject, subject, key, now, timedelta(days=365 * CA_YEARS), CA_BACKDATE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def server_files(folder: Path, cluster: str, hosts: Iterable[str], now: datetime) -> ServerFiles:
    """The files in ``folder``, made or renewed where need be. ``hosts`` are the names and addresses to answer to."""
    authority = _kept_authority(folder, "ca", f"{cluster}-ca", now)
    wanted = sorted({*hosts, *INTERNAL_NAMES, "127.0.0.1", "::1"})
    files = ServerFiles(authority, folder / "ca.crt", folder / "server.crt", folder / "server.key")
    if not _still_good(files, wanted, now):
        certificate, key = authority.issue("kube-apiserver", now, hosts=wanted)
        write_private(files.key_file, key)
        write_private(files.certificate_file, certificate)
    return files


def front_proxy(folder: Path, cluster: str, now: datetime) -> FrontProxy:
    """The client certificate by which aggregated API servers believe who asks, made or renewed where need be.

    Of a CA of its own: whoever is let in by the cluster's CA must not be able to speak for others.
    """
    authority = _kept_authority(folder, "front-proxy-ca", f"{cluster}-front-proxy-ca", now)
    certificate, key = folder / "front-proxy-client.crt", folder / "front-proxy-client.key"
    made = FrontProxy(ca_pem=authority.pem, certificate_file=certificate, key_file=key)
    if not _matches(authority, certificate, key, now):
        certificate_pem, key_pem = authority.issue(made.name, now)
        write_private(key, key_pem)
        write_private(certificate, certificate_pem)
    return made


def token_key(folder: Path) -> str:
    """The PEM of the key that signs service account tokens, made where there is none yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "sa.key"
    try:
        return file.read_text()
    except FileNotFoundError:
        pem = _key_pem(ec.generate_private_key(ec.SECP256R1()))
        write_private(file, pem)
        return pem


def _kept_authority(folder: Path, stem: str, name: str, now: datetime) -> Authority:
    """The CA in ``STEM.crt`` and ``STEM.key``, made where there is none that is good."""
    make_private(folder)
    authority = _load_authority(folder, stem, now)
    if authority is None:
        authority = make_authority(name, now)
        write_private(folder / f"{stem}.key", _key_pem(authority.key))
        write_private(folder / f"{stem}.crt", authority.pem)
    return authority


def _load_authority(folder: Path, stem: str, now: datetime) -> Authority | None:
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{stem}.crt").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{stem}.key").read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        return None
    return Authority(certificate, key) if _is_in_time(certificate, now) else None


def _still_good(files: ServerFiles, wanted: Sequence[str], now: datetime) -> bool:
    certificate = _matches(files.authority, files.certificate_file, files.key_file, now)
    if certificate is None:
        return False
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return set(_alternatives(wanted)) <= set(names)


def _matches(authority: Authority, certificate_file: Path, key_file: Path, now: datetime) -> x509.Certificate | None:
    """The certificate in the file, where it goes with the key, is of this CA and in time."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        certificate.verify_directly_issued_by(authority.certificate)
    except Exception:  # whatever is wrong with it, a new one is right
        return None
    return certificate if certificate.public_key() == key.public_key() and _is_in_time(certificate, now) else None


def _is_in_time(certificate: x509.Certificate, now: datetime) -> bool:
    """Neither about to end nor, as after a start with the clock ahead, yet to begin."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - timedelta(days=RENEW_DAYS)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
    backdate: timedelta = BACKDATE,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - backdate)
        .not_valid_after(now + life)
    )


def _key_usage(*, ca: bool, encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
