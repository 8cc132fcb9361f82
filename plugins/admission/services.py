"""DenyServiceExternalIPs: no Service takes addresses for its own that are somebody else's.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#denyserviceexternalips. Off unless asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet, forbid


class DenyServiceExternalIPs(Quiet):
    name = "DenyServiceExternalIPs"
    order = 830

    async def validate(self, request: AdmissionRequest) -> None:
        if request.info.resource != "services" or request.subresource or request.obj is None:
            return
        if _addresses(request.obj) - _addresses(request.old):
            raise forbid(request, "Use of external IPs is denied by admission control")


def _addresses(service: Mapping[str, Any] | None) -> set[str]:
    return set(((service or {}).get("spec") or {}).get("externalIPs") or ())
