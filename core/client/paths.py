"""Where a kind's objects are in the REST API."""

from __future__ import annotations

from sampan.core.model.kinds import KindInfo


def collection_path(info: KindInfo, namespace: str | None) -> str:
    """``/apis/apps/v1/namespaces/NS/deployments``; without the namespace for all, and for cluster-scoped kinds."""
    root = f"/apis/{info.group}/{info.version}" if info.group else f"/api/{info.version}"
    if info.namespaced and namespace:
        return f"{root}/namespaces/{namespace}/{info.plural}"
    return f"{root}/{info.plural}"


def object_path(info: KindInfo, namespace: str, name: str, subresource: str = "") -> str:
    path = f"{collection_path(info, namespace)}/{name}"
    return f"{path}/{subresource}" if subresource else path
