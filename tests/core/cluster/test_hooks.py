"""Every hook is called by the part whose hook it is: one pod's life in a whole cluster."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sampan.core import hooks
from sampan.core.client.protocol import Client
from sampan.core.errors import NotFound
from sampan.core.hooks import hookimpl
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.plugins import load_plugins
from sampan.core.schema.codec import from_wire
from tests.support.plugins import answering, plugin
from tests.support.quiet import QuietPlugin, quiet_cluster, running
from tests.support.wait import soon

pytestmark = pytest.mark.anyio

POD = from_wire(
    Pod,
    {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "nginx"}], "terminationGracePeriodSeconds": 0},
    },
)
SERVICE = from_wire(Service, {"metadata": {"name": "s", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}})


class Listener:
    """Implements every hook, and notes which were called, and on which threads."""

    def __init__(self) -> None:
        self.called: dict[str, list[Any]] = {}
        self.threads: set[int] = set()
        for name, spec in vars(hooks).items():
            if name.startswith("sampan_") and name != "sampan_register":
                first = spec.__code__.co_varnames[0]
                setattr(self, name, hookimpl(answering(first, lambda given, name=name: self._note(name, given))))  # type: ignore[misc]

    def _note(self, hook: str, given: Any) -> None:
        self.called.setdefault(hook, []).append(given)
        self.threads.add(threading.get_ident())


async def phase_is(client: Client, phase: str | None) -> bool:
    """``None``: there is no pod any more."""
    try:
        return (await client.get(Pod, "default", "web")).status.phase == phase
    except NotFound:
        return phase is None


async def test_every_hook_is_called_in_the_life_of_a_cluster_and_none_on_its_loop(tmp_path: Path) -> None:
    listener = Listener()
    plugins = load_plugins(extra=[("quiet", QuietPlugin()), ("listener", listener)])
    async with running(quiet_cluster(tmp_path, plugins)) as cluster:
        client = cluster.api.client()
        await client.create(SERVICE)
        await client.create(POD)
        await soon(partial(phase_is, client, "Running"))
        await client.delete(Pod, "default", "web", grace_period=1)
        await soon(partial(phase_is, client, None))
    specs = {name for name in vars(hooks) if name.startswith("sampan_")}
    # One node is no choice, so nobody is asked for points; and without a policy nothing is audited.
    assert specs - set(listener.called) == {"sampan_register", "sampan_score_nodes", "sampan_audit"}
    assert threading.get_ident() not in listener.threads
    assert listener.called["sampan_cluster_ready"] == ["sampan"]


async def test_a_failing_hook_becomes_an_event_of_the_node(tmp_path: Path) -> None:
    def fail(_node: object) -> None:
        raise RuntimeError("no fuel")

    failing = plugin(sampan_pod_admitted=answering("node", fail))
    plugins = load_plugins(extra=[("quiet", QuietPlugin()), ("ferry", failing)])
    async with running(quiet_cluster(tmp_path, plugins)) as cluster:
        client = cluster.api.client()
        await client.create(POD)

        async def told() -> list[Event]:
            return [event for event in (await client.list(Event)).items if event.reason == "PluginFailed"]

        event = (await soon(told))[0]
    assert event.message == "plugin ferry failed in sampan_pod_admitted: RuntimeError: no fuel"
    assert (event.involved_object.kind, event.involved_object.name, event.type) == ("Node", "n1", "Warning")
