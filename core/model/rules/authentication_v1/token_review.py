"""TokenReview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import Cause

Value = Mapping[str, Any]


def validate_token_review(obj: Value, path: str) -> list[Cause]:
    """Nothing: a review without a token is answered with a refusal of the whole request."""
    return []
