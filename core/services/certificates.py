"""Certificates for HTTPS: what a Secret holds, whether it can be shown for a host, and the cluster's own for the others.

`tls_pair` is pure. https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets says what such a Secret has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from sampan.core.classes import frozen
from sampan.core.contracts.http_router import Certificate, Route
from sampan.core.model.core_v1.configuration import Secret

CERTIFICATE, KEY = "tls.crt", "tls.key"
RENEW_BEFORE = timedelta(days=30)
REMEMBERED = 1024

Issue = Callable[[Iterable[str]], tuple[str, str]]
"""Names and addresses → certificate and key as PEM, from the cluster's own authority."""


@frozen
class Pair:
    """A certificate and its key, which belong together."""

    certificate_pem: str
    key_pem: str = attrs.field(repr=False)
    names: frozenset[str]
    """DNS names in lower case, wildcards among them."""
    ends: datetime

    def is_for(self, host: str) -> bool:
        """Whether clients that ask for ``host`` (perhaps a wildcard itself) accept it."""
        return host in self.names or (not host.startswith("*.") and f"*.{host.partition('.')[2]}" in self.names)


def tls_pair(secret: Secret) -> Pair | str:
    """What the Secret holds, or in half a sentence why it cannot be used."""
    missing = [key for key in (CERTIFICATE, KEY) if not secret.data.get(key)]
    if missing:
        return f"has no {' and no '.join(missing)}"
    return _read(bytes(secret.data[CERTIFICATE]), bytes(secret.data[KEY]))


@lru_cache(REMEMBERED)
def _read(certificate_pem: bytes, key_pem: bytes) -> Pair | str:
    """Kept, as every look at the Ingresses reads all of them again."""
    try:
        certificate = x509.load_pem_x509_certificates(certificate_pem)[0]
        public = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        names = frozenset(_names(certificate))
    except Exception:  # whatever the parser says of bytes that anybody may have written
        return f"has a {CERTIFICATE} that is no certificate in PEM"
    try:
        key = load_pem_private_key(key_pem, password=None)
        of_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # the same
        return f"has a {KEY} that is no private key in PEM"
    if public != of_key:
        return f"has a {KEY} that does not belong to its {CERTIFICATE}"
    return Pair(certificate_pem.decode(), key_pem.decode(), names, certificate.not_valid_after_utc)


def _names(certificate: x509.Certificate) -> Iterator[str]:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return  # clients have not looked at the common name for years
    yield from (name.lower() for name in alternatives.get_values_for_type(x509.DNSName))


class OwnCertificates:
    """The cluster's own, one for each host that no Secret has one for; made once, and again before they end."""

    def __init__(self, issue: Issue, here: Iterable[str], now: Callable[[], datetime]) -> None:
        """``here``: the names and addresses of this machine, which clients use where no host is named."""
        self._issue = issue
        self._here = tuple(here)
        self._now = now
        self._made: dict[str, tuple[Certificate, datetime]] = {}

    def besides(self, given: Iterable[Certificate], routes: Iterable[Route]) -> tuple[Certificate, ...]:
        """``given``, and one for each other host of ``routes``. Sorted by host."""
        complete = {each.host: each for each in given}
        hosts = {route.host for route in routes} | {""}
        self._made = {host: made for host, made in self._made.items() if host in hosts}
        for host in hosts - complete.keys():
            complete[host] = self._of(host)
        return tuple(complete[host] for host in sorted(complete))

    def _of(self, host: str) -> Certificate:
        made = self._made.get(host)
        if made is None or made[1] < self._now() + RENEW_BEFORE:
            certificate, key = self._issue((host,) if host else self._here)
            ends = x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
            made = self._made[host] = (Certificate(host=host, certificate_pem=certificate, key_pem=key), ends)
        return made[0]
