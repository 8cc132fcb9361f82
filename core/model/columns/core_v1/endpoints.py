"""The columns of Endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE, some_of
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _host_port(ip: str, port: Any) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _endpoints(obj: Value, now: datetime) -> str:
    """Every address with every port; addresses alone where a headless service has no ports."""
    shown: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = [each.get("ip") or "" for each in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        shown += [_host_port(ip, port.get("port")) for port in ports for ip in addresses] if ports else addresses
    return some_of(shown, "" if obj.get("subsets") else NONE)


ENDPOINTS_COLUMNS: Final = (NAME, Column(name="Endpoints", cell=_endpoints), AGE)
