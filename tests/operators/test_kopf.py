"""An operator on kopf: it creates, updates, holds back an end, keeps time, and goes on after either side was gone."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sampan.core.errors import NotFound
from sampan.core.kubeconfig import write_kubeconfig
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.builtin import Namespace
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.unstructured import Unstructured, unstructured
from sampan.core.schema.codec import from_wire
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.core.testing.wait import soon

pytestmark = pytest.mark.anyio

OPERATOR = Path(__file__).with_name("harbour.py")
Boat = unstructured("example.com/v1", "Boat", "boats")
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
SCHEMA = {"type": "object", "properties": {"spec": FREE, "status": FREE}}
VERSION = {
    "name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": SCHEMA},
}  # fmt: skip
BOATS = {
    "metadata": {"name": "boats.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced", "versions": [VERSION],
        "names": {"plural": "boats", "kind": "Boat", "singular": "boat", "listKind": "BoatList"},
    },
}  # fmt: skip


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path, controllers=True) as made:
        await made.client.create(from_wire(Namespace, {"metadata": {"name": "a"}}))
        await made.client.create(from_wire(CustomResourceDefinition, BOATS))
        yield made


@asynccontextmanager
async def operator(plane: ControlPlane, folder: Path) -> AsyncIterator[None]:
    """kopf with the operator, until the block ends."""
    kubeconfig = folder / "operator.kubeconfig"
    write_kubeconfig(kubeconfig, plane.access)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kopf", "run", "--namespace", "a", "--standalone", "--quiet", str(OPERATOR)),
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def boat(plane: ControlPlane) -> Unstructured:
    return await plane.client.get(Boat, "a", "b")


async def status_becomes(plane: ControlPlane, is_so: Callable[[dict[str, Any]], bool]) -> None:
    async def look() -> bool:
        status = dict((await boat(plane)).content.get("status") or {})
        assert is_so(status), status
        return True

    await soon(look, within=60)


async def test_an_operator_lives_with_its_objects(plane: ControlPlane, tmp_path: Path) -> None:
    async def is_served() -> bool:
        await plane.client.list(Boat, "a")
        return True

    await soon(is_served, but=(NotFound,))
    async with operator(plane, tmp_path):
        made = Boat(metadata=ObjectMeta(name="b", namespace="a"), content={"spec": {"masts": 1, "moored": True}})
        await plane.client.create(made)
        await status_becomes(plane, lambda status: status.get("masts") == 1 and status.get("build") == {"built": True})
        assert "kopf.zalando.org/KopfFinalizerMarker" in (await boat(plane)).metadata.finalizers
        await status_becomes(plane, lambda status: status.get("miles") == 3)
        plane.api.break_connections()
        await plane.client.patch(Boat, "a", "b", {"spec": {"masts": 2}})
        await status_becomes(plane, lambda status: (status.get("before"), status.get("masts")) == (1, 2))
    async with operator(plane, tmp_path):
        await status_becomes(plane, lambda status: status.get("resumed", 0) >= 1)
        await plane.client.delete(Boat, "a", "b")
        assert (await boat(plane)).metadata.deletion_timestamp is not None
        await plane.client.patch(Boat, "a", "b", {"spec": {"moored": False}})

        async def is_gone() -> bool:
            return not (await plane.client.list(Boat, "a")).items

        await soon(is_gone, within=60)
