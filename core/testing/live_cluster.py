"""A cluster as a test that is a plain function works with it: typed objects, manifests, waiting, requests, faults.

Its control plane is the real one, in this process, and so are its nodes, whose pods are simulated. `live_cluster` in
`sampan.core.testing.start` makes one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from sampan.core.client.http import HttpClient
from sampan.core.client.protocol import Client
from sampan.core.errors import ConfigError, NotFound
from sampan.core.kubeconfig import write_kubeconfig
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject, Propagation
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.plugins import Plugins
from sampan.core.testing.backends import Backend
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.manifests import Manifest, Manifests, read_manifests
from sampan.core.testing.traffic import Faults, SeenRequests, Traffic, check_pattern
from sampan.core.testing.wait import PATIENCE, eventually

T = TypeVar("T", bound=KubeObject)


class LiveCluster:
    """What a test works with. Objects are named in one order everywhere: kind, namespace, name."""

    def __init__(self, cluster: Backend, loop: LoopThread, traffic: Traffic, plugins: Plugins, folder: Path) -> None:
        self._cluster = cluster
        self._loop = loop
        self._http: HttpClient | None = None
        self._manifests = Manifests(self.request)
        self.plugins = plugins
        self._watches = traffic.watches
        self.requests: SeenRequests = traffic.requests
        """What was asked of the API since it was ready: ``requests.where(verb="patch", resource="pods")``."""
        self.faults: Faults = traffic.faults
        """``faults.add(verb="update", resource="pods", error=409, times=3)``."""
        self._folder = folder

    @property
    def server(self) -> str:
        """Its URL."""
        return self._cluster.access.server

    @property
    def kubeconfig(self) -> Path:
        """A file for kubectl and client libraries, as administrator."""
        file = self._folder / "kubeconfig"
        if not file.exists():
            write_kubeconfig(file, self._cluster.access, lasting=False)
        return file

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

    def namespace(self, prefix: str = "test-") -> str:
        """The name of a new namespace: for tests that share a cluster."""
        made = self.create(Namespace(metadata=ObjectMeta(generate_name=prefix)))
        return made.metadata.name or ""

    # Any objects, as they are on the wire

    def request(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """One exchange over HTTPS; raises the error that the server's Status stands for."""
        return self._loop.run(self._https.request(method, path, body, **options))

    def apply(
        self, manifests: str | Path | Manifest | Iterable[Manifest], *, namespace: str = "default"
    ) -> Sequence[Any]:
        """Server-side apply of manifests: YAML text, a file, or objects. Returns what they became."""
        return [self._manifests.apply(manifest, namespace) for manifest in read_manifests(manifests)]

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

    def wait_until(self, condition: Callable[[], object], what: str = "", *, within: float = PATIENCE) -> None:
        """Until ``condition`` holds, of whatever it looks at. Failed assertions, and what is not found, mean "not yet"."""
        eventually(condition, what, within=within, but=(NotFound,))

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

    def settle(self, *, within: float = 60.0) -> None:
        """Wait until no controller has anything to do at this moment. Raises `TimeoutError`."""
        self._loop.run(self._cluster.settled(), timeout=within)

    def disconnect(self, **pattern: str) -> None:
        """Break off every connection to the API, as a network that fails does; with a pattern, those of its watches.

        ``disconnect(resource="pods")`` is the end of all watches of pods, without a word; `faults` are for what comes.
        """
        check_pattern(pattern)
        if pattern:
            self._loop.call(lambda: self._watches.abort(pattern))
        else:
            self._loop.call(self._cluster.api.break_connections)

    def story(self) -> str:
        """What a person would look at first when a test fails: pods, warnings, the last requests."""
        pods = [f"  {pod.metadata.namespace}/{pod.metadata.name} {pod.status.phase}" for pod in self.list(Pod)]
        events = [f"  {each.reason}: {each.message}" for each in self.list(Event) if each.type == "Warning"]
        requests = [f"  {each.user} {each.verb} {each.resource or each.path} {each.name}" for each in self.requests]
        return "\n".join(["pods:", *pods, "warnings:", *events[-20:], "requests:", *_counted(requests)[-30:]])

    def close(self) -> None:
        """End it. Raises `AssertionError` where something of it goes on."""
        if self._http is not None:
            self._loop.run(self._http.close())
        self._loop.run(self._cluster.stop())
        left = self._loop.cancel_pending()
        assert not left, f"the cluster has left tasks behind: {left}"

    @property
    def _client(self) -> Client:
        return self._cluster.api.client()

    @property
    def _https(self) -> HttpClient:
        if self._http is None:
            self._http = self._loop.call(lambda: HttpClient(self._cluster.access))
        return self._http


def _counted(lines: Iterable[str]) -> list[str]:
    """Each line once where it stands several times in a row: who waits asks the same again and again."""
    runs = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if times == 1 else f"{line} ({times} times)" for line, times in runs]
