"""Build the plugin manager and the registry: hook specifications, then blocked names, then built-ins and outside plugins
through the same entry-point group, then `check_pending`.

Called once by whoever starts a cluster or the command line; nothing is global.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

import attrs
import pluggy
from prometheus_client import CollectorRegistry, Counter

from sampan.core import hooks
from sampan.core.errors import ConfigError
from sampan.core.registry import Registry

log = logging.getLogger(__name__)


@attrs.frozen
class Loaded:
    """A plugin that was found: its entry-point name, and the distribution and object it came from."""

    name: str
    source: str
    blocked: bool = False


class Plugins:
    """The plugins of one process: the registry they filled, and their event hooks."""

    def __init__(
        self, manager: pluggy.PluginManager, registry: Registry, loaded: tuple[Loaded, ...], metrics: CollectorRegistry
    ) -> None:
        self._manager = manager
        self.registry = registry
        self.loaded = loaded
        self.metrics = metrics
        self._failures = Counter(
            "sampan_hook_failures", "Hook calls that raised.", ["plugin", "hook"], registry=metrics
        )

    def has(self, hook: str) -> bool:
        """Whether any plugin implements ``hook``: hot paths ask before they build arguments."""
        return bool(getattr(self._manager.hook, hook).get_hookimpls())

    def call(self, hook: str, **arguments: Any) -> list[Any]:
        """Call ``hook`` of every plugin, each isolated from the others; the results that are not ``None``."""
        results = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            result = self._call_one(hook, implementation, arguments)
            if result is not None:
                results.append(result)
        return results

    def pipe(self, hook: str, argument: str, value: Any, **arguments: Any) -> Any:
        """Call ``hook`` of one plugin after another, each with the ``argument`` that the one before returned."""
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            result = self._call_one(hook, implementation, {**arguments, argument: value})
            value = value if result is None else result
        return value

    def _call_one(self, hook: str, implementation: pluggy.HookImpl, arguments: dict[str, Any]) -> Any:
        given = {name: arguments[name] for name in implementation.argnames}
        trace = os.environ.get("SAMPAN_TRACE_HOOKS") == "1"
        try:
            result = implementation.function(**given)
        except Exception:
            log.exception("plugin %s failed in %s", implementation.plugin_name, hook)
            self._failures.labels(implementation.plugin_name, hook).inc()
            return None
        if trace:
            sys.stderr.write(f"hook {hook} [{implementation.plugin_name}] {given} -> {result!r}\n")
        return result


def load_plugins(
    *,
    blocked: Iterable[str] = (),
    extra: Iterable[tuple[str, object]] = (),
    metrics: CollectorRegistry | None = None,
    entry_points: Callable[[], Iterable[metadata.EntryPoint]] | None = None,
) -> Plugins:
    """Find, load and ask every plugin. ``blocked`` names are left out; ``extra`` are (name, plugin) of the caller.

    Raises `ConfigError` naming the plugin that cannot be loaded, is misspelt or does not register.
    """
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    blocked = frozenset(blocked)
    loaded = [Loaded(name, "blocked", blocked=True) for name in sorted(blocked)]
    for name in blocked:
        manager.set_blocked(name)
    for entry in sorted((entry_points or _entry_points)(), key=lambda entry: entry.name):
        if entry.name in blocked or manager.has_plugin(entry.name):
            continue
        _add(manager, entry.name, _load(entry))
        distribution = entry.dist.name if entry.dist else "unknown"
        loaded.append(Loaded(entry.name, f"{distribution}: {entry.value}"))
    for name, plugin in extra:
        if name not in blocked:
            _add(manager, name, plugin)
            loaded.append(Loaded(name, "given at start-up"))
    registry = Registry()
    _register(manager, registry)
    return Plugins(manager, registry, tuple(loaded), metrics or CollectorRegistry())


def _entry_points() -> Iterable[metadata.EntryPoint]:
    return metadata.entry_points(group=hooks.PROJECT)


def _load(entry: metadata.EntryPoint) -> object:
    try:
        plugin: object = entry.load()
    except Exception as exc:
        raise ConfigError(f"the plugin {entry.name!r} ({entry.value}) cannot be loaded: {exc}") from exc
    return plugin


def _add(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    try:
        manager.register(plugin, name=name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as exc:
        manager.unregister(name=name)
        raise ConfigError(f"the plugin {name!r} does not fit sampan's hooks: {exc}") from exc


def _register(manager: pluggy.PluginManager, registry: Registry) -> None:
    """Ask each plugin by itself, so that the registry and any error know whose part it is."""
    for implementation in manager.hook.sampan_register.get_hookimpls():
        registry.plugin = implementation.plugin_name
        try:
            implementation.function(registry=registry)
        except ConfigError:
            raise
        except Exception as exc:
            raise ConfigError(f"the plugin {registry.plugin!r} failed to register: {exc}") from exc
