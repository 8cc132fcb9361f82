"""Client certificates signed by the cluster's CA: the common name is the user, organizations are groups.

TLS has verified the certificate before; https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
"""

from __future__ import annotations

from sampan.core.contracts.access import AUTHENTICATED, Credentials, User


class ClientCertificates:
    order = 5
    """Before tokens, as with Kubernetes: who shows both is who the certificate says."""

    async def authenticate(self, credentials: Credentials) -> User | None:
        if not credentials.certificate_name:
            return None
        return User(name=credentials.certificate_name, groups=(*credentials.certificate_organizations, AUTHENTICATED))
