"""Texts that name a range of each IP family."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from sampan.core.ip import IPV4, IPV6, families_of, family, family_of, join, networks, part, split

BOTH = "10.96.0.0/16, fd00:10:96:0::/112"


def test_a_text_names_a_range_of_each_family_in_its_order() -> None:
    assert networks(BOTH) == (IPv4Network("10.96.0.0/16"), IPv6Network("fd00:10:96::/112"))
    assert families_of(BOTH) == (IPV4, IPV6)
    assert families_of("fd00::/64") == (IPV6,)
    assert (networks(""), families_of(""), split("")) == ((), (), ())


def test_a_part_is_the_range_of_one_family_in_its_usual_form() -> None:
    assert part(BOTH, IPV6) == "fd00:10:96::/112"
    assert part("10.96.0.0/16", IPV6) == ""
    assert join(part(BOTH, each) for each in (IPV6, IPV4)) == "fd00:10:96::/112,10.96.0.0/16"
    assert join(("10.96.0.0/16", "")) == "10.96.0.0/16"


@pytest.mark.parametrize("some", ["10.0.0.1", "10.0.0.0/8", IPv4Address("10.0.0.1"), IPv4Network("10.0.0.0/8")])
def test_addresses_and_ranges_are_of_a_family(some: str | IPv4Address | IPv4Network) -> None:
    assert family_of(some) is IPV4


def test_what_is_of_no_family_is_an_error() -> None:
    for wrong in ("boat", "10.0.0.1/8"):
        with pytest.raises(ValueError, match=r"boat|host bits"):
            family_of(wrong)
    with pytest.raises(ValueError, match="there are IPv4 and IPv6"):
        family("IPv5")
    assert family("IPv6") is IPV6
