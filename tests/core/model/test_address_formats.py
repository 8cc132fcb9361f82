"""How addresses and ranges may be written, and what is said of those that may not."""

from __future__ import annotations

import pytest

from sampan.core.model.address_formats import canonical_cidr, canonical_ip, cidr, ip

ZEROS = ["must not have leading 0s"]
MAPPED = ["must not be an IPv4-mapped IPv6 address"]
BITS = ["must not have bits set beyond the prefix length"]


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("10.0.0.1", []),
        ("FD00:0::1", []),
        ("010.0.0.1", ZEROS),
        ("::ffff:10.0.0.1", MAPPED),
        ("::ffff:10.0.0.01", ZEROS),
        *(
            (each, ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"])
            for each in ("", "1", "10.0.0.256")
        ),
        ("fe80::1%eth0", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
    ],
)
def test_addresses(value: str, problems: list[str]) -> None:
    assert ip(value) == problems


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("10.0.0.0/8", []),
        ("10.0.0.1/8", BITS),
        ("010.0.0.0/8", ["must not have leading 0s in IP or prefix length"]),
        ("10.0.0.0/08", ["must not have leading 0s in IP or prefix length"]),
        ("::ffff:10.0.0.0/120", ["must not have an IPv4-mapped IPv6 address"]),
        *(
            (each, ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"])
            for each in ("10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "x/8")
        ),
    ],
)
def test_ranges(value: str, problems: list[str]) -> None:
    assert cidr(value) == problems


def test_the_one_form() -> None:
    assert canonical_ip("fd00::1") == canonical_cidr("fd00::/64") == []
    assert canonical_ip("FD00:0::1") == ['must be in canonical form ("fd00::1")']
    assert canonical_cidr("fd00:0::/64") == ['must be in canonical form ("fd00::/64")']
    assert canonical_cidr("10.0.0.1/8") == BITS
