"""Hosts and paths as routes compare them, and which route a request takes: whatever they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sampan.core.contracts.http_router import Route, plain_host, plain_path
from tests.support.ingresses import (
    ingress,
    read,
    rule,
)

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
