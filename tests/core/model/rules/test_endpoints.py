"""Endpoints and their slices: addresses, hints, ports, and where Kubernetes says that they are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Endpoints, EndpointSlice
from tests.support.rules import refusals


def endpoint(*addresses: str, **fields: Any) -> dict[str, Any]:
    return {"endpoints": [{"addresses": list(addresses), **fields}]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"addressType": "IPv4", **endpoint("10.0.0.1")}, []),
        ({"addressType": "IPv4", **endpoint("fd00::1")}, ["endpoints[0].addresses: Invalid value: "]),
        ({"addressType": "IPv6", **endpoint("FD00::1")}, ["endpoints[0].addresses[0]: Invalid value: "]),
        ({"addressType": "FQDN", **endpoint("a.b.", "a")}, ["endpoints[0].addresses[1]: Invalid value: "]),
        ({"addressType": "FQDN", **endpoint("")}, ["endpoints[0].addresses[0]: Required value"]),
        (
            {"addressType": "IPv4", **endpoint("127.0.0.1"), "ports": [{"name": "A"}, {"name": "b", "port": 100_000}]},
            ["ports[0].name: Invalid value: ", "endpoints[0].addresses[0]: Invalid value: "],
        ),
        (
            {
                "addressType": "IPv4",
                **endpoint("10.0.0.1", hints={"forNodes": [{"name": "n"}, {"name": "n"}], "forZones": [{"name": "é"}]}),
            },
            ["endpoints[0].hints.forZones[0].name: Invalid", "endpoints[0].hints.forNodes[1].name: Duplicate value"],
        ),
        (
            {"addressType": "IPv4", **endpoint("10.0.0.1", deprecatedTopology={"Bad Key!": "x"})},
            ["endpoints[0].deprecatedTopology: Invalid value"],
        ),
    ],
)
def test_slices(body: dict[str, Any], expected: list[str]) -> None:
    found = refusals(EndpointSlice, body)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("address", "problems"),
    [
        ("10.0.0.1", []),
        ("x", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)", "must be a valid IP address"]),
        ("010.0.0.1", ["must not have leading 0s"]),
        ("0.0.0.0", ["may not be unspecified (0.0.0.0)"]),
        ("224.0.0.1", ["may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"]),
        ("224.0.1.1", []),
    ],
)
def test_addresses_of_endpoints(address: str, problems: list[str]) -> None:
    found = refusals(Endpoints, {"subsets": [{"addresses": [{"ip": address}]}]})
    assert found == [f'subsets[0].addresses[0].ip: Invalid value: "{address}": {each}' for each in problems]
