"""Static pods: manifests in a folder of the node, followed as they change.

The API only shows a static pod, by a *mirror pod* that is bound to its node and made again when somebody deletes it. Its
containers go on meanwhile: the node agent knows it by its manifest (`sampan.core.node.identity`) and ends it with that.
https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Create, Delete, Plan
from sampan.core.errors import BadRequest, SampanError
from sampan.core.loops import Background
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import OwnerReference
from sampan.core.node.identity import MIRROR, node_uid
from sampan.core.reconcile.clock import Clock
from sampan.core.schema.codec import from_wire
from sampan.core.schema.decode import decode_body
from sampan.core.schema.resource import resource_of

log = logging.getLogger(__name__)

SUFFIXES = (".yaml", ".yml", ".json")
GATHERED = 0.1
"""Seconds in which changes of files are gathered: an editor makes several of one."""
SOURCE = "kubernetes.io/config.source"
HASH = "kubernetes.io/config.hash"
"""The kubelet's annotations."""


@frozen
class Manifests:
    """What was found in a folder."""

    pods: Mapping[Path, Pod]
    unread: frozenset[Path] = frozenset()
    """Files that are there and are no Pod, at this moment at least."""


class StaticPodController:
    """A `Controller` whose desired state is a folder. `take` gives the keys that a change of files concerns.

    The folder must have been read once before the controller runs: a pod of its own that no file asks for is deleted.
    A file that cannot be read at this moment (editors truncate, then write) goes on asking for what it asked for before.
    """

    name = "static-pods"

    def __init__(self, folder: Path, node: str) -> None:
        self.folder = folder
        self._node = node
        self._files: Mapping[Path, Pod] = {}
        self._wanted: Mapping[Key, Pod] = {}
        self._unclear = False
        """There is a file of which nobody knows yet what it asks for."""
        self._spared: set[Key] = set()
        """Pods that no file asks for, left alone while that was unclear."""
        self.watches = (Watch(kind=Pod, keys=self._own_pods), Watch(kind=Node, keys=self._of_own_node))

    def reload(self) -> set[Key]:
        """`read` and `take` in one."""
        return self.take(self.read())

    def read(self) -> Manifests:
        """Look into the folder. Blocking; changes nothing here, so that it may be done in a thread."""
        return read_manifests(self.folder, self._node)

    def take(self, found: Manifests) -> set[Key]:
        before = self._wanted
        kept = {file: self._files[file] for file in found.unread if file in self._files}
        self._files = {**kept, **found.pods}
        self._wanted = {Key(*pod.key): pod for _, pod in sorted(self._files.items())}
        self._unclear = len(kept) < len(found.unread)
        changed = {key for key in before.keys() | self._wanted.keys() if before.get(key) != self._wanted.get(key)}
        if not self._unclear:
            changed |= self._spared
            self._spared = set()
        return changed

    @property
    def wanted(self) -> set[Key]:
        """The pods that the folder asks for."""
        return set(self._wanted)

    def uids(self) -> set[str]:
        """By which the node knows them."""
        return {node_uid(pod) for pod in self._wanted.values()}

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        wanted = self._wanted.get(key)
        there = state.get(Pod, key.namespace, key.name)
        if there is None:
            node = state.get(Node, "", self._node)
            if wanted is None or node is None:
                return NOTHING
            return Plan(actions=(Create(obj=owned_by(wanted, node), ignore_exists=True),))
        is_as_wanted = wanted and there.metadata.annotations.get(HASH) == wanted.metadata.annotations[HASH]
        if is_as_wanted and there.metadata.deletion_timestamp:
            # Somebody deleted it: it is made anew. The pod itself, which it only mirrors, goes on.
            return Plan(actions=(self._delete(there, grace_period=0),))
        if is_as_wanted or there.metadata.deletion_timestamp or not self._is_ours(there):
            return NOTHING
        if wanted is None and self._unclear:
            self._spared.add(key)
            return NOTHING
        return Plan(actions=(self._delete(there),))

    def _delete(self, pod: Pod, grace_period: int | None = None) -> Delete:
        namespace, name = pod.key
        return Delete(kind=Pod, namespace=namespace, name=name, uid=pod.metadata.uid, grace_period=grace_period)

    def _own_pods(self, obj: KubeObject, _state: Lister) -> Iterable[Key]:
        if isinstance(obj, Pod) and self._is_ours(obj):
            yield Key(*obj.key)

    def _of_own_node(self, obj: KubeObject, _state: Lister) -> Iterable[Key]:
        """Mirror pods belong to the Node: they are made when it is there, and go with it."""
        return tuple(self._wanted) if obj.metadata.name == self._node else ()

    def _is_ours(self, pod: Pod) -> bool:
        return pod.spec.node_name == self._node and MIRROR in pod.metadata.annotations


def read_manifests(folder: Path, node: str) -> Manifests:
    """The pods that a folder's files describe, as their mirror pods. A file that is no Pod holds the others not up."""
    pods, unread = {}, set()
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if file.suffix not in SUFFIXES or file.name.startswith("."):
            continue
        try:
            pods[file] = mirror_pod(file.read_bytes(), file.suffix, node)
        except FileNotFoundError:
            continue
        except (SampanError, OSError) as exc:
            log.warning("the static pod manifest %s is left out: %s", file, exc)
            unread.add(file)
    return Manifests(pods, frozenset(unread))


def owned_by(pod: Pod, node: Node) -> Pod:
    """A mirror pod as one of its Node's."""
    owner = OwnerReference(
        api_version="v1", kind="Node", name=node.metadata.name or "", uid=node.metadata.uid or "", controller=True
    )
    return evolve(pod, metadata=evolve(pod.metadata, owner_references=(owner,)))


def check_references(pod: Pod) -> None:
    """Raises `BadRequest` for a static pod that needs what only the API has: it runs without, also before there is one."""
    spec = pod.spec
    containers = (*spec.init_containers, *spec.containers)
    env = [each.value_from for spec in containers for each in spec.env if each.value_from is not None]
    env_from = [each for spec in containers for each in spec.env_from]
    projected = [source for each in spec.volumes if each.projected is not None for source in each.projected.sources]
    referred = {
        "serviceaccounts": bool(spec.service_account_name),
        "secrets": bool(
            spec.image_pull_secrets
            or any(each.secret_key_ref for each in env)
            or any(each.secret_ref for each in env_from)
            or any(each.secret for each in spec.volumes)
            or any(each.secret for each in projected)
        ),
        "configmaps": bool(
            any(each.config_map_key_ref for each in env)
            or any(each.config_map_ref for each in env_from)
            or any(each.config_map for each in spec.volumes)
            or any(each.config_map for each in projected)
        ),
        "persistentvolumeclaims": any(each.persistent_volume_claim for each in spec.volumes),
        "resourceclaims": bool(spec.resource_claims),
    }
    for resource, there in referred.items():
        if there:
            raise BadRequest(f"static pods may not reference {resource}")


def mirror_pod(text: bytes, suffix: str, node: str) -> Pod:
    """The mirror pod of one manifest: named after the node, bound to it, with the manifest's hash.

    Raises the decoder's `BadRequest` for what is not a Pod, and another for one that refers to objects of the API.
    """
    if not text.strip():  # it is being written
        raise BadRequest("the file is empty")
    media_type = "application/json" if suffix == ".json" else "application/yaml"
    wire = decode_body(resource_of(Pod), text, media_type=media_type, validation="Strict").value
    metadata = wire.setdefault("metadata", {})
    metadata["name"] = f"{metadata.get('name', '')}-{node}"
    metadata.setdefault("namespace", "default")
    digest = hashlib.sha256(text + node.encode()).hexdigest()[:32]
    metadata["annotations"] = {**metadata.get("annotations", {}), SOURCE: "file", HASH: digest, MIRROR: digest}
    spec = wire.setdefault("spec", {})
    spec["nodeName"] = node
    spec["tolerations"] = [*spec.get("tolerations", []), {"operator": "Exists", "effect": "NoExecute"}]
    pod = from_wire(Pod, wire)
    check_references(pod)
    return pod


class ManifestFollower:
    """Has a controller read its folder again when something in it changes. On the event loop; reading is in a thread."""

    def __init__(self, controller: StaticPodController, enqueue: Callable[[Key], None], clock: Clock) -> None:
        self._controller = controller
        self._enqueue = enqueue
        self._clock = clock
        self._changed = asyncio.Event()
        self._watch: FolderWatch | None = None
        self._loop = Background()

    def start(self) -> None:
        """Look at all that is wanted, and follow what changes from now on."""
        self._watch = FolderWatch(self._controller.folder, self._changed.set)
        self._changed.set()  # it may have changed since it was read
        for key in self._controller.wanted:
            self._enqueue(key)
        self._loop.start(self._follow, "static pods", self._clock.sleep)

    async def stop(self) -> None:
        await self._loop.stop()
        if self._watch is not None:
            await self._watch.stop()

    async def _follow(self) -> None:
        await self._changed.wait()
        await self._clock.sleep(GATHERED)
        self._changed.clear()
        for key in self._controller.take(await asyncio.to_thread(self._controller.read)):
            self._enqueue(key)


class FolderWatch:
    """Calls back on the event loop when anything in a folder changes."""

    def __init__(self, folder: Path, on_change: Callable[[], None]) -> None:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        loop = asyncio.get_running_loop()

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type not in ("opened", "closed_no_write"):
                    loop.call_soon_threadsafe(on_change)

        self._observer = Observer()
        self._observer.schedule(Handler(), str(folder))
        self._observer.start()

    async def stop(self) -> None:
        self._observer.stop()
        await asyncio.to_thread(self._observer.join)
