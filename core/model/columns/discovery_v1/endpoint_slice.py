"""The columns of EndpointSlices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, UNSET, some_of
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _slice_ports(obj: Value, now: datetime) -> str:
    """A port without a number stands for all, or is known by its name."""
    ports = obj.get("ports") or ()
    numbers = [port["port"] if port.get("port") is not None else port.get("name", "*") for port in ports]
    return some_of([str(number) for number in numbers], UNSET)


def _slice_endpoints(obj: Value, now: datetime) -> str:
    addresses = [address for each in obj.get("endpoints") or () for address in each.get("addresses") or ()]
    return some_of(addresses, UNSET)


ENDPOINT_SLICE_COLUMNS: Final = (
    NAME,
    Column(name="AddressType", cell=".addressType"),
    Column(name="Ports", cell=_slice_ports),
    Column(name="Endpoints", cell=_slice_endpoints),
    AGE,
)
