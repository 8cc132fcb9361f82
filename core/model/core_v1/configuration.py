"""ConfigMap, Secret and ServiceAccount: what pods are given to run with."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.core_v1.configuration import CONFIG_MAP_COLUMNS, SECRET_COLUMNS, SERVICE_ACCOUNT_COLUMNS
from sampan.core.model.core_v1.references import LocalObjectReference, ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.common.unchecked import no_further_checks
from sampan.core.model.rules.core_v1.config_map import ConfigMapRules, validate_config_map
from sampan.core.model.rules.core_v1.secret import SecretRules, validate_secret
from sampan.core.model.rules.core_v1.service_account import ServiceAccountRules


@kind("v1", plural="configmaps", short_names=("cm",), columns=CONFIG_MAP_COLUMNS, rules=ConfigMapRules())
@model
class ConfigMap(KubeObject):
    """Settings as text (``data``) or bytes (``binaryData``)."""

    immutable: bool | None = None
    """Once true, neither the data nor this field can be changed: only the whole object can be deleted.
    Defaults to false.
    """
    data: Mapping[str, str] = EMPTY
    """Texts by key. Keys consist of letters, digits, ``-``, ``_`` and ``.``, and are not in ``binaryData``.
    At most 1 MiB in all.
    """
    binary_data: Mapping[str, bytes] = EMPTY
    """Bytes by key, in base64. Keys follow the rules of ``data`` and are not in it."""


@kind("v1", plural="secrets", selectable_fields=("type",), columns=SECRET_COLUMNS, rules=SecretRules())
@model
class Secret(KubeObject):
    """Secret bytes by key. ``stringData`` is write-only: the API server moves it to ``data``."""

    immutable: bool | None = None
    """Once true, neither the data nor this field can be changed: only the whole object can be deleted.
    Defaults to false.
    """
    data: Mapping[str, bytes] = EMPTY
    """Secret bytes by key, in base64. Keys consist of letters, digits, ``-``, ``_`` and ``.``. At most 1 MiB in all."""
    string_data: Mapping[str, str] = EMPTY
    """Secret texts by key, for writing only: the server puts them into ``data``, over what is there.
    Never read back.
    """
    type: str | None = wire(default=None, api_default="Opaque")
    """What the secret is for, such as ``kubernetes.io/tls``; some types require certain keys. Defaults to ``Opaque``;
    immutable.
    """


@kind(
    "v1",
    plural="serviceaccounts",
    short_names=("sa",),
    subresources=("token",),
    delete_answers_object=True,
    columns=SERVICE_ACCOUNT_COLUMNS,
    rules=ServiceAccountRules(),
)
@model
class ServiceAccount(KubeObject):
    """An identity for pods."""

    secrets: tuple[ObjectReference, ...] = keyed("name")
    """Secrets that pods of this account may use. Binding only with the annotation
    ``kubernetes.io/enforce-mountable-secrets``, which is deprecated.
    """
    image_pull_secrets: tuple[LocalObjectReference, ...] = wire(default=(), list_type="atomic")
    """Secrets to pull images with, added to pods of this account that name none themselves."""
    automount_service_account_token: bool | None = None
    """Whether pods of this account are given an API token. A pod's own setting wins; defaults to true."""


struct_rules(ConfigMap, whole=True)(validate_config_map)
struct_rules(Secret, whole=True)(validate_secret)
struct_rules(ServiceAccount, whole=True)(no_further_checks)
