"""ConfigMap, Secret and ServiceAccount: what pods are given to run with."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.references import LocalObjectReference, ObjectReference
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, model, wire


@kind("v1", plural="configmaps", short_names=("cm",))
@model
class ConfigMap(KubeObject):
    """Settings as text (``data``) or bytes (``binary_data``)."""

    immutable: bool | None = None
    data: Mapping[str, str] = EMPTY
    binary_data: Mapping[str, bytes] = EMPTY


@kind("v1", plural="secrets")
@model
class Secret(KubeObject):
    """Secret bytes by key. ``string_data`` is write-only: the API server moves it to ``data``."""

    immutable: bool | None = None
    data: Mapping[str, bytes] = EMPTY
    string_data: Mapping[str, str] = EMPTY
    type: str | None = wire(default=None, api_default="Opaque")


@kind("v1", plural="serviceaccounts", short_names=("sa",), subresources=("token",), delete_answers_object=True)
@model
class ServiceAccount(KubeObject):
    """An identity for pods."""

    secrets: tuple[ObjectReference, ...] = keyed("name")
    image_pull_secrets: tuple[LocalObjectReference, ...] = wire(default=(), list_type="atomic")
    automount_service_account_token: bool | None = None
