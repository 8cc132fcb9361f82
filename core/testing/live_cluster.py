"""A cluster that runs during a test, for tests that are plain functions: typed objects, manifests, waiting, faults.

Its control plane is the real one, in this process, and so are its nodes, whose pods are simulated. `sampan.core.testing.
pytest_plugin` makes one for each test that asks; without pytest, use `live_cluster`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sampan.core.api.local import LocalClient
from sampan.core.api.server import ApiServer
from sampan.core.client.http import HttpClient
from sampan.core.cluster import Cluster
from sampan.core.config import Config
from sampan.core.contracts.proxy import ProxyReport, ProxySettings
from sampan.core.errors import ConfigError, NotFound
from sampan.core.hooks import hookimpl
from sampan.core.kubeconfig import Access, write_kubeconfig
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject, Propagation
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugin_sources import OWN_DISTRIBUTION, installed_entry_points, named
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.registry import Registry
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.traffic import Faults, SeenRequests, Traffic
from sampan.core.testing.wait import PATIENCE, eventually

if TYPE_CHECKING:
    from importlib import metadata

T = TypeVar("T", bound=KubeObject)
Manifest = Mapping[str, Any]
APPLY = "application/apply-patch+yaml"


class Backend(Protocol):
    """What is started and stopped behind a `LiveCluster`: a whole cluster, or a control plane alone."""

    @property
    def api(self) -> ApiServer: ...

    @property
    def access(self) -> Access: ...

    async def start(self) -> None: ...

    async def settled(self) -> None: ...

    async def stop(self) -> None: ...


class PlaneAlone:
    """A control plane with its controllers, and no node."""

    def __init__(self, folder: Path, plugins: Plugins, clock: Clock | None) -> None:
        self._made = control_plane(folder, plugins=plugins, controllers=True, clock=clock)
        self._cleanup = AsyncExitStack()
        self._plane: ControlPlane | None = None

    @property
    def api(self) -> ApiServer:
        return self._started.api

    @property
    def access(self) -> Access:
        return self._started.access

    async def start(self) -> None:
        self._plane = await self._cleanup.enter_async_context(self._made)

    async def settled(self) -> None:
        if self._started.engine is not None:
            await self._started.engine.settled()

    async def stop(self) -> None:
        await self._cleanup.aclose()

    @property
    def _started(self) -> ControlPlane:
        assert self._plane is not None, "it has been started"
        return self._plane


class LiveCluster:
    """What a test works with. Objects are named in one order everywhere: kind, namespace, name."""

    def __init__(self, cluster: Backend, loop: LoopThread, traffic: Traffic, plugins: Plugins, folder: Path) -> None:
        self._cluster = cluster
        self._loop = loop
        self._http: HttpClient | None = None
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}
        self.plugins = plugins
        self.requests: SeenRequests = traffic.requests
        """What was asked of the API so far: ``requests.where(verb="patch", resource="pods")``."""
        self.faults: Faults = traffic.faults
        """``faults.add(verb="update", resource="pods", error=409, times=3)``."""
        self.kubeconfig = folder / "kubeconfig"
        """For kubectl and client libraries, as administrator."""

    @property
    def server(self) -> str:
        """Its URL."""
        return self._cluster.access.server

    # Typed objects

    def get(self, kind: type[T], namespace: str, name: str) -> T:
        """Raises `NotFound`."""
        return self._loop.run(self._client.get(kind, namespace, name))

    def list(self, kind: type[T], namespace: str | None = None, *, labels: str = "", fields: str = "") -> Sequence[T]:
        """All, or one namespace's."""
        listing = self._client.list(kind, namespace, label_selector=labels, field_selector=fields)
        return self._loop.run(listing).items

    def create(self, obj: T) -> T:
        return self._loop.run(self._client.create(obj))

    def update(self, obj: T, *, subresource: str = "") -> T:
        return self._loop.run(self._client.update(obj, subresource=subresource))

    def patch(self, kind: type[T], namespace: str, name: str, patch: Manifest, *, subresource: str = "") -> T:
        """A merge patch."""
        return self._loop.run(self._client.patch(kind, namespace, name, patch, subresource=subresource))

    def delete(
        self, kind: type[KubeObject], namespace: str, name: str, *, propagation: Propagation | None = None,
        grace_period: int | None = None,
    ) -> None:  # fmt: skip
        self._loop.run(self._client.delete(kind, namespace, name, propagation=propagation, grace_period=grace_period))

    # Any objects, as they are on the wire

    def request(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """One exchange over HTTPS; raises the error that the server's Status stands for."""
        return self._loop.run(self._https.request(method, path, body, **options))

    def apply(
        self, manifests: str | Path | Manifest | Iterable[Manifest], *, namespace: str = "default"
    ) -> Sequence[Any]:
        """Server-side apply of manifests: YAML text, a file, or objects. Returns what they became."""
        return [self._apply(manifest, namespace) for manifest in _manifests(manifests)]

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """What kubectl prints. Raises `AssertionError` with its words where it fails."""
        program = shutil.which("kubectl")
        if program is None:
            raise ConfigError("there is no kubectl on the PATH")
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        done = subprocess.run(
            [program, *words], input=stdin, capture_output=True, text=True, env=environment, timeout=60, check=False
        )
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    # What comes of it

    def wait_for(
        self,
        kind: type[T],
        namespace: str,
        name: str,
        condition: Callable[[T], object] = lambda _: True,
        *,
        within: float = PATIENCE,
    ) -> T:
        """The object, once it is there and ``condition`` holds."""

        def check() -> T:
            obj = self.get(kind, namespace, name)
            assert condition(obj), f"it is not so yet: {obj}"
            return obj

        return eventually(check, f"{kind.__name__} {namespace}/{name}", within=within, but=(NotFound,))

    def wait_gone(self, kind: type[KubeObject], namespace: str, name: str, *, within: float = PATIENCE) -> None:
        def gone() -> bool:
            try:
                self.get(kind, namespace, name)
            except NotFound:
                return True
            return False

        eventually(gone, f"the end of {kind.__name__} {namespace}/{name}", within=within)

    def events(self, name: str = "", *, reason: str = "") -> Sequence[Event]:
        """About an object of this name, with this reason."""
        return [
            event
            for event in self.list(Event)
            if name in ("", event.involved_object.name) and reason in ("", event.reason)
        ]

    def settle(self) -> None:
        """Wait until no controller has anything to do at this moment."""
        self._loop.run(self._cluster.settled())

    def disconnect(self) -> None:
        """Break off every connection to the API, watches too, as a network that fails does."""
        self._loop.call(self._cluster.api.break_connections)

    def story(self) -> str:
        """What a person would look at first when a test fails: pods, warnings, the last requests."""
        pods = [f"  {pod.metadata.namespace}/{pod.metadata.name} {pod.status.phase}" for pod in self.list(Pod)]
        events = [f"  {each.reason}: {each.message}" for each in self.list(Event) if each.type == "Warning"]
        requests = [f"  {each.user} {each.verb} {each.resource or each.path} {each.name}" for each in self.requests]
        return "\n".join(["pods:", *pods, "warnings:", *events[-20:], "requests:", *requests[-30:]])

    def close(self) -> None:
        """End it. Raises `AssertionError` where something of it goes on."""
        if self._http is not None:
            self._loop.run(self._http.close())
        self._loop.run(self._cluster.stop())
        left = self._loop.pending()
        assert not left, f"the cluster has left tasks behind: {sorted(task.get_name() for task in left)}"

    @property
    def _client(self) -> LocalClient:
        return self._cluster.api.client()

    @property
    def _https(self) -> HttpClient:
        if self._http is None:
            self._http = self._loop.call(lambda: HttpClient(self._cluster.access))
        return self._http

    def _apply(self, manifest: Manifest, namespace: str) -> Any:
        plural, is_namespaced = self._resource(str(manifest["apiVersion"]), str(manifest["kind"]))
        version = manifest["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        name = manifest["metadata"]["name"]
        space = manifest["metadata"].get("namespace") or namespace
        path = f"{root}/namespaces/{space}/{plural}/{name}" if is_namespaced else f"{root}/{plural}/{name}"
        query = {"fieldManager": "test", "force": "true"}
        return self.request("PATCH", path, manifest, query=query, content_type=APPLY)

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        """Plural, and whether it is namespaced. Asked again where it is not known: kinds come and go."""
        if (version, kind) not in self._resources:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            for each in self.request("GET", root)["resources"]:
                if "/" not in each["name"]:
                    self._resources[(version, each["kind"])] = (each["name"], each["namespaced"])
        try:
            return self._resources[(version, kind)]
        except KeyError:
            raise ConfigError(f"the server has no {kind} in {version}") from None


class TestingPlugin:
    """What a cluster in a test has besides: a proxy that leaves the machine as it is, and an eye on the traffic."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        registry.proxy("none", NoProxy)
        registry.authorizer("traffic", lambda _context: self._traffic)


class NoProxy:
    """Serves no address."""

    def __init__(self, _settings: ProxySettings) -> None: ...

    def service_cidr(self) -> str:
        return "127.97.0.0/16"

    def start(self) -> None: ...

    def sync(self, desired: object) -> ProxyReport:
        return ProxyReport()

    def destroy(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def live_cluster(
    folder: Path,
    loop: LoopThread,
    *,
    plugins: Iterable[object] = (),
    installed: bool = False,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    nodes: int = 1,
    clock: Clock | None = None,
    pki: Path | None = None,
) -> Iterator[LiveCluster]:
    """Start it in ``folder``; it is gone afterwards.

    ``plugins``: modules, objects, or names as ``--plugin`` takes them. ``installed``: those of other distributions too.
    ``nodes``: 0 is the control plane alone. ``pki``: a folder that keeps keys and certificates from one cluster to the
    next, since making them takes a while.
    """
    traffic = Traffic()
    loaded = _load(plugins, installed, settings or {}, traffic)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if pki is not None and pki.is_dir():
        shutil.copytree(pki, folder / "pki")
        (folder / "version").write_text("1\n")
    config = Config(
        cluster="test", data_dir=folder, port=0, runtime="simulated", proxy="none", dns="none", store="memory:",
        node_name="node", nodes=nodes,
    )  # fmt: skip
    cluster: Backend = loop.call(
        lambda: Cluster(config, loaded, clock=clock) if nodes else PlaneAlone(folder, loaded, clock)
    )
    loop.run(cluster.start())
    if pki is not None and not pki.is_dir():
        shutil.copytree(folder / "pki", pki)
    made = LiveCluster(cluster, loop, traffic, loaded, folder)
    write_kubeconfig(made.kubeconfig, cluster.access)
    try:
        yield made
    finally:
        made.close()


def _load(
    plugins: Iterable[object], installed: bool, settings: Mapping[str, Mapping[str, Any]], traffic: Traffic
) -> Plugins:
    extra: list[tuple[str, object]] = [("testing", TestingPlugin(traffic))]
    for plugin in plugins:
        if isinstance(plugin, str | Path):
            found = named(str(plugin))
            extra.append((found.name, found.load()))
        else:
            name = getattr(plugin, "__name__", type(plugin).__name__)
            extra.append((name.rpartition(".")[2], plugin))
    points = installed_entry_points if installed else _own_entry_points
    return load_plugins(PluginChoice(settings=settings), extra=extra, entry_points=points)


def _own_entry_points() -> Iterable[metadata.EntryPoint]:
    """sampan's own alone, looked for once: what else is installed is no part of a test that has not named it."""
    if not _OWN:
        points = installed_entry_points()
        _OWN.extend(each for each in points if each.dist is not None and each.dist.name == OWN_DISTRIBUTION)
    return _OWN


_OWN: list[Any] = []


def _manifests(given: str | Path | Manifest | Iterable[Manifest]) -> Iterator[Manifest]:
    if isinstance(given, Path):
        given = given.read_text()
    if isinstance(given, str):
        import yaml

        yield from (document for document in yaml.safe_load_all(given) if document)
    elif isinstance(given, Mapping):
        yield given
    else:
        yield from given
