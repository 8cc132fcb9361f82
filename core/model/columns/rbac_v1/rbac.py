"""The columns of bindings. Roles have those of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]
Cell = Callable[[Value, datetime], str]


def _role(obj: Value, now: datetime) -> str:
    role = obj.get("roleRef") or {}
    return f"{role.get('kind') or ''}/{role.get('name') or ''}"


def _subjects(kind: str) -> Cell:
    def cell(obj: Value, now: datetime) -> str:
        return ", ".join(_shown(each) for each in obj.get("subjects") or () if each.get("kind") == kind)

    return cell


def _shown(subject: Value) -> str:
    """An account with its namespace, a user or group by its name."""
    name = subject.get("name") or ""
    return f"{subject.get('namespace') or ''}/{name}" if subject.get("kind") == "ServiceAccount" else name


ROLE_BINDING_COLUMNS: Final = (
    NAME,
    Column(name="Role", cell=_role),
    AGE,
    Column(name="Users", cell=_subjects("User"), priority=1),
    Column(name="Groups", cell=_subjects("Group"), priority=1),
    Column(name="ServiceAccounts", cell=_subjects("ServiceAccount"), priority=1),
)
CLUSTER_ROLE_BINDING_COLUMNS: Final = ROLE_BINDING_COLUMNS
