"""Who may come in, and what they may do: the built-in authenticators and authorizers."""

from __future__ import annotations

from sampan.core.registry import Registry
from sampan.plugins.auth.anonymous import Anonymous
from sampan.plugins.auth.certificates import ClientCertificates
from sampan.plugins.auth.masters import Masters
from sampan.plugins.auth.public_info import PublicInfo
from sampan.plugins.auth.tokens import StaticTokens


def register(registry: Registry) -> None:
    registry.authenticator("static-tokens", lambda context: StaticTokens.of_admin(context.cluster.admin_token))
    registry.authenticator("client-certificates", lambda context: ClientCertificates())
    registry.authenticator("anonymous", lambda context: Anonymous())
    registry.authorizer("masters", lambda context: Masters())
    registry.authorizer("public-info", lambda context: PublicInfo())
