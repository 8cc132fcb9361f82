"""What Ingresses mean: which request goes where, and what is said of those that cannot be served."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.api.pki import make_authority
from sampan.core.contracts.http_router import Backend, Certificate, Route, RouteTable, plain_host, plain_path
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.networking_v1.ingress import Ingress
from sampan.core.model.networking_v1.ingress_class import IngressClass
from sampan.core.schema.codec import from_wire
from sampan.core.services.certificates import OwnCertificates, tls_pair
from sampan.core.services.ingresses import CONTROLLER, Routing, World, routing, served

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORITY = make_authority("test", NOW)


def rule(host: str, *paths: tuple[str, str, str]) -> dict[str, Any]:
    """Paths as (path, type, service)."""
    found = [
        {"path": path, "pathType": sort, "backend": {"service": {"name": name, "port": {"number": 80}}}}
        for path, sort, name in paths
    ]
    return {"http": {"paths": found}} | ({"host": host} if host else {})


def default(name: str) -> dict[str, Any]:
    return {"service": {"name": name, "port": {"number": 80}}}


def ingress(name: str, *rules: dict[str, Any], second: int = 0, **spec: Any) -> Ingress:
    return from_wire(Ingress, {
        "metadata": {"name": name, "namespace": "default", "creationTimestamp": f"2026-01-01T00:00:{second:02}Z"},
        "spec": {"rules": list(rules), **spec},
    })  # fmt: skip


def service(name: str, **spec: Any) -> Service:
    ports = [{"name": "http", "port": 80, "targetPort": 8000}]
    return from_wire(Service, {"metadata": {"name": name, "namespace": "default"}, "spec": {"ports": ports, **spec}})


def slice_of(name: str, *addresses: str) -> EndpointSlice:
    return from_wire(EndpointSlice, {
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "ports": [{"name": "http", "port": 8000, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
    })  # fmt: skip


def secret(name: str, *hosts: str, **data: bytes) -> Secret:
    certificate, key = AUTHORITY.issue("s", NOW, hosts=hosts or ["a.example"])
    found = {"tls.crt": certificate.encode(), "tls.key": key.encode()} | data
    made = from_wire(Secret, {"metadata": {"name": name, "namespace": "default"}})
    return type(made)(metadata=made.metadata, data={key: value for key, value in found.items() if value})


def world(*objects: Service | EndpointSlice | Secret) -> World:
    def some(kind: type[Any]) -> dict[tuple[str, str], Any]:
        return {each.key: each for each in objects if isinstance(each, kind)}

    slices = some(EndpointSlice)
    return World(
        service=lambda *key: some(Service).get(key),
        slices=lambda *key: [slices[key]] if key in slices else [],
        secret=lambda *key: some(Secret).get(key),
    )


SERVICES = "abcdefgh"
ALL = world(*map(service, SERVICES), *(slice_of(name, f"10.0.0.{n}") for n, name in enumerate(SERVICES, 1)))


def read(*ingresses: Ingress, besides: World = ALL) -> Routing:
    return routing(ingresses, besides)


def to(table: RouteTable, host: str, path: str) -> str:
    """The name of the service that a request gets to."""
    route = table.find(host, path)
    return route.backend.name.removeprefix("default/").partition(":")[0] if route else ""


def problems(found: Routing) -> list[str]:
    return [f"{each.ingress[1]} {each.reason}: {each.message}" for each in found.problems]


@pytest.mark.parametrize(
    ("sort", "path", "request_path", "fits"),
    [
        # https://kubernetes.io/docs/concepts/services-networking/ingress/#examples, row by row
        ("Prefix", "/", "/any/thing", True),
        ("Exact", "/foo", "/foo", True),
        ("Exact", "/foo", "/bar", False),
        ("Exact", "/foo", "/foo/", False),
        ("Exact", "/foo/", "/foo", False),
        ("Prefix", "/foo", "/foo", True),
        ("Prefix", "/foo", "/foo/", True),
        ("Prefix", "/foo/", "/foo", True),
        ("Prefix", "/foo/", "/foo/", True),
        ("Prefix", "/aaa/bb", "/aaa/bbb", False),
        ("Prefix", "/aaa/bbb", "/aaa/bbb", True),
        ("Prefix", "/aaa/bbb/", "/aaa/bbb", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbbxyz", False),
        # and what its words say besides
        ("Prefix", "/foo", "/Foo", False),
        ("Exact", "/foo", "/FOO", False),
        ("ImplementationSpecific", "/foo", "/foo/bar", True),
        ("ImplementationSpecific", "", "/any", True),
        # other spellings of a path are that path
        ("Prefix", "/foo", "//foo/./bar", True),
        ("Prefix", "/foo", "/%66oo/bar", True),
        ("Prefix", "/foo", "/foo/../bar", False),
        ("Prefix", "/foo", "/bar/..%2ffoo", True),
    ],
)
def test_a_path_is_compared_as_its_type_says(sort: str, path: str, request_path: str, fits: bool) -> None:
    found = read(ingress("i", rule("x.example", (path, sort, "a"))))
    assert to(found.table, "x.example", request_path) == ("a" if fits else "")


@pytest.mark.parametrize(
    ("host", "path", "name"),
    [
        ("foo.example", "/", "a"),
        ("foo.example", "/long", "b"),
        ("foo.example", "/long/er", "c"),
        ("foo.example", "/long/er/still", "b"),
        ("FOO.example:8080", "/long/x", "b"),
        ("bar.foo.example", "/x", "d"),
        ("baz.bar.foo.example", "/x", ""),
        ("exact.foo.example", "/x", "d"),
        ("exact.foo.example", "/own", "e"),
        ("other.example", "/any", "f"),
        ("other.example", "/", ""),
        ("127.0.0.1:8080", "/any", "f"),
    ],
)
def test_the_closest_host_and_the_longest_path_count(host: str, path: str, name: str) -> None:
    found = read(
        ingress("first", rule("", ("/any", "Prefix", "f")), rule("*.foo.example", ("/", "Prefix", "d"))),
        ingress(
            "second",
            rule("foo.example", ("/", "Prefix", "a"), ("/long", "Prefix", "b"), ("/long/er", "Exact", "c")),
            rule("exact.foo.example", ("/own", "Prefix", "e")),
        ),
    )
    assert to(found.table, host, path) == name
    assert not found.problems


def test_an_exact_path_goes_before_the_same_prefix() -> None:
    found = read(ingress("i", rule("x.example", ("/foo", "Prefix", "a"), ("/foo", "Exact", "b"))))
    assert (to(found.table, "x.example", "/foo"), to(found.table, "x.example", "/foo/x")) == ("b", "a")


def test_what_no_rule_fits_goes_to_a_default_backend() -> None:
    found = read(
        ingress("old", rule("a.example", ("/a", "Prefix", "a")), defaultBackend=default("d"), second=1),
        ingress("new", {"host": "b.example"}, defaultBackend=default("e"), second=2),
    )
    there = {request: to(found.table, *request) for request in
             [("a.example", "/a"), ("a.example", "/x"), ("b.example", "/x"), ("c.example", "/")]}  # fmt: skip
    assert list(there.values()) == ["a", "d", "e", "d"]


def test_of_two_rules_that_are_the_same_the_older_counts_and_the_other_is_told() -> None:
    old = ingress("z-old", rule("x.example", ("/p", "Prefix", "a")), second=1)
    new = ingress("a-new", rule("x.example", ("/p/", "ImplementationSpecific", "b"), ("/q", "Exact", "c")), second=2)
    classes = [from_wire(IngressClass, {"metadata": {"name": "sampan"}, "spec": {"controller": CONTROLLER}})]
    named = [from_wire(Ingress, to_ingress(each, "sampan")) for each in (new, old)]
    found = read(*served(named, classes))
    assert (to(found.table, "x.example", "/p"), to(found.table, "x.example", "/q")) == ("a", "c")
    assert problems(found) == [
        "a-new Conflict: the Ingress default/z-old, which is older, has host 'x.example' and path '/p' already:"
        " its rule counts"
    ]


def to_ingress(each: Ingress, class_name: str) -> dict[str, Any]:
    from sampan.core.schema.codec import to_wire

    wire = to_wire(each)
    wire["spec"]["ingressClassName"] = class_name
    return wire


@pytest.mark.parametrize(
    ("spec", "annotations", "is_default", "ours"),
    [
        ({"ingressClassName": "mine"}, {}, False, True),
        ({"ingressClassName": "theirs"}, {}, True, False),
        ({"ingressClassName": "gone"}, {}, True, False),
        ({}, {}, False, False),
        ({}, {}, True, True),
        ({}, {"kubernetes.io/ingress.class": "mine"}, False, True),
        ({}, {"kubernetes.io/ingress.class": "theirs"}, True, False),
    ],
)
def test_which_ingresses_are_served(
    spec: dict[str, str], annotations: dict[str, str], is_default: bool, ours: bool
) -> None:
    mark = {"ingressclass.kubernetes.io/is-default-class": str(is_default).lower()}
    classes = [
        from_wire(
            IngressClass, {"metadata": {"name": "mine", "annotations": mark}, "spec": {"controller": CONTROLLER}}
        ),
        from_wire(IngressClass, {"metadata": {"name": "theirs"}, "spec": {"controller": "example.com/other"}}),
    ]
    meta = {"name": "i", "namespace": "default", "annotations": annotations}
    assert bool(served([from_wire(Ingress, {"metadata": meta, "spec": spec})], classes)) is ours


def one_to(service_name: str, **port: Any) -> Ingress:
    backend = {"service": {"name": service_name, "port": port or {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return ingress("i", {"http": {"paths": [path]}})


def endpoints(found: Routing) -> tuple[str, ...]:
    route = found.table.find("any", "/")
    assert route is not None
    return route.backend.endpoints


@pytest.mark.parametrize("port", [{"number": 80}, {"name": "http"}])
def test_a_port_is_named_or_numbered_as_in_the_service(port: dict[str, Any]) -> None:
    there = world(service("a", clusterIP="10.0.0.9"), slice_of("a", "10.0.0.2", "10.0.0.1"))
    found = read(one_to("a", **port), besides=there)
    assert endpoints(found) == ("10.0.0.9:80",)
    assert (found.services, found.problems) == ({("default", "a")}, ())


@pytest.mark.parametrize(
    ("spec", "sticky"),
    [({"clusterIP": "10.0.0.9", "sessionAffinity": "ClientIP"}, True), ({"clusterIP": "None"}, False)],
)
def test_pods_are_asked_themselves_where_their_service_could_not_lead_to_them(
    spec: dict[str, str], sticky: bool
) -> None:
    there = world(service("a", **spec), slice_of("a", "10.0.0.2", "10.0.0.1"))
    route = read(one_to("a"), besides=there).table.find("any", "/")
    assert route is not None
    assert (route.backend.endpoints, route.backend.sticky) == (("10.0.0.1:8000", "10.0.0.2:8000"), sticky)


def test_a_service_without_a_ready_pod_is_not_asked() -> None:
    found = read(one_to("a"), besides=world(service("a", clusterIP="10.0.0.9"), slice_of("a")))
    assert (endpoints(found), found.problems) == ((), ())


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (one_to("nobody"), "BackendNotFound: there is no Service 'nobody' in the namespace 'default'"),
        (one_to("a", number=81), "BackendNotFound: the Service 'a' has no TCP port 81 (its ports: http 80)"),
        (one_to("a", name="web"), "BackendNotFound: the Service 'a' has no TCP port 'web' (its ports: http 80)"),
        (one_to("out"), "UnsupportedBackend: the Service 'out' is of the type ExternalName, which has no pods"),
        (
            ingress("i", defaultBackend={"resource": {"kind": "Bucket", "name": "b", "apiGroup": "x.example"}}),
            "UnsupportedBackend: a backend is of the kind Bucket: only Services can be",
        ),
    ],
)
def test_a_backend_that_cannot_be_is_told_and_answers_nothing(wanted: Ingress, said: str) -> None:
    there = world(
        service("a"), slice_of("a", "10.0.0.1"), service("out", type="ExternalName", externalName="localhost")
    )
    found = read(wanted, besides=there)
    assert endpoints(found) == ()
    assert problems(found) == [f"i {said}"]


def test_every_ingress_is_told_of_a_service_that_is_missing() -> None:
    found = read(*(ingress(name, rule(f"{name}.example", ("/", "Prefix", "gone"))) for name in "xy"))
    assert [each.ingress[1] for each in found.problems] == ["x", "y"]


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


paths = st.text("/.ab%2f", max_size=8).map(lambda text: f"/{text}")


@given(paths)
def test_a_plain_path_stays_as_it_is(path: str) -> None:
    plain = plain_path(path)
    assert plain.startswith("/")
    assert "//" not in plain
    if "%" not in plain:  # what was escaped twice is escaped once
        assert plain_path(plain) == plain
    assert not {".", ".."} & set(plain.split("/"))


@given(st.text("ab.:1", max_size=6))
def test_a_plain_host_has_no_port(host: str) -> None:
    assert plain_host(f"{host}:80") == host.lower()


@given(
    st.lists(st.tuples(st.sampled_from(["", "x.a", "*.a", "y.x.a"]), paths, st.booleans()), max_size=6),
    st.sampled_from(["x.a", "z.a", "y.x.a", "a", "other"]),
    paths,
)
def test_a_request_takes_the_closest_route_that_fits(rules: list[tuple[str, str, bool]], host: str, path: str) -> None:
    wanted = [rule(where, (what, "Exact" if exact else "Prefix", "a")) for where, what, exact in rules]
    table = read(ingress("i", *wanted)).table
    fitting = [route for route in table.routes if route.fits(plain_host(host), plain_path(path))]
    assert table.find(host, path) is (fitting[0] if fitting else None)
    for route in fitting[1:]:
        assert _closeness(fitting[0]) >= _closeness(route)


def _closeness(route: Route) -> tuple[bool, bool, int, bool]:
    return bool(route.host), not route.host.startswith("*"), len(route.path), route.exact
