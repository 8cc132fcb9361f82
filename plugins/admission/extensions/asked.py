"""A request as webhooks and expressions are told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.contracts.access import AdmissionRequest, User
from sampan.core.model.kinds import KindInfo

OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


def about(request: AdmissionRequest) -> dict[str, Any]:
    """The part of an ``AdmissionReview``'s request that says what is asked: without uid and objects."""
    info, requested = request.info, request.requested or request.info
    told: dict[str, Any] = {
        "kind": _kind(info),
        "resource": _resource(info),
        "requestKind": _kind(requested),
        "requestResource": _resource(requested),
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
        told["options"] = {"kind": option, "apiVersion": "meta.k8s.io/v1", **request.options}
        if request.dry_run:
            told["options"]["dryRun"] = ["All"]
    return told


def _kind(info: KindInfo) -> dict[str, str]:
    return {"group": info.group, "version": info.version, "kind": info.kind}


def _resource(info: KindInfo) -> dict[str, str]:
    return {"group": info.group, "version": info.version, "resource": info.plural}


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
