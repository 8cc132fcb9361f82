"""Checks on paths inside volumes and containers."""

from __future__ import annotations

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid


def local_descending(value: str, path: str) -> list[Cause]:
    """A relative path that never leaves its directory (sub-paths, projected files)."""
    causes = [invalid(path, value, "must be a relative path")] if value.startswith("/") else []
    return causes + no_backsteps(value, path)


def local_non_reserved(value: str, path: str) -> list[Cause]:
    """Also not one of the names that atomic volumes keep for themselves."""
    causes = local_descending(value, path)
    if value.startswith("..") and not value.startswith("../"):
        causes.append(invalid(path, value, "must not start with '..'"))
    return causes


def no_backsteps(value: str, path: str) -> list[Cause]:
    return [invalid(path, value, "must not contain '..'")] if ".." in value.split("/") else []
