"""What outside plugins bring to the API server's gates: where it never ends, it is named, and the server goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.access import AdmissionRequest, Attributes, Credentials, Decision
from sampan.core.errors import InternalError
from sampan.core.model.builtin import ConfigMap
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry
from sampan.core.testing.control_plane import TOKEN, ControlPlane, control_plane
from tests.support.asgi import AsgiClient
from tests.support.plugins import plugin

pytestmark = pytest.mark.anyio

MAPS = "/api/v1/namespaces/default/configmaps"


class Stuck:
    """Never ends, wherever it is asked."""

    name = "stuck"
    order = -1

    async def mutate(self, request: AdmissionRequest) -> None:
        if request.name == "stuck":
            await self._never()

    async def validate(self, request: AdmissionRequest) -> None:
        pass

    async def authenticate(self, credentials: Credentials) -> None:
        await self._never()

    async def authorize(self, attributes: Attributes) -> Decision:
        await self._never()
        return Decision("allow")

    async def _never(self) -> None:
        while True:
            pass


@pytest.fixture(params=["admission", "authenticator", "authorizer"])
async def plane(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[ControlPlane]:
    def sampan_register(registry: Registry) -> None:
        getattr(registry, request.param)("stuck", lambda context: Stuck())

    plugins = load_plugins(extra=[("theirs", plugin(sampan_register=sampan_register))], hook_limit=1)
    async with control_plane(tmp_path, plugins=plugins) as made:
        yield made


async def test_it_is_named_and_the_server_goes_on(plane: ControlPlane, request: Any) -> None:
    api = AsgiClient(plane.api.app, TOKEN)
    if "admission" in request.node.name:
        stuck = ConfigMap(metadata=ObjectMeta(name="stuck", namespace="default"))
        with pytest.raises(InternalError, match='admission plugin "stuck" failed to complete'):
            await plane.client.create(stuck)
    assert (await api.get(MAPS)).code == 200
    tallies = plane.plugins.account.tallies().items()
    [problem] = {tally.problem for (who, _), tally in tallies if who == "theirs" and tally.problem}
    assert problem == "has not come back from stuck after 1 s: it is left out until it does"
