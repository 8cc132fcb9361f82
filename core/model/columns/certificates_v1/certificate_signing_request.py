"""The columns of CertificateSigningRequests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.age import human_duration
from sampan.core.model.columns.common.words import AGE, NAME, NONE
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _spec(obj: Value) -> Value:
    return obj.get("spec") or {}


def _duration(obj: Value, now: datetime) -> str:
    seconds = _spec(obj).get("expirationSeconds")
    return NONE if seconds is None else human_duration(seconds)


def _state(obj: Value, now: datetime) -> str:
    """``Approved,Issued``."""
    status = obj.get("status") or {}
    types = {each.get("type") for each in status.get("conditions") or ()}
    words = ["Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"]
    words += ["Failed"] if "Failed" in types else []
    words += ["Issued"] if status.get("certificate") else []
    return ",".join(words)


CERTIFICATE_SIGNING_REQUEST_COLUMNS: Final = (
    NAME,
    AGE,
    Column(name="SignerName", cell=lambda obj, now: _spec(obj).get("signerName") or NONE),
    Column(name="Requestor", cell=lambda obj, now: _spec(obj).get("username") or ""),
    Column(name="RequestedDuration", cell=_duration),
    Column(name="Condition", cell=_state),
)
