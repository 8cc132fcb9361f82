"""What Ingresses mean: which request goes where, and what is said of those that cannot be served."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.networking_v1.ingress import Ingress
from sampan.core.model.networking_v1.ingress_class import IngressClass
from sampan.core.schema.codec import from_wire
from sampan.core.services.ingresses import CONTROLLER, Routing, served
from tests.support.ingresses import (
    default,
    ingress,
    problems,
    read,
    rule,
    service,
    slice_of,
    to,
    world,
)


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
