"""What everybody may read: version and health, and discovery once one is known.

Kubernetes' roles ``system:public-info-viewer`` and ``system:discovery``; anonymous users may read discovery here too,
because it holds nothing but the names of kinds.
"""

from __future__ import annotations

from typing import Final

from sampan.core.contracts.access import Attributes, Decision

PATHS: Final = frozenset({"/version", "/healthz", "/livez", "/readyz", "/api", "/apis", "/openapi"})
PREFIXES: Final = ("/healthz/", "/livez/", "/readyz/", "/api/", "/apis/", "/openapi/")


class PublicInfo:
    order = 20

    async def authorize(self, attributes: Attributes) -> Decision:
        if attributes.is_resource or attributes.verb != "get":
            return Decision("no-opinion")
        path = attributes.path.rstrip("/")
        if path in PATHS or path.startswith(PREFIXES):
            return Decision("allow", "public information")
        return Decision("no-opinion")
