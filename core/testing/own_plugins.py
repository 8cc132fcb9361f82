"""sampan's own plugins alone: what else is installed is no part of a test that has not named it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from sampan.core.plugin_sources import OWN_DISTRIBUTION, distribution_of, installed_entry_points

if TYPE_CHECKING:
    from importlib import metadata


@cache
def own_entry_points() -> Iterable[metadata.EntryPoint]:
    """Looked for once."""
    return [each for each in installed_entry_points() if distribution_of(each) == OWN_DISTRIBUTION]
