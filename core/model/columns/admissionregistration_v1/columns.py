"""The columns of webhook configurations, policies and their bindings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

UNSET: Final = "<unset>"

WEBHOOK_COLUMNS: Final = (
    NAME,
    Column(name="Webhooks", cell=lambda obj, now: len(obj.get("webhooks") or ()), type="integer"),
    AGE,
)


def _count(field: str) -> Column:
    return Column(
        name=field.capitalize(), cell=lambda obj, now: len((obj.get("spec") or {}).get(field) or ()), type="integer"
    )


def _param_kind(obj: Mapping[str, Any], now: datetime) -> str:
    kind = (obj.get("spec") or {}).get("paramKind")
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else UNSET


def _param_ref(obj: Mapping[str, Any], now: datetime) -> str:
    reference = (obj.get("spec") or {}).get("paramRef")
    if not reference:
        return UNSET
    name = reference.get("name") or "*"
    return f"{reference['namespace']}/{name}" if reference.get("namespace") else name


PARAM_KIND: Final = Column(name="ParamKind", cell=_param_kind)
BINDING_COLUMNS: Final = (
    NAME,
    Column(name="PolicyName", cell=".spec.policyName"),
    Column(name="ParamRef", cell=_param_ref),
    AGE,
)
VALIDATING_POLICY_COLUMNS: Final = (NAME, _count("validations"), PARAM_KIND, AGE)
MUTATING_POLICY_COLUMNS: Final = (NAME, _count("mutations"), PARAM_KIND, AGE)
