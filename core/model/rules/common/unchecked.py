"""For kinds of which Kubernetes checks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import Cause

Value = Mapping[str, Any]


def no_further_checks(obj: Value, path: str) -> list[Cause]:
    """For kinds of which Kubernetes checks the metadata alone."""
    return []
