"""TokenRequest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid
from sampan.core.model.kinds import KindRules

Value = Mapping[str, Any]

SHORTEST: Final = 600
LONGEST: Final = 1 << 32


class TokenRequestRules(KindRules):
    """A token request is the body of its subresource, and has no life of its own."""


def validate_token_request(obj: Value, path: str) -> list[Cause]:
    seconds, where = (obj.get("spec") or {}).get("expirationSeconds") or 0, "spec.expirationSeconds"
    if seconds < SHORTEST:
        return [invalid(where, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > LONGEST:
        return [invalid(where, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []
