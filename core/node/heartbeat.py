"""Registers the node and keeps telling the API that it lives: a Lease every ten seconds, the status when it changes.

Two tasks on the event loop. https://kubernetes.io/docs/reference/node/node-status/#heartbeats
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sampan.core.contracts.runtime import Image, RuntimeInfo
from sampan.core.errors import AlreadyExists, NotFound, SampanError
from sampan.core.loops import run_for_ever
from sampan.core.model.coordination_v1.lease import Lease, LeaseSpec
from sampan.core.model.core_v1.node import Node, NodeStatus
from sampan.core.model.meta import MicroTime
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.node.machine.facts import pressures
from sampan.core.node.machine.node_status import new_node, node_labels, node_status
from sampan.core.node.parts import NodeParts
from sampan.core.node.threads import Threads
from sampan.core.schema.codec import to_wire
from sampan.core.schema.scalars import format_micro_time

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS, LEASE_EVERY = 40, 10.0
STATUS_EVERY = timedelta(minutes=5)
RUNTIME_PATIENCE = 10.0
"""Seconds that the runtime has to say that it is there."""


class Heartbeat:
    """`register` once; then `start`."""

    def __init__(self, parts: NodeParts) -> None:
        self._parts = parts
        self._node: Node | None = None
        self._pressed: frozenset[str] = frozenset()
        self._told_at: datetime | None = None
        self._problem = ""
        """Why the runtime is taken for dead; empty: it answers."""
        self._checks = Threads(2)
        self._last_word: tuple[RuntimeInfo, Sequence[Image]] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def node(self) -> Node:
        """As the API had it last."""
        assert self._node is not None, "register first"
        return self._node

    async def register(self) -> None:
        """Make the Node, or take over the one that is there."""
        parts, settings = self._parts, self._parts.settings
        try:
            found: Node | None = await parts.client.get(Node, "", settings.name)
        except NotFound:
            found = None
        status = await self._status(found.status if found else NodeStatus())
        if found is None:
            try:
                cidr = parts.runtime.pod_cidr()
                found = await parts.client.create(new_node(settings, cidr, status))
            except AlreadyExists:
                found = await parts.client.get(Node, "", settings.name)
        elif any(found.metadata.labels.get(key) != value for key, value in node_labels(settings).items()):
            labels = {"metadata": {"labels": node_labels(settings)}}
            found = await parts.client.patch(Node, "", settings.name, labels, type="strategic")
        self._node = found
        await self._tell(status)
        parts.recorder.emit(self.node, "NodeReady", f"Node {settings.name} status is now: NodeReady")

    def start(self) -> None:
        node, sleep = self._parts.settings.name, self._parts.clock.sleep
        for turn, name in ((self._beat, f"heartbeat of {node}"), (self._look, f"status of {node}")):
            loop = run_for_ever(turn, name, sleep, longest_retry=LEASE_EVERY)
            self._tasks.append(asyncio.create_task(loop, name=name))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _beat(self) -> None:
        await self._renew()
        await self._parts.clock.sleep(LEASE_EVERY)

    async def _look(self) -> None:
        """Beside the Lease, which waits for nobody."""
        await self._parts.clock.sleep(LEASE_EVERY)
        await self._tell_if_due()

    async def _tell_if_due(self) -> None:
        now = self._parts.clock.now()
        due = self._told_at is None or now - self._told_at >= STATUS_EVERY
        problem = await self._check_runtime()
        changed, self._problem = bool(problem) != bool(self._problem), problem
        if due or changed or pressures(self._parts.settings.data_dir) != self._pressed:
            await self._tell(await self._status(self.node.status))
        if changed:
            reason = "NodeNotReady" if problem else "NodeReady"
            message = f"Node {self._parts.settings.name} status is now: {reason}"
            self._parts.recorder.emit(self.node, reason, message)

    async def _check_runtime(self) -> str:
        """Why the runtime is taken for dead. A hung one holds up neither the Lease nor this."""
        try:
            async with asyncio.timeout(RUNTIME_PATIENCE):  # `wait_for` of Python 3.11 may swallow a cancellation
                await self._checks.run(self._parts.runtime.info)
        except TimeoutError:
            return f"it has not answered for {RUNTIME_PATIENCE:g} s"
        except SampanError as exc:
            return str(exc)
        return ""

    async def _status(self, old: NodeStatus) -> NodeStatus:
        parts = self._parts
        self._pressed = pressures(parts.settings.data_dir)
        if not self._problem or self._last_word is None:
            self._last_word = await parts.calls.run(self._ask_runtime)
        info, images = self._last_word
        return node_status(parts.settings, info, images, self._pressed, old, parts.clock.now(), self._problem)

    def _ask_runtime(self) -> tuple[RuntimeInfo, Sequence[Image]]:
        runtime = self._parts.runtime
        return runtime.info(), runtime.list_images()

    async def _tell(self, status: NodeStatus) -> None:
        settings = self._parts.settings
        told = to_wire(status)
        # They are merged by their type, of which a node of both IP families has several.
        patch = {"status": {**told, "addresses": [{"$patch": "replace"}, *told.get("addresses", ())]}}
        try:
            self._node = await self._parts.client.patch(
                Node, "", settings.name, patch, type="strategic", subresource="status"
            )
        except NotFound:
            # Somebody deleted the Node while its agent lives: it comes back, as in Kubernetes.
            cidr = self._parts.runtime.pod_cidr()
            self._node = await self._parts.client.create(new_node(settings, cidr, status))
        self._told_at = self._parts.clock.now()

    async def _renew(self) -> None:
        name, client = self._parts.settings.name, self._parts.client
        now = self._parts.clock.now()
        try:
            spec = {"spec": {"renewTime": format_micro_time(MicroTime(now)), "holderIdentity": name}}
            await client.patch(Lease, LEASE_NAMESPACE, name, spec)
        except NotFound:
            spec_made = LeaseSpec(holder_identity=name, lease_duration_seconds=LEASE_SECONDS, renew_time=MicroTime(now))
            node = OwnerReference(api_version="v1", kind="Node", name=name, uid=self.node.metadata.uid or "")
            meta = ObjectMeta(name=name, namespace=LEASE_NAMESPACE, owner_references=(node,))
            lease = Lease(metadata=meta, spec=spec_made)
            await client.create(lease)
