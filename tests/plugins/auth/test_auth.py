"""Who comes in, and what they may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.access import Attributes, Credentials, User
from sampan.core.errors import Unauthorized
from sampan.core.testing.control_plane import TOKEN, ControlPlane, control_plane
from sampan.plugins.auth.anonymous import Anonymous
from sampan.plugins.auth.certificates import ClientCertificates
from sampan.plugins.auth.masters import Masters
from sampan.plugins.auth.tokens import StaticTokens

pytestmark = pytest.mark.anyio


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        yield plane


MASTER = User(name="root", groups=("system:masters",))
JANE = User(name="jane", groups=("system:authenticated",))


async def test_tokens_name_their_users() -> None:
    tokens = StaticTokens.of_admin("secret")
    admin = await tokens.authenticate(Credentials(token="secret"))
    assert admin is not None
    assert "system:masters" in admin.groups
    assert await tokens.authenticate(Credentials(token="guess")) is None
    assert await tokens.authenticate(Credentials()) is None


async def test_an_empty_token_lets_nobody_in() -> None:
    assert await StaticTokens.of_admin("").authenticate(Credentials(token="")) is None


async def test_certificates_name_user_and_groups() -> None:
    user = await ClientCertificates().authenticate(
        Credentials(certificate_name="jane", certificate_organizations=("dev",))
    )
    assert user == User(name="jane", groups=("dev", "system:authenticated"))
    assert await ClientCertificates().authenticate(Credentials()) is None


async def test_without_credentials_one_is_anonymous_and_with_bad_ones_refused() -> None:
    nobody = await Anonymous().authenticate(Credentials())
    assert nobody is not None
    assert nobody.groups == ("system:unauthenticated",)
    with pytest.raises(Unauthorized):
        await Anonymous().authenticate(Credentials(token="guess"))


async def test_only_masters_may_do_everything() -> None:
    wanted: dict[str, Any] = {"verb": "delete", "resource": "nodes", "name": "n"}
    assert (await Masters().authorize(Attributes(user=MASTER, **wanted))).verdict == "allow"
    assert (await Masters().authorize(Attributes(user=JANE, **wanted))).verdict == "no-opinion"


async def test_who_shows_a_certificate_and_a_token_is_who_the_certificate_says(plane: ControlPlane) -> None:
    gates = plane.api.pipeline.gates
    both = await gates.authenticate(Credentials(token=TOKEN, certificate_name="jane"))
    assert both.name == "jane"
    assert (await gates.authenticate(Credentials(token="guess", certificate_name="jane"))).name == "jane"
    assert (await gates.authenticate(Credentials(token=TOKEN))).name == "kubernetes-admin"
