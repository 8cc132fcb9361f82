"""ConfigMap, Secret and ServiceAccount: what pods are given to run with."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.cluster import CONFIG_MAP_COLUMNS, SECRET_COLUMNS, SERVICE_ACCOUNT_COLUMNS
from sampan.core.model.core_v1.references import LocalObjectReference, ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.configuration import (
    ConfigMapRules,
    SecretRules,
    ServiceAccountRules,
    no_further_checks,
    validate_config_map,
    validate_secret,
)


@kind("v1", plural="configmaps", short_names=("cm",), columns=CONFIG_MAP_COLUMNS, rules=ConfigMapRules())
@model
class ConfigMap(KubeObject):
    """Settings as text (``data``) or bytes (``binary_data``)."""

    immutable: bool | None = None
    data: Mapping[str, str] = EMPTY
    binary_data: Mapping[str, bytes] = EMPTY


@kind("v1", plural="secrets", selectable_fields=("type",), columns=SECRET_COLUMNS, rules=SecretRules())
@model
class Secret(KubeObject):
    """Secret bytes by key. ``string_data`` is write-only: the API server moves it to ``data``."""

    immutable: bool | None = None
    data: Mapping[str, bytes] = EMPTY
    string_data: Mapping[str, str] = EMPTY
    type: str | None = wire(default=None, api_default="Opaque")


@kind(
    "v1",
    plural="serviceaccounts",
    short_names=("sa",),
    subresources=("token",),
    delete_answers_object=True,
    unconditional_update=False,
    columns=SERVICE_ACCOUNT_COLUMNS,
    rules=ServiceAccountRules(),
)
@model
class ServiceAccount(KubeObject):
    """An identity for pods."""

    secrets: tuple[ObjectReference, ...] = keyed("name")
    image_pull_secrets: tuple[LocalObjectReference, ...] = wire(default=(), list_type="atomic")
    automount_service_account_token: bool | None = None


struct_rules(ConfigMap, whole=True)(validate_config_map)
struct_rules(Secret, whole=True)(validate_secret)
struct_rules(ServiceAccount, whole=True)(no_further_checks)
