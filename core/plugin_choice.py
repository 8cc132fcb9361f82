"""Which plugins a person wants beside those that are installed, which not, and what is set for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import attrs

from sampan.core.classes import frozen

PLUGINS_VARIABLE = "SAMPAN_PLUGINS"
"""Files or modules to load, separated by commas."""
BLOCK_VARIABLE = "SAMPAN_BLOCK_PLUGINS"
"""Names to leave out, separated by commas."""


@frozen(kw_only=True)
class PluginChoice:
    """Immutable; `over` adds to it."""

    files: tuple[str, ...] = ()
    """Python files, or modules that can be imported, each a plugin."""
    blocked: frozenset[str] = frozenset()
    settings: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    """By the plugin's name; see `sampan.core.plugin_settings`."""

    def over(self, other: PluginChoice) -> PluginChoice:
        """Both; what this one sets for a plugin counts instead of what ``other`` does."""
        return PluginChoice(
            files=tuple(dict.fromkeys((*other.files, *self.files))),
            blocked=self.blocked | other.blocked,
            settings={**other.settings, **self.settings},
        )

    def with_settings(self, plugin: str, **settings: Any) -> PluginChoice:
        """With these for ``plugin``, besides what is set for it."""
        return attrs.evolve(self, settings={**self.settings, plugin: {**self.settings.get(plugin, {}), **settings}})


def environment_choice(environment: Mapping[str, str] = os.environ) -> PluginChoice:
    """What ``SAMPAN_PLUGINS`` and ``SAMPAN_BLOCK_PLUGINS`` say."""
    return PluginChoice(
        files=tuple(_names(environment, PLUGINS_VARIABLE)), blocked=frozenset(_names(environment, BLOCK_VARIABLE))
    )


def _names(environment: Mapping[str, str], variable: str) -> list[str]:
    return [name.strip() for name in environment.get(variable, "").split(",") if name.strip()]
