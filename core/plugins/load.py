"""Build the plugin manager and the registry: hook specifications, then built-ins and outside plugins through the same
entry-point group, then `check_pending`, then `sampan_register` of each.

Called once by whoever starts a cluster or the command line; nothing is global. A cluster starts only with plugins that
work (`load_plugins`); a command that must work whatever is installed has the broken ones left out and told
(``broken``).
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import pluggy
from prometheus_client import CollectorRegistry

from sampan.core import hooks
from sampan.core.classes import frozen
from sampan.core.errors import ConfigError
from sampan.core.plugin_choice import PluginChoice, environment_choice
from sampan.core.plugin_sources import OWN_DISTRIBUTION, EntryPoints, Found, installed, installed_entry_points, named
from sampan.core.plugins.account import Account
from sampan.core.plugins.calls import Answer, HookCalls
from sampan.core.plugins.on_loop import OnLoop
from sampan.core.plugins.patience import LIMIT, Patience
from sampan.core.registry import Registry


@frozen
class Loaded:
    """A plugin that was found: its name, and the distribution and object it came from."""

    name: str
    source: str
    blocked: bool = False
    problem: str = ""
    """Why it is left out; only where broken ones may be (see `load_plugins`)."""
    hooks: tuple[str, ...] = ()
    """Those that it implements."""


class Plugins:
    """The plugins of one process: the registry they filled, and their hooks (see `sampan.core.plugins.calls`)."""

    def __init__(
        self,
        manager: pluggy.PluginManager,
        registry: Registry,
        loaded: tuple[Loaded, ...],
        metrics: CollectorRegistry,
        limit: float | None = None,
    ) -> None:
        self.registry = registry
        self.loaded = loaded
        self.metrics = metrics
        self.account = Account(metrics)
        self.patience = Patience(self.account, limit)
        self.on_loop = OnLoop(self.patience)
        self._calls = HookCalls(manager, self.account, self.patience)

    def is_own(self, plugin: str) -> bool:
        """Whether sampan itself brings it."""
        return any(each.name == plugin and each.source.startswith(f"{OWN_DISTRIBUTION}: ") for each in self.loaded)

    def has(self, hook: str) -> bool:
        """Whether any plugin implements ``hook``: hot paths ask before they build arguments."""
        return self._calls.has(hook)

    def tell(self, hook: str, **arguments: Any) -> None:
        """Have every plugin told, soon and in order. Never blocks; any thread, also the event loop's."""
        self._calls.tell(hook, **arguments)

    def ask(self, hook: str, **arguments: Any) -> list[Answer]:
        """What the plugins answer, without those that have nothing to say. Blocking: not on an event loop."""
        return self._calls.ask(hook, **arguments)

    def pipe(self, hook: str, argument: str, value: Any, **arguments: Any) -> Any:
        """The ``argument`` as it is after every plugin has had it, one after another. Blocking."""
        return self._calls.pipe(hook, argument, value, **arguments)

    def hanging(self) -> frozenset[str]:
        """Plugins that are left out now, as a call of theirs has not come back."""
        return self.patience.hanging()

    def close(self) -> None:
        """Deliver what was told and end the threads. Blocking; idempotent."""
        self._calls.close()
        self.on_loop.close()


def load_plugins(
    choice: PluginChoice | None = None,
    *,
    extra: Iterable[tuple[str, object]] = (),
    metrics: CollectorRegistry | None = None,
    entry_points: EntryPoints = installed_entry_points,
    leave_out_broken: bool = False,
    outside_only: bool = False,
    host_only: bool = False,
    hook_limit: float | None = None,
) -> Plugins:
    """Find, load and ask every plugin: those that are installed, and those of ``choice`` (else of the environment).

    ``extra`` are (name, plugin) of the caller. Raises `ConfigError` naming the plugin that cannot be loaded, is misspelt
    or does not register; with ``leave_out_broken`` such a plugin is in ``loaded`` with its problem, and nothing of it is
    in the registry. ``outside_only`` passes over sampan's own; with ``host_only`` they register no more than what acts
    on this machine, which is loaded in a third of the time. ``hook_limit``: seconds after which a plugin is left out.
    """
    choice = choice or environment_choice()
    loading = _Loading(choice, leave_out_broken, host_only)
    for found in installed(entry_points, outside_only=outside_only):
        loading.add(found)
    for place in choice.files:
        loading.add(named(place))
    for name, plugin in extra:
        loading.add(Found(name, "given at start-up", lambda plugin=plugin: plugin))  # type: ignore[misc]
    loading.check_settings()
    plugins = Plugins(
        loading.manager, loading.registry, loading.finished(), metrics or CollectorRegistry(), limit=hook_limit
    )
    for name, seconds in loading.registered.items():
        plugins.account.took(name, "sampan_register", seconds, LIMIT)
    return plugins


