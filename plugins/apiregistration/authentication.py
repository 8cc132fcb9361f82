"""The ConfigMap by which aggregated API servers learn whom to believe.

https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#contacting-the-extension-apiserver
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.api.aggregation.identity import EXTRA_PREFIX, GROUP_HEADER, UID_HEADER, USER_HEADER
from sampan.core.config import ClusterContext
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.kinds import KubeObject

NAMESPACE, NAME = "kube-system", "extension-apiserver-authentication"
CLIENT_CA: Final = "client-ca-file"
PROXY_CA: Final = "requestheader-client-ca-file"
BUNDLES: Final = (CLIENT_CA, PROXY_CA)
"""What several API servers of one cluster share: each adds its own."""


class AuthenticationConfig:
    def __init__(self, context: ClusterContext) -> None:
        self._context = context

    def objects(self) -> Iterator[tuple[type[KubeObject], Mapping[str, Any]]]:
        data = {CLIENT_CA: self._context.ca_pem} if self._context.ca_pem else {}
        proxy = self._context.front_proxy
        if proxy is not None:
            data |= {
                PROXY_CA: proxy.ca_pem,
                "requestheader-allowed-names": json.dumps([proxy.name]),
                "requestheader-username-headers": json.dumps([USER_HEADER]),
                "requestheader-uid-headers": json.dumps([UID_HEADER]),
                "requestheader-group-headers": json.dumps([GROUP_HEADER]),
                "requestheader-extra-headers-prefix": json.dumps([EXTRA_PREFIX]),
            }
        if data:
            yield ConfigMap, {"metadata": {"name": NAME, "namespace": NAMESPACE}, "data": data}

    def lacking(self, present: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        have = present.get("data") or {}
        missing = {
            key: f"{have.get(key, '')}{value}" if key in BUNDLES else value
            for key, value in wanted["data"].items()
            if (value not in have.get(key, "") if key in BUNDLES else value != have.get(key))
        }
        return {"data": missing} if missing else {}
