"""The three clients, through one suite: in-process, over HTTPS, and the fake that controllers are tested with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sampan.core.api.audit.auditor import Auditor
from sampan.core.api.audit.policy import policy_of
from sampan.core.client.protocol import Client
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.meta import model, wire
from sampan.core.plugins import load_plugins
from sampan.core.testing.client_contract import ClientContract
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.core.testing.fake_api import FakeApi


@model
class BoatSpec:
    masts: int = 0


@model
class BoatStatus:
    sails: int = 0


@kind("contract.test/v1", plural="boats", has_status=True, has_generation=True)
@model
class Boat(KubeObject):
    spec: BoatSpec = wire(default=BoatSpec())
    status: BoatStatus = wire(default=BoatStatus())


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    plugins = load_plugins()
    plugins.registry.kind(Boat)
    async with control_plane(tmp_path, plugins=plugins) as made:
        yield made


class TestLocalClient(ClientContract):
    @pytest.fixture
    def client(self, plane: ControlPlane) -> Client:
        return plane.client


class TestAuditedClient(ClientContract):
    """In process, where there is an audit policy."""

    @pytest.fixture
    def client(self, plane: ControlPlane) -> Client:
        policy = policy_of({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "RequestResponse"}]})
        plane.api.app.auditor = Auditor(plane.api.pipeline.clock, policy)
        plane.cleanup.callback(plane.api.app.auditor.close)
        return plane.client


class TestHttpClient(ClientContract):
    @pytest.fixture
    def client(self, plane: ControlPlane) -> Client:
        return plane.http_client()


class TestFakeApi(ClientContract):
    @pytest.fixture
    def client(self) -> Client:
        return FakeApi()
