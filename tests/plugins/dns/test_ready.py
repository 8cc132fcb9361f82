"""Answers that are kept: never older than the last change, and no more of them than there is room for."""

from __future__ import annotations

from pathlib import Path

import dns.message
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.plugins.dns.ready import Ready
from sampan.plugins.dns.server import ClusterDns
from sampan.plugins.dns.wire import Sections

NAMES = [f"{name}.cluster.local" for name in ("a", "x.a", "b", "y.b", "ns.pod", "10-0-0-1.ns.pod", "10-0-0-1.pod")]
addresses = st.one_of(st.tuples(st.just("A"), st.sampled_from(["10.0.0.1", "10.0.0.2"])), st.just(("NAME", "")))
aliases = st.tuples(st.just("CNAME"), st.sampled_from([*NAMES, "example.com"]))
puts = st.one_of(
    st.tuples(st.just("one"), st.lists(st.tuples(st.sampled_from(NAMES), addresses), max_size=3, unique=True)),
    st.tuples(
        st.just("two"),  # a name has one alias
        st.lists(st.tuples(st.sampled_from(NAMES), aliases), max_size=2, unique_by=lambda each: each[0]),
    ),
)


def server() -> ClusterDns:
    return ClusterDns(NameServerSettings(state_dir=Path(), domain="cluster.local"))


def answers(asked: ClusterDns) -> list[object]:
    """To all questions that there are, without the order of records and the zone's number."""
    found: list[object] = []
    for name in NAMES:
        for type_ in ("A", "CNAME", "ANY"):
            said = asked.answer_now(dns.message.make_query(name, type_, id=7).to_wire(), over_udp=True)
            if not isinstance(said, bytes):
                found.append("from outside")
                continue
            reply = dns.message.from_wire(said)
            records = sorted(f"{rrset.name} {item}" for rrset in reply.answer for item in rrset)
            found.append((reply.rcode(), records, len(reply.authority)))
    return found


@settings(max_examples=25)
@given(st.lists(puts, max_size=6))
def test_whatever_changes_is_answered_as_a_server_would_that_was_never_asked(
    steps: list[tuple[str, list[tuple[str, tuple[str, str]]]]],
) -> None:
    asked = server()
    known: dict[str, list[Record]] = {}
    for owner, some in steps:
        known[owner] = [Record(name, type_, text) for name, (type_, text) in some]  # type: ignore[arg-type]
        asked.put(owner, known[owner])
        fresh = server()
        for each, records in known.items():
            fresh.put(each, records)
        assert answers(asked) == answers(asked) == answers(fresh)


def test_a_change_drops_no_answer_about_other_names() -> None:
    asked = server()
    query = dns.message.make_query("a.cluster.local", "A", id=7).to_wire()
    asked.put("one", [Record("a.cluster.local", "A", "10.0.0.1")])
    asked.answer_now(query, over_udp=True)
    asked.put("two", [Record("b.cluster.local", "A", "10.0.0.2")])
    assert list(asked._ready.messages) == [query[2:]]
    asked.put("one", [])
    assert not asked._ready.messages


def test_what_is_kept_is_bounded_in_bytes() -> None:
    ready = Ready(most_bytes=1000)
    for number in range(100):
        key = (b"%d" % number, 1)
        ready.keep(key, Sections(0), [str(number)])
        ready.keep_messages(key, b"question %d" % number, (b"x" * 100,))
        assert sum(len(key) + len(kept[0]) for key, kept in ready.messages.items()) <= 1000
    ready.drop(map(str, range(100)))
    assert not ready.messages
