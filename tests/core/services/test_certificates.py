"""Which certificate each host of an Ingress gets, and what is said of Secrets that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from sampan.core.contracts.http_router import Backend, Certificate, Route
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.services.certificates import OwnCertificates, tls_pair
from tests.support.ingresses import (
    AUTHORITY,
    NOW,
    default,
    ingress,
    problems,
    read,
    rule,
    secret,
    service,
    world,
)

INSTEAD = "a certificate of the cluster's own is shown instead"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], f"SecretNotFound: there is no Secret 's' in the namespace 'default': {INSTEAD}"),
        ([secret("s", **{"tls.key": b""})], f"SecretInvalid: the Secret 's' has no tls.key: {INSTEAD}"),
        ([secret("s", **{"tls.crt": b"x"})], f"has a tls.crt that is no certificate in PEM: {INSTEAD}"),
        ([secret("s", **{"tls.key": b"x"})], f"has a tls.key that is no private key in PEM: {INSTEAD}"),
        (
            [secret("s", **{"tls.key": AUTHORITY.issue("o", NOW)[1].encode()})],
            f"has a tls.key that does not belong to its tls.crt: {INSTEAD}",
        ),
        ([secret("s", "b.example")], f"the certificate in the Secret 's' is for b.example, not 'a.example': {INSTEAD}"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_and_not_shown(there: list[Secret], said: str) -> None:
    wanted = ingress("i", rule("a.example", ("/", "Prefix", "a")), tls=[{"hosts": ["a.example"], "secretName": "s"}])
    found = read(wanted, besides=world(service("a"), *there))
    assert [each for each in problems(found) if said in each]
    assert (found.table.certificates, found.secrets) == ((), {("default", "s")})


def test_each_host_gets_the_certificate_of_its_secret() -> None:
    one, many = secret("one", "a.example"), secret("many", "*.b.example", "b.example")
    found = read(
        ingress("x", tls=[{"hosts": ["A.example"], "secretName": "one"}], defaultBackend=default("a")),
        ingress("y", rule("c.b.example"), tls=[{"secretName": "many"}]),
        ingress("z", tls=[{"hosts": ["*.b.example"], "secretName": "many"}], defaultBackend=default("a")),
        besides=world(service("a"), one, many),
    )
    assert problems(found) == []
    shown = {each.host: each.certificate_pem.encode() for each in found.table.certificates}
    assert shown == {
        "a.example": one.data["tls.crt"], "c.b.example": many.data["tls.crt"], "*.b.example": many.data["tls.crt"]
    }  # fmt: skip


def test_the_older_ingress_chooses_the_certificate_of_a_host() -> None:
    entry = [{"hosts": ["a.example"], "secretName": name} for name in ("one", "two")]
    old, new = (ingress(f"i{n}", tls=[each], defaultBackend=default("a")) for n, each in enumerate(entry))
    one = secret("one", "a.example")
    found = read(old, new, besides=world(service("a"), one, secret("two", "a.example")))
    assert [each.certificate_pem.encode() for each in found.table.certificates] == [one.data["tls.crt"]]
    assert problems(found) == [
        "i1 Conflict: an older Ingress has another certificate for the host 'a.example': it is shown"
    ]


def test_hosts_without_a_secret_get_certificates_of_the_clusters_own_until_they_end() -> None:
    asked: list[tuple[str, ...]] = []
    time = [NOW]

    def issue(hosts: Iterable[str]) -> tuple[str, str]:
        asked.append(tuple(hosts))
        return AUTHORITY.issue("own", time[0], hosts=asked[-1])

    own = OwnCertificates(issue, ("localhost", "127.0.0.1"), lambda: time[0])
    given_one = Certificate(host="a.example", certificate_pem="c", key_pem="k")
    routes = [Route(host=host, backend=Backend(name="b")) for host in ("a.example", "*.b.example", "")]
    first = own.besides([given_one], routes)
    assert [each.host for each in first] == ["", "*.b.example", "a.example"]
    assert first[2] is given_one
    assert sorted(asked) == [("*.b.example",), ("localhost", "127.0.0.1")]
    assert own.besides([given_one], routes) == first
    time[0] += timedelta(days=340)
    later = own.besides([given_one], routes)
    assert [old == new for old, new in zip(first, later, strict=True)] == [False, False, True]


def test_a_pair_without_names_is_for_nobody() -> None:
    certificate, key = AUTHORITY.issue("a.example", NOW)
    pair = tls_pair(secret("s", **{"tls.crt": certificate.encode(), "tls.key": key.encode()}))
    assert not isinstance(pair, str)
    assert not pair.is_for("a.example")
    assert "PRIVATE" not in repr(pair)
