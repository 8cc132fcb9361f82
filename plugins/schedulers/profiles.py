"""Profiles: the built-in scheduler under several names, each with concerns left out or weighed in another way.

https://kubernetes.io/docs/reference/scheduling/config/#multiple-profiles
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError

if TYPE_CHECKING:
    from sampan.core.contracts.scheduler_plugin import SchedulerPlugin
    from sampan.plugins.schedulers.default import DefaultScheduler


@frozen(kw_only=True)
class SchedulerProfile:
    """One scheduler of the configuration file."""

    name: str
    """What ``spec.schedulerName`` says."""
    without: tuple[str, ...] = ()
    """Concerns that it leaves out, by their names (``ImageLocality``)."""
    weights: dict[str, float] = attrs.field(factory=dict)
    """Concern → how much its score counts, instead of its own weight; 0: not at all."""

    def make(self, plugins: Sequence[SchedulerPlugin]) -> DefaultScheduler:
        """Raises `ConfigError` for a concern that there is not."""
        from sampan.plugins.schedulers.default import DefaultScheduler

        known = {plugin.name for plugin in plugins}
        if unknown := sorted({*self.without, *self.weights} - known):
            raise ConfigError(
                f"the scheduler {self.name!r} names a plugin {unknown[0]!r}: there are {', '.join(sorted(known))}"
            )
        return DefaultScheduler([self._weighed(each) for each in plugins if each.name not in self.without], self.name)

    def _weighed(self, plugin: SchedulerPlugin) -> SchedulerPlugin:
        """The same concern for other profiles keeps its weight."""
        weight = self.weights.get(plugin.name)
        if weight is None:
            return plugin
        mine = copy.copy(plugin)
        mine.weight = weight  # type: ignore[assignment]
        return mine


def check_names(profiles: Iterable[SchedulerProfile]) -> None:
    """Raises `ConfigError` where two have the same name."""
    seen: set[str] = set()
    for profile in profiles:
        if profile.name in seen:
            raise ConfigError(f"two schedulers of the configuration are called {profile.name!r}")
        seen.add(profile.name)
