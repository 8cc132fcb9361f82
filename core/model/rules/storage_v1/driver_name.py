"""The names of CSI drivers."""

from __future__ import annotations

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, required, too_long


def validate_driver_name(name: str, path: str) -> list[Cause]:
    """A domain name of at most 63 characters, in either case."""
    if not name:
        return [required(path)]
    causes = [too_long(path, 63)] if len(name.encode()) > 63 else []
    return causes + [invalid(path, name, problem) for problem in formats.dns1123_subdomain(name.lower())]
