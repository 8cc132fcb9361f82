"""The table that is kept: what it tells of a change leads from what was served to what is."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.contracts.proxy import Endpoint, ServicePort
from sampan.core.services.service_table import Owner, ServiceTable

OWNERS: list[Owner] = [("default", "a"), ("default", "b"), ("other", "a")]


def port(owner: Owner, ip: str, *endpoints: str) -> ServicePort:
    return ServicePort(
        namespace=owner[0], name=owner[1], port_name="", protocol="TCP", ip=ip, port=80,
        endpoints=tuple(Endpoint(ip=each, port=80) for each in endpoints),
    )  # fmt: skip


def test_what_the_cluster_has_given_is_not_taken_by_asking_for_it() -> None:
    """Whoever was first, and whatever the thief is called."""
    own, thief = ("kube-system", "own"), ("a", "thief")
    granted = attrs.evolve(port(own, "10.0.0.1", "10.1.0.1"), claimed=True)
    for order in ((own, thief), (thief, own)):
        table = ServiceTable()
        for owner in order:
            table.put([(owner, [granted if owner == own else port(owner, "10.0.0.1", "10.1.0.9")])])
        assert table.all() == (granted,)


asked = st.lists(
    st.tuples(
        st.sampled_from(OWNERS),
        st.lists(st.tuples(st.sampled_from(["10.0.0.1", "10.0.0.2"]), st.sampled_from([(), ("10.1.0.1",)]))),
    ),
    unique_by=lambda each: each[0],
)


@given(st.lists(asked, max_size=8))
def test_changes_add_up_to_what_all_services_ask_for(
    steps: list[list[tuple[Owner, list[tuple[str, tuple[str]]]]]],
) -> None:
    table = ServiceTable()
    wanted: dict[Owner, list[ServicePort]] = {}
    followed: dict[tuple[str, str, int], ServicePort] = {}
    for step in steps:
        change = table.put((owner, [port(owner, ip, *ends) for ip, ends in ports]) for owner, ports in step)
        wanted |= {owner: [port(owner, ip, *ends) for ip, ends in ports] for owner, ports in step}
        for each in change.gone:
            assert followed.pop(each.key) == each
        for each in change.come:
            assert followed.get(each.key) != each, "only what differs is told"
            followed[each.key] = each
        first = {each.key: each for owner in sorted(wanted, reverse=True) for each in wanted[owner]}
        assert followed == first == {each.key: each for each in table.all()}


def test_who_came_second_for_an_address_has_it_once_the_first_has_gone() -> None:
    table = ServiceTable()
    first, second = OWNERS[:2]
    table.put([(second, [port(second, "192.0.2.1")])])
    assert [each.name for each in table.put([(first, [port(first, "192.0.2.1")])]).come] == ["a"]
    change = table.put([(first, [])])
    assert ([each.name for each in change.come], list(change.gone)) == (["b"], [])
