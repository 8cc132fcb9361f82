"""Records by owner, looked up by name: what exists, what has such a record, where aliases lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.contracts.name_server import Record
from sampan.plugins.dns.zone import Zone

WEB = "web.default.svc.cluster.local"


def zone(**owned: list[Record]) -> Zone:
    made = Zone("cluster.local", ["10.96.0.0/16"])
    made.put("ns", [Record("default.svc.cluster.local", "NAME"), Record("default.pod.cluster.local", "NAME")])
    for owner, records in owned.items():
        made.put(owner, records)
    return made


@pytest.mark.parametrize(
    ("name", "type_", "data", "exists"),
    [
        (WEB, "A", ["10.96.0.7"], True),
        (WEB, "AAAA", [], True),
        (WEB, "ANY", ["10.96.0.7"], True),
        (f"_http._tcp.{WEB}", "SRV", [f"0 100 80 {WEB}"], True),
        (f"_tcp.{WEB}", "SRV", [], True),
        (f"_udp.{WEB}", "SRV", [], False),
        ("svc.cluster.local", "A", [], True),
        ("cluster.local", "A", [], True),
        ("other.default.svc.cluster.local", "A", [], False),
        ("web.other.svc.cluster.local", "A", [], False),
        ("7.0.96.10.in-addr.arpa", "PTR", [WEB], True),
        ("8.0.96.10.in-addr.arpa", "PTR", [], False),
        ("10-0-0-9.default.pod.cluster.local", "A", ["10.0.0.9"], True),
        ("10-0-0-9.default.pod.cluster.local", "AAAA", [], True),
        ("2001-db8--1.default.pod.cluster.local", "AAAA", ["2001:db8::1"], True),
        ("10-0-0-9.other.pod.cluster.local", "A", [], False),
        ("10-0-0-900.default.pod.cluster.local", "A", [], False),
    ],
)
def test_what_a_name_has(name: str, type_: str, data: list[str], exists: bool) -> None:
    found = zone(
        web=[
            Record(WEB, "A", "10.96.0.7"),
            Record(f"_http._tcp.{WEB}", "SRV", f"0 100 80 {WEB}"),
            Record("7.0.96.10.in-addr.arpa", "PTR", WEB),
        ]
    ).look_up(name, type_)
    assert ([record.data for record in found.records], found.exists) == (data, exists)


def test_an_alias_is_followed_within_the_zone_and_told_where_it_leaves() -> None:
    alias = "alias.default.svc.cluster.local"
    aliases = zone(web=[Record(WEB, "A", "10.96.0.7")], alias=[Record(alias, "CNAME", WEB)])
    assert [record.type for record in aliases.look_up(alias, "A").records] == ["CNAME", "A"]
    aliases.put("alias", [Record(alias, "CNAME", "example.com")])
    found = aliases.look_up(alias, "A")
    assert ([record.type for record in found.records], found.outside) == (["CNAME"], "example.com")
    aliases.put("alias", [Record(alias, "CNAME", alias)])
    assert len(aliases.look_up(alias, "A").records) == 8, "a circle has an end"


@pytest.mark.parametrize(
    ("name", "held"),
    [
        (WEB, True), ("cluster.local", True), ("acluster.local", False), ("example.com", False),
        ("1.0.96.10.in-addr.arpa", True), ("1.0.97.10.in-addr.arpa", False), ("0.96.10.in-addr.arpa", False),
    ],
)  # fmt: skip
def test_which_names_the_zone_alone_knows_about(name: str, held: bool) -> None:
    assert zone().holds(name) is held


names = st.sampled_from(["a.x", "b.a.x", "c.b.a.x", "y", "z.y"])
puts = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.builds(Record, names, st.just("A"), st.sampled_from("123")))),
    max_size=12,
)


@given(puts)
def test_what_is_there_is_what_the_owners_have_now(steps: list[tuple[str, list[Record]]]) -> None:
    made = Zone("x")
    owned: dict[str, set[Record]] = {}
    for owner, records in steps:
        made.put(owner, sorted(set(records)))
        owned[owner] = set(records)
    expected = {record for records in owned.values() for record in records}
    for name in ("a.x", "b.a.x", "c.b.a.x", "y", "z.y", "x"):
        found = made.look_up(name, "A")
        assert set(found.records) == {record for record in expected if record.name == name}
        assert found.exists == any(record.name == name or record.name.endswith(f".{name}") for record in expected)
