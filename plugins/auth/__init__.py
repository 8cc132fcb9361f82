"""Who may come in, and what they may do: the built-in authenticators and authorizers."""

from __future__ import annotations

from sampan.core.cluster.identities import account_of
from sampan.core.registry import Registry
from sampan.plugins.auth.anonymous import Anonymous
from sampan.plugins.auth.bootstrap_tokens import BootstrapTokens
from sampan.plugins.auth.certificates import ClientCertificates
from sampan.plugins.auth.masters import Masters
from sampan.plugins.auth.node_authorizer import NodeAuthorizer
from sampan.plugins.auth.rbac.aggregation import ClusterRoleAggregation
from sampan.plugins.auth.rbac.authorizer import RbacAuthorizer
from sampan.plugins.auth.rbac.default_objects import DefaultObjects
from sampan.plugins.auth.rbac.escalation import Escalation
from sampan.plugins.auth.rbac.grants import Grants
from sampan.plugins.auth.service_account_tokens import ServiceAccountTokens
from sampan.plugins.auth.tokens import StaticTokens


def register(registry: Registry) -> None:
    registry.authenticator("static-tokens", lambda context: StaticTokens.of_admin(context.cluster.admin_token))
    registry.authenticator(
        "service-account-tokens", lambda context: ServiceAccountTokens(context.tokens, context.reader)
    )
    registry.authenticator("bootstrap-tokens", lambda context: BootstrapTokens(context.reader, context.clock))
    registry.authenticator("client-certificates", lambda context: ClientCertificates())
    registry.authenticator("anonymous", lambda context: Anonymous())
    registry.authorizer("masters", lambda context: Masters())
    registry.authorizer("node", lambda context: NodeAuthorizer(context.reader))
    registry.authorizer("rbac", lambda context: RbacAuthorizer(Grants(context.reader)))
    registry.admission("RBACEscalation", lambda context: Escalation(context.authorizer, Grants(context.reader)))

    registry.controller(ClusterRoleAggregation.name, lambda context: ClusterRoleAggregation())

    def accounts() -> list[str]:
        return [account_of(part.name) for part in registry.controllers]

    registry.groundwork("rbac-defaults", lambda context: DefaultObjects(accounts))
