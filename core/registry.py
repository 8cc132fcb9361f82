"""The typed registry that plugins put their parts into, and from which start-up picks by name.

Registration order decides nothing: names are looked up, and where several parts run side by side (admission,
authenticators) their own ``order`` sorts them. What is registered is held against its contract (`parts`): its author is
told what is missing, rather than a user by a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from sampan.core.errors import ConfigError
from sampan.core.model.kinds import KubeObject, info
from sampan.core.parts import Availability, Parts, checked_part
from sampan.core.plugin_settings import read_settings

if TYPE_CHECKING:
    import click

    from sampan.core.config import ClusterContext
    from sampan.core.contracts.access import AccessContext, Admission, Authenticator, Authorizer
    from sampan.core.contracts.balancer import Balancer
    from sampan.core.contracts.controller import Controller
    from sampan.core.contracts.csi import CsiDriver, CsiSettings
    from sampan.core.contracts.groundwork import Groundwork
    from sampan.core.contracts.http_router import HttpRouter, RouterSettings
    from sampan.core.contracts.metrics import MetricsProvider
    from sampan.core.contracts.name_server import NameServer, NameServerSettings
    from sampan.core.contracts.policy import EnforcerSettings, PolicyEnforcer
    from sampan.core.contracts.provisioner import Provisioner, ProvisionerSettings
    from sampan.core.contracts.proxy import Proxy, ProxySettings
    from sampan.core.contracts.runtime import Runtime, RuntimeSettings
    from sampan.core.contracts.scheduler import Scheduler
    from sampan.core.contracts.scheduler_plugin import SchedulerPlugin
    from sampan.core.contracts.source import Source, SourceContext
    from sampan.core.contracts.volume import VolumeDriver
    from sampan.core.store.contract import Store

T = TypeVar("T")
_CSI_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")


class Registry:
    """What `sampan_register` is given. ``plugin`` is set by the caller to the name of the plugin being asked."""

    def __init__(self, settings: Mapping[str, Mapping[str, Any]] | None = None, *, host_only: bool = False) -> None:
        """``settings``: what the configuration file says to each plugin. ``host_only``: see there."""
        self.plugin = ""
        self.host_only = host_only
        """No API is going to be served: kinds, controllers, stores and the like need not be registered, only what runs pods
        here, keeps their volumes and leads their traffic."""
        self._settings = settings or {}
        self.settings_read: set[str] = set()
        """Plugins that have asked for theirs."""
        self.runtimes: Parts[Runtime] = Parts("runtime", "sampan.core.contracts.runtime:Runtime")
        self.volume_drivers: Parts[VolumeDriver] = Parts("volume driver", "sampan.core.contracts.volume:VolumeDriver")
        self.provisioners: Parts[Provisioner] = Parts("provisioner", "sampan.core.contracts.provisioner:Provisioner")
        self.csi_drivers: Parts[CsiDriver] = Parts("CSI driver", "sampan.core.contracts.csi:CsiDriver")
        self.schedulers: Parts[Scheduler] = Parts("scheduler", "sampan.core.contracts.scheduler:Scheduler")
        self.scheduler_plugins: Parts[SchedulerPlugin] = Parts(
            "scheduler plugin", "sampan.core.contracts.scheduler_plugin:SchedulerPlugin"
        )
        self.controllers: Parts[Controller] = Parts("controller", "sampan.core.contracts.controller:Controller")
        self.pod_players: set[str] = set()
        self.dual_stack_runtimes: set[str] = set()
        self.dual_stack_proxies: set[str] = set()
        self.proxies: Parts[Proxy] = Parts("proxy", "sampan.core.contracts.proxy:Proxy")
        self.balancing_proxies: set[str] = set()
        self.balancers: Parts[Balancer] = Parts("balancer", "sampan.core.contracts.balancer:Balancer")
        self.policy_enforcers: Parts[PolicyEnforcer] = Parts(
            "enforcer of network policies", "sampan.core.contracts.policy:PolicyEnforcer"
        )
        self.name_servers: Parts[NameServer] = Parts("name server", "sampan.core.contracts.name_server:NameServer")
        self.http_routers: Parts[HttpRouter] = Parts("HTTP router", "sampan.core.contracts.http_router:HttpRouter")
        self.stores: Parts[Store] = Parts("store", "sampan.core.store.contract:Store")
        self.volatile_stores: set[str] = set()
        self.shared_stores: set[str] = set()
        self.sources: Parts[Source] = Parts("source of computed objects", "sampan.core.contracts.source:Source")
        self.metrics_providers: Parts[MetricsProvider] = Parts(
            "provider of metrics", "sampan.core.contracts.metrics:MetricsProvider"
        )
        self.admissions: Parts[Admission] = Parts("admission", "sampan.core.contracts.access:Admission")
        self.authenticators: Parts[Authenticator] = Parts("authenticator", "sampan.core.contracts.access:Authenticator")
        self.authorizers: Parts[Authorizer] = Parts("authorizer", "sampan.core.contracts.access:Authorizer")
        self.groundworks: Parts[Groundwork] = Parts("groundwork", "sampan.core.contracts.groundwork:Groundwork")
        self.commands: Parts[click.Command] = Parts("command", "click:Command")
        self.kinds: dict[type[KubeObject], str] = {}
        self._kinds_by_place: dict[tuple[str, str, str], type[KubeObject]] = {}
        """By group, version and plural."""

    def runtime(
        self,
        name: str,
        make: Callable[[RuntimeSettings], Runtime],
        *,
        unavailable: Availability = lambda: None,
        rank: int | None = None,
        dual_stack: bool = False,
    ) -> None:
        """Something that runs pods. ``auto`` asks ``unavailable`` by ascending ``rank``.

        ``dual_stack``: where ``RuntimeSettings.families`` has two, pods have an address of each.
        """
        self._add(self.runtimes, name, make, unavailable, rank)
        if dual_stack:
            self.dual_stack_runtimes.add(name)

    def volume_driver(self, name: str, make: Callable[[], VolumeDriver]) -> None:
        """A volume type, named as in the pod spec (``emptyDir``)."""
        self._add(self.volume_drivers, name, make)

    def provisioner(self, name: str, make: Callable[[ProvisionerSettings], Provisioner]) -> None:
        """Who makes volumes for claims, under the name that StorageClasses know it by."""
        self._add(self.provisioners, name, make)

    def csi_driver(self, name: str, make: Callable[[CsiSettings], CsiDriver]) -> None:
        """A storage driver, by the name that pods, PersistentVolumes and StorageClasses know it by; made per node."""
        if not _CSI_NAME.fullmatch(name):
            raise ConfigError(
                f"the plugin {self.plugin!r} names a CSI driver {name!r}: use at most 63 letters, digits, dashes and dots"
            )
        self._add(self.csi_drivers, name, make)

    def scheduler(self, name: str, make: Callable[[list[SchedulerPlugin]], Scheduler]) -> None:
        """A scheduler, for pods whose ``spec.schedulerName`` is ``name``."""
        self._add(self.schedulers, name, make)

    def scheduler_plugin(self, name: str, make: Callable[[], SchedulerPlugin]) -> None:
        """A concern of the built-in scheduler."""
        self._add(self.scheduler_plugins, name, make)

    def controller(self, name: str, make: Callable[[ClusterContext], Controller], *, plays_pods: bool = False) -> None:
        """``plays_pods``: it says what becomes of pods, and node agents leave them alone; only simulated nodes may."""
        self._add(self.controllers, name, make)
        if plays_pods:
            self.pod_players.add(name)

    def proxy(
        self,
        name: str,
        make: Callable[[ProxySettings], Proxy],
        *,
        unavailable: Availability = lambda: None,
        rank: int | None = None,
        balances: bool = False,
        dual_stack: bool = False,
    ) -> None:
        """What carries service addresses.

        ``balances``: it leaves to ``ProxySettings.balancer`` where to. ``dual_stack``: it serves addresses of both IP
        families where ``ProxySettings.families`` has them.
        """
        self._add(self.proxies, name, make, unavailable, rank)
        if balances:
            self.balancing_proxies.add(name)
        if dual_stack:
            self.dual_stack_proxies.add(name)

    def balancer(self, name: str, make: Callable[[], Balancer], *, rank: int | None = None) -> None:
        """Which endpoint a new connection goes to, in proxies that ask; made for each port of each Service."""
        self._add(self.balancers, name, make, rank=rank)

    def policy_enforcer(
        self,
        name: str,
        make: Callable[[EnforcerSettings], PolicyEnforcer],
        *,
        unavailable: Availability = lambda: None,
        rank: int | None = None,
    ) -> None:
        """What holds pods to NetworkPolicies on a machine."""
        self._add(self.policy_enforcers, name, make, unavailable, rank)

    def name_server(
        self,
        name: str,
        make: Callable[[NameServerSettings], NameServer],
        *,
        unavailable: Availability = lambda: None,
        rank: int | None = None,
    ) -> None:
        """What answers DNS queries about the cluster."""
        self._add(self.name_servers, name, make, unavailable, rank)

    def http_router(
        self,
        name: str,
        make: Callable[[RouterSettings], HttpRouter],
        *,
        unavailable: Availability = lambda: None,
        rank: int | None = None,
    ) -> None:
        """What takes HTTP requests from outside to pods, as Ingresses say."""
        self._add(self.http_routers, name, make, unavailable, rank)

    def store(self, scheme: str, make: Callable[[str], Store], *, volatile: bool = False, shared: bool = False) -> None:
        """A store for URLs that begin with ``scheme:``; ``make`` gets the whole URL.

        A ``volatile`` one is empty at every start; another that is found empty has lost its data. A ``shared`` one may be
        that of several control planes at a time: one of them is elected to run the controllers.
        """
        self._add(self.stores, scheme, make)
        if volatile:
            self.volatile_stores.add(scheme)
        if shared:
            self.shared_stores.add(scheme)

    def source(self, name: str, make: Callable[[SourceContext], Source]) -> None:
        """What works out the objects of kinds with ``storage=Computed(source=name)``."""
        self._add(self.sources, name, make)

    def metrics_provider(self, name: str, make: Callable[[], MetricsProvider]) -> None:
        """Metrics besides CPU and memory, for autoscalers. They are asked by name, until one knows the metric."""
        self._add(self.metrics_providers, name, make)

    def admission(
        self, name: str, make: Callable[[AccessContext], Admission], *, unless_asked: Literal["on", "off"] = "on"
    ) -> None:
        """``unless_asked``: what holds where neither --enable-admission-plugins nor --disable-… names it."""
        self._add(self.admissions, name, make, rank=0 if unless_asked == "on" else None)

    def authenticator(self, name: str, make: Callable[[AccessContext], Authenticator]) -> None:
        self._add(self.authenticators, name, make)

    def authorizer(self, name: str, make: Callable[[AccessContext], Authorizer]) -> None:
        self._add(self.authorizers, name, make)

    def groundwork(self, name: str, make: Callable[[ClusterContext], Groundwork]) -> None:
        """Objects that every cluster has."""
        self._add(self.groundworks, name, make)

    def kind(self, cls: type[KubeObject]) -> None:
        """A kind to serve: a class decorated with ``@kind``."""
        try:
            about = info(cls)
        except Exception as exc:
            raise ConfigError(
                f"the plugin {self.plugin!r} registers {cls!r} as a kind: decorate the class with @kind"
            ) from exc
        other = self._kinds_by_place.setdefault((about.group, about.version, about.plural), cls)
        if other in self.kinds:
            raise ConfigError(f"two plugins bring {about.resource}: {self.kinds[other]} and {self.plugin}")
        self.kinds[cls] = self.plugin

    def command(self, name: str, make: Callable[[], click.Command]) -> None:
        """A sub-command of ``sampan``."""
        self._add(self.commands, name, make)

    def settings(self, cls: type[T]) -> T:
        """What is set for this plugin (``plugins.NAME.settings`` of the configuration file), as its own attrs class.

        Raises `ConfigError` for settings that the class does not know, or of another type.
        """
        self.settings_read.add(self.plugin)
        return read_settings(cls, self._settings.get(self.plugin, {}), self.plugin)

    def all_parts(self) -> tuple[Parts[Any], ...]:
        """Every sort of parts, for those who list them."""
        return tuple(value for value in vars(self).values() if isinstance(value, Parts))

    def forget(self, plugin: str) -> None:
        """Take out whatever ``plugin`` has brought."""
        for parts in self.all_parts():
            parts.forget(plugin)
        self.kinds = {cls: bringer for cls, bringer in self.kinds.items() if bringer != plugin}
        self._kinds_by_place = {place: cls for place, cls in self._kinds_by_place.items() if cls in self.kinds}

    def _add(
        self,
        parts: Parts[Any],
        name: str,
        make: Callable[..., Any],
        unavailable: Availability = lambda: None,
        rank: int | None = None,
    ) -> None:
        parts.add(checked_part(parts, name, make, self.plugin, unavailable, rank))
