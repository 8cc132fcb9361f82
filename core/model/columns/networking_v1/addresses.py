"""The columns of IPAddresses and ServiceCIDRs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from sampan.core.model.columns.common.words import AGE, NAME, NONE
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _parent(obj: Value, now: datetime) -> str:
    """``services/default/web``."""
    parent = (obj.get("spec") or {}).get("parentRef")
    if parent is None:
        return NONE
    resource = ".".join(part for part in (parent.get("resource") or "", parent.get("group") or "") if part)
    return "/".join(part for part in (resource.lower(), parent.get("namespace"), parent.get("name")) if part)


IP_ADDRESS_COLUMNS: Final = (NAME, Column(name="ParentRef", cell=_parent), attrs.evolve(AGE, name=""))
"""Kubernetes gives an age that no column is called after."""
SERVICE_CIDR_COLUMNS: Final = (
    NAME,
    Column(name="CIDRs", cell=lambda obj, now: ",".join((obj.get("spec") or {}).get("cidrs") or ())),
    AGE,
)
