"""A joined node's certificate: where it comes from, what it may, and its renewal, against a real control plane."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from sampan.core.client.http import HttpClient
from sampan.core.cluster.node_identity import NodeIdentity
from sampan.core.errors import ConfigError, Forbidden, Unauthorized
from sampan.core.kubeconfig import Access
from sampan.core.model.authentication_v1.self_subject_review import SelfSubjectReview
from sampan.core.model.certificates_v1.certificate_signing_request import CertificateSigningRequest
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.clock import RealClock
from sampan.core.testing.control_plane import ControlPlane, control_plane

pytestmark = pytest.mark.anyio

TOKEN = "abcdef.0123456789abcdef"


def bootstrap_token() -> Secret:
    name, _, secret = TOKEN.partition(".")
    data = {"token-id": name, "token-secret": secret, "usage-bootstrap-authentication": "true"}
    return Secret(
        metadata=ObjectMeta(name=f"bootstrap-token-{name}", namespace="kube-system"),
        type="bootstrap.kubernetes.io/token",
        data={key: value.encode() for key, value in data.items()},
    )


def without_certificate(access: Access, token: str) -> Access:
    return attrs.evolve(access, token=token, certificate_pem="", key_pem="")


async def who(client: HttpClient) -> tuple[str, ...]:
    user = (await client.create(SelfSubjectReview())).status.user_info
    assert user is not None
    return (user.username or "", *sorted(user.groups))


async def test_a_node_gets_a_certificate_by_a_bootstrap_token_and_renews_it_itself(tmp_path: Path) -> None:
    async with control_plane(tmp_path / "plane", controllers=True) as plane:
        await plane.client.create(bootstrap_token())
        file = tmp_path / "kubeconfig"
        identity = NodeIdentity(file, "two", RealClock())
        assert not identity.load()
        await identity.obtain(without_certificate(plane.access, TOKEN))
        assert file.stat().st_mode & 0o777 == 0o600
        assert TOKEN not in file.read_text()

        client = HttpClient(identity.access)
        plane.cleanup.push_async_callback(client.close)
        own = ("system:node:two", "system:authenticated", "system:nodes")
        assert await who(client) == own
        with pytest.raises(Forbidden):
            await client.list(Secret)
        with pytest.raises(Forbidden):
            await client.list(Pod)
        assert (await client.list(Pod, field_selector="spec.nodeName=two")).items == []

        await renewed_at_once(identity, client)
        assert await who(client) == own
        requests = (await plane.client.list(CertificateSigningRequest)).items
        assert {request.spec.username for request in requests} == {"system:bootstrap:abcdef", "system:node:two"}
        assert NodeIdentity(file, "two", RealClock()).load()
        assert not NodeIdentity(file, "three", RealClock()).load(), "it is another node's"


async def renewed_at_once(identity: NodeIdentity, client: HttpClient) -> None:
    """As if most of the certificate's life were over."""
    before = identity.access.certificate_pem
    made = await identity._certificate(client)
    identity._keep(identity.access, made)
    await client.renew(identity.access)
    assert identity.access.certificate_pem != before


async def test_a_certificate_is_renewed_before_it_ends(tmp_path: Path) -> None:
    async with control_plane(tmp_path / "plane", controllers=True) as plane:
        identity = NodeIdentity(tmp_path / "kubeconfig", "two", RealClock())
        await identity.obtain(plane.access)
        now = RealClock().now()
        days = (identity.renewal - now).days
        assert 365 * 0.7 - 2 <= days <= 365 * 0.9 + 1
        assert identity.renewal == identity.renewal


async def test_who_may_not_ask_is_told(tmp_path: Path) -> None:
    async with control_plane(tmp_path / "plane", controllers=True) as plane:
        identity = NodeIdentity(tmp_path / "kubeconfig", "two", RealClock())
        with pytest.raises(ConfigError, match="gives no certificate for system:node:two") as refused:
            await identity.obtain(without_certificate(plane.access, "zzzzzz.0123456789abcdef"))
        assert isinstance(refused.value.__cause__, Unauthorized)
        assert not (tmp_path / "kubeconfig").exists()


async def test_a_node_cannot_get_the_certificate_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampan.core.cluster.node_identity.PATIENCE", 0.5)
    async with control_plane(tmp_path / "plane", controllers=True) as plane:
        identity = await _joined(plane, tmp_path)
        other = NodeIdentity(tmp_path / "other", "one", RealClock())
        with pytest.raises(ConfigError, match="nobody approved"):
            await other.obtain(identity.access)


async def _joined(plane: ControlPlane, tmp_path: Path) -> NodeIdentity:
    identity = NodeIdentity(tmp_path / "kubeconfig", "two", RealClock())
    await identity.obtain(plane.access)
    return identity
