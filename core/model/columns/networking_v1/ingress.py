"""The columns of Ingresses and IngressClasses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

DEFAULT_CLASS: Final = "ingressclass.kubernetes.io/is-default-class"


def _spec(obj: Value) -> Value:
    return obj.get("spec") or {}


def _hosts(obj: Value, now: datetime) -> str:
    """The first three; a rule beyond them, even one for any host, says how many more there are."""
    rules = _spec(obj).get("rules") or ()
    shown: list[str] = []
    for rule in rules:
        if len(shown) == 3:
            return f"{','.join(shown)} + {len(rules) - 3} more..."
        if rule.get("host"):
            shown.append(rule["host"])
    return ",".join(shown) or "*"


def _address(obj: Value, now: datetime) -> str:
    balancer = (obj.get("status") or {}).get("loadBalancer") or {}
    found = {each.get("ip") or each.get("hostname") or "" for each in balancer.get("ingress") or ()} - {""}
    return ",".join(sorted(found))


def _class_name(obj: Value, now: datetime) -> str:
    metadata = obj.get("metadata") or {}
    is_default = (metadata.get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    return f"{metadata.get('name') or ''}{' (default)' if is_default else ''}"


def _parameters(obj: Value, now: datetime) -> str:
    parameters = _spec(obj).get("parameters")
    if parameters is None:
        return NONE
    group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") is not None else ""
    return f"{parameters.get('kind')}{group}/{parameters.get('name')}"


def _class(obj: Value, now: datetime) -> str:
    name = _spec(obj).get("ingressClassName")
    return NONE if name is None else str(name)


INGRESS_COLUMNS: Final = (
    NAME,
    Column(name="Class", cell=_class),
    Column(name="Hosts", cell=_hosts),
    Column(name="Address", cell=_address),
    Column(name="Ports", cell=lambda obj, now: "80, 443" if _spec(obj).get("tls") else "80"),
    AGE,
)
INGRESS_CLASS_COLUMNS: Final = (
    Column(name="Name", cell=_class_name, format="name"),
    Column(name="Controller", cell=lambda obj, now: _spec(obj).get("controller") or ""),
    Column(name="Parameters", cell=_parameters),
    AGE,
)
