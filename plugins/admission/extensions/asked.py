"""A request as webhooks and expressions are told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.contracts.access import AdmissionRequest, User

OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


def about(request: AdmissionRequest) -> dict[str, Any]:
    """The part of an ``AdmissionReview``'s request that says what is asked: without uid and objects."""
    info = request.info
    kind = {"group": info.group, "version": info.version, "kind": info.kind}
    resource = {"group": info.group, "version": info.version, "resource": info.plural}
    told: dict[str, Any] = {
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "operation": request.operation,
        "userInfo": user_info(request.user),
        "dryRun": request.dry_run,
    }
    if request.subresource:
        told |= {"subResource": request.subresource, "requestSubResource": request.subresource}
    if request.name:
        told["name"] = request.name
    if request.namespace:
        told["namespace"] = request.namespace
    elif info.resource == "namespaces":
        told["namespace"] = request.name
    if option := OPTIONS.get(request.operation):
        told["options"] = {"kind": option, "apiVersion": "meta.k8s.io/v1"}
    return told


def user_info(user: User) -> dict[str, Any]:
    told: dict[str, Any] = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    if user.extra:
        told["extra"] = {name: list(values) for name, values in user.extra.items()}
    return {name: value for name, value in told.items() if value}


def as_object(request: AdmissionRequest, obj: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """With its kind: a client may have left that out."""
    if obj is None:
        return None
    return {"kind": request.info.kind, "apiVersion": request.info.api_version, **obj}
