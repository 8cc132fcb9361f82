"""The typed registry that plugins put their parts into, and from which start-up picks by name.

Registration order decides nothing: names are looked up, and where several parts run side by side (admission,
authenticators) their own ``order`` sorts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from sampan.core.errors import ConfigError
from sampan.core.model.kinds import KubeObject, info

if TYPE_CHECKING:
    import click

    from sampan.core.config import ClusterContext
    from sampan.core.contracts.access import AccessContext, Admission, Authenticator, Authorizer
    from sampan.core.contracts.controller import Controller
    from sampan.core.contracts.proxy import Proxy, ProxySettings
    from sampan.core.contracts.runtime import Runtime, RuntimeSettings
    from sampan.core.contracts.scheduler import Scheduler, SchedulerPlugin
    from sampan.core.contracts.source import Source, SourceContext
    from sampan.core.contracts.volume import VolumeDriver
    from sampan.core.store.contract import Store

P = TypeVar("P")
Availability = Callable[[], str | None]
"""Why a part cannot work on this machine, in one sentence; ``None``: it can. Must be quick."""


@attrs.frozen
class Part(Generic[P]):
    """One registered part: what makes it, who brought it, and how ``auto`` ranks it."""

    name: str
    make: Callable[..., P]
    plugin: str
    unavailable: Availability
    rank: int | None
    """``auto`` tries parts by ascending rank; ``None`` is never chosen unasked."""
    doc: str


class Parts(Generic[P]):
    """The parts of one sort."""

    def __init__(self, sort: str) -> None:
        self.sort = sort
        self._parts: dict[str, Part[P]] = {}

    def add(self, part: Part[P]) -> None:
        if other := self._parts.get(part.name):
            raise ConfigError(
                f"two plugins bring a {self.sort} named {part.name!r}: {other.plugin} and {part.plugin};"
                " block one of them"
            )
        self._parts[part.name] = part

    def __iter__(self) -> Iterator[Part[P]]:
        return iter(sorted(self._parts.values(), key=lambda part: part.name))

    def find(self, name: str) -> Part[P]:
        try:
            return self._parts[name]
        except KeyError:
            names = ", ".join(sorted(self._parts)) or "none"
            raise ConfigError(f"there is no {self.sort} named {name!r}: there are {names}") from None

    def choose(self, name: str) -> tuple[Part[P], str]:
        """The part called ``name``, or for ``auto`` the first available by rank; and a sentence on why."""
        if name != "auto":
            part = self.find(name)
            if reason := part.unavailable():
                raise ConfigError(f"the {self.sort} {name!r} cannot work here: {reason}")
            return part, "asked for"
        passed_over: list[str] = []
        for part in sorted(self._parts.values(), key=lambda part: (part.rank is None, part.rank, part.name)):
            if part.rank is None:
                break
            reason = part.unavailable()
            if reason is None:
                return part, "; ".join(["the first available", *passed_over])
            passed_over.append(f"{part.name}: {reason}")
        raise ConfigError(f"no {self.sort} can work here: {'; '.join(passed_over) or 'none is installed'}")


class Registry:
    """What `sampan_register` is given. ``plugin`` is set by the caller to the name of the plugin being asked."""

    def __init__(self) -> None:
        self.plugin = ""
        self.runtimes: Parts[Runtime] = Parts("runtime")
        self.volume_drivers: Parts[VolumeDriver] = Parts("volume driver")
        self.schedulers: Parts[Scheduler] = Parts("scheduler")
        self.scheduler_plugins: Parts[SchedulerPlugin] = Parts("scheduler plugin")
        self.controllers: Parts[Controller] = Parts("controller")
        self.proxies: Parts[Proxy] = Parts("proxy")
        self.stores: Parts[Store] = Parts("store")
        self.sources: Parts[Source] = Parts("source of computed objects")
        self.admissions: Parts[Admission] = Parts("admission")
        self.authenticators: Parts[Authenticator] = Parts("authenticator")
        self.authorizers: Parts[Authorizer] = Parts("authorizer")
        self.commands: Parts[click.Command] = Parts("command")
        self.kinds: dict[type[KubeObject], str] = {}

    def runtime(
        self,
        name: str,
        make: Callable[[RuntimeSettings], Runtime],
        *,
        unavailable: Availability = lambda: None,
        rank: int | None = None,
    ) -> None:
        """Something that runs pods. ``auto`` asks ``unavailable`` by ascending ``rank``."""
        self.runtimes.add(self._part(name, make, unavailable, rank))

    def volume_driver(self, name: str, make: Callable[[], VolumeDriver]) -> None:
        """A volume type, named as in the pod spec (``emptyDir``)."""
        self.volume_drivers.add(self._part(name, make))

    def scheduler(self, name: str, make: Callable[[list[SchedulerPlugin]], Scheduler]) -> None:
        """A scheduler, for pods whose ``spec.schedulerName`` is ``name``."""
        self.schedulers.add(self._part(name, make))

    def scheduler_plugin(self, name: str, make: Callable[[], SchedulerPlugin]) -> None:
        """A concern of the built-in scheduler."""
        self.scheduler_plugins.add(self._part(name, make))

    def controller(self, name: str, make: Callable[[ClusterContext], Controller]) -> None:
        self.controllers.add(self._part(name, make))

    def proxy(
        self,
        name: str,
        make: Callable[[ProxySettings], Proxy],
        *,
        unavailable: Availability = lambda: None,
        rank: int | None = None,
    ) -> None:
        self.proxies.add(self._part(name, make, unavailable, rank))

    def store(self, scheme: str, make: Callable[[str], Store]) -> None:
        """A store for URLs that begin with ``scheme:``; ``make`` gets the whole URL."""
        self.stores.add(self._part(scheme, make))

    def source(self, name: str, make: Callable[[SourceContext], Source]) -> None:
        """What works out the objects of kinds with ``storage=Computed(source=name)``."""
        self.sources.add(self._part(name, make))

    def admission(self, name: str, make: Callable[[AccessContext], Admission]) -> None:
        self.admissions.add(self._part(name, make))

    def authenticator(self, name: str, make: Callable[[AccessContext], Authenticator]) -> None:
        self.authenticators.add(self._part(name, make))

    def authorizer(self, name: str, make: Callable[[AccessContext], Authorizer]) -> None:
        self.authorizers.add(self._part(name, make))

    def kind(self, cls: type[KubeObject]) -> None:
        """A kind to serve: a class decorated with ``@kind``."""
        about = info(cls)
        for other in self.kinds:
            known = info(other)
            if (known.group, known.plural) == (about.group, about.plural) and known.version == about.version:
                raise ConfigError(f"two plugins bring {about.resource}: {self.kinds[other]} and {self.plugin}")
        self.kinds[cls] = self.plugin

    def command(self, name: str, make: Callable[[], click.Command]) -> None:
        """A sub-command of ``sampan``."""
        self.commands.add(self._part(name, make))

    def _part(
        self,
        name: str,
        make: Callable[..., Any],
        unavailable: Availability = lambda: None,
        rank: int | None = None,
    ) -> Part[Any]:
        doc = (make.__doc__ or "").strip().partition("\n")[0]
        return Part(name, make, self.plugin, unavailable, rank, doc)