class _Loading:
    """One run over all plugins."""

    def __init__(self, choice: PluginChoice, leave_out_broken: bool, host_only: bool) -> None:
        self.manager = pluggy.PluginManager(hooks.PROJECT)
        self.manager.add_hookspecs(hooks)
        self.registry = Registry(choice.settings, host_only=host_only)
        self.registered: dict[str, float] = {}
        """Seconds that each plugin took for it."""
        self._choice = choice
        self._leave_out_broken = leave_out_broken
        self._loaded = [Loaded(name, "blocked", blocked=True) for name in sorted(choice.blocked)]
        for name in choice.blocked:
            self.manager.set_blocked(name)

    def add(self, found: Found) -> None:
        if found.name in self._choice.blocked:
            return
        problem = ""
        try:
            self._add(found.name, found.source, found.load)
        except ConfigError as exc:
            if not self._leave_out_broken:
                raise ConfigError(f"{exc} (leave it out with --block-plugin {found.name})") from exc
            problem = str(exc)
        self._loaded.append(Loaded(found.name, found.source, problem=problem))

    def check_settings(self) -> None:
        """Settings that nobody reads are a mistake: of the name, or of a plugin that takes none."""
        if self._leave_out_broken:
            return
        unread = sorted(set(self._choice.settings) - self.registry.settings_read - self._choice.blocked)
        names = {each.name for each in self._loaded}
        for name in unread:
            known = ", ".join(sorted(names))
            why = "takes no settings" if name in names else f"is not loaded (there are {known})"
            raise ConfigError(f"the configuration has settings for the plugin {name!r}, which {why}")

    def finished(self) -> tuple[Loaded, ...]:
        return tuple(attrs.evolve(each, hooks=self._hooks(each)) for each in self._loaded)

    def _add(self, name: str, source: str, load: Callable[[], object]) -> None:
        try:
            plugin = load()
        except (Exception, SystemExit) as exc:
            raise ConfigError(f"the plugin {name!r} ({source}) cannot be loaded: {_words(exc)}") from exc
        if self.manager.has_plugin(name):
            raise ConfigError(f"two plugins are named {name!r}: give the one from {source} another name")
        if other := self.manager.get_name(plugin):
            raise ConfigError(f"the plugin {name!r} ({source}) is the same object as the plugin {other!r}")
        try:
            _check_functions(plugin)
            self.manager.register(plugin, name=name)
            self.manager.check_pending()
        except (pluggy.PluginValidationError, ValueError, TypeError) as exc:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            raise ConfigError(f"the plugin {name!r} does not fit sampan's hooks: {_words(exc)}") from exc
        try:
            self._register(name)
        except ConfigError:
            self.manager.unregister(name=name)
            self.registry.forget(name)
            raise

    def _register(self, name: str) -> None:
        """Ask each plugin by itself, so that the registry and any error know whose part it is."""
        for implementation in self.manager.hook.sampan_register.get_hookimpls():
            if implementation.plugin_name != name:
                continue
            self.registry.plugin = name
            began = time.perf_counter()
            try:
                implementation.function(**dict.fromkeys(implementation.argnames, self.registry))
            except ConfigError:
                raise
            except (Exception, SystemExit) as exc:
                raise ConfigError(f"the plugin {name!r} failed to register: {_words(exc)}") from exc
            self.registered[name] = time.perf_counter() - began

    def _hooks(self, loaded: Loaded) -> tuple[str, ...]:
        plugin = self.manager.get_plugin(loaded.name)
        callers = (self.manager.get_hookcallers(plugin) if plugin is not None else None) or ()
        return tuple(sorted(caller.name for caller in callers))


def _check_functions(plugin: object) -> None:
    """Refuse what pluggy would take and nobody could call: coroutines, and wrappers of the old sort."""
    for name in dir(plugin):
        marked = getattr(getattr(plugin, name, None), f"{hooks.PROJECT}_impl", None)
        if marked is None:
            continue
        if inspect.iscoroutinefunction(getattr(plugin, name)):
            raise TypeError(f"{name} is a coroutine function: hooks are plain functions, called in a thread")
        if marked.get("hookwrapper"):
            raise TypeError(f"{name} is a hookwrapper of pluggy's old sort: mark it with hookimpl(wrapper=True)")


def _words(exc: BaseException) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__
