"""Volumes whose files the node agent writes: ConfigMap, Secret, downward API, tokens."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.references import ObjectFieldSelector, ResourceFieldSelector
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.meta_v1.selector import LabelSelector


@model
class KeyToPath:
    """The file that a key becomes."""

    key: str = wire(required=True, emit="always")
    path: str = wire(required=True, emit="always")
    mode: int | None = wire(default=None, format="int32")


@model
class ConfigMapVolumeSource:
    """The keys of a ConfigMap as files."""

    name: str | None = None
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    default_mode: int | None = wire(default=None, api_default=420, format="int32")
    optional: bool | None = None


@model
class SecretVolumeSource:
    """The keys of a Secret as files."""

    secret_name: str | None = None
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    default_mode: int | None = wire(default=None, api_default=420, format="int32")
    optional: bool | None = None


@model
class DownwardAPIVolumeFile:
    """A field of the pod as a file."""

    path: str = wire(required=True, emit="always")
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    mode: int | None = wire(default=None, format="int32")


@model
class DownwardAPIVolumeSource:
    """Fields of the pod as files."""

    items: tuple[DownwardAPIVolumeFile, ...] = wire(default=(), list_type="atomic")
    default_mode: int | None = wire(default=None, api_default=420, format="int32")


@model
class SecretProjection:
    """A Secret's part of a projected volume."""

    name: str | None = None
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    optional: bool | None = None


@model
class DownwardAPIProjection:
    """The pod's fields' part of a projected volume."""

    items: tuple[DownwardAPIVolumeFile, ...] = wire(default=(), list_type="atomic")


@model
class ConfigMapProjection:
    """A ConfigMap's part of a projected volume."""

    name: str | None = None
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    optional: bool | None = None


@model
class ServiceAccountTokenProjection:
    """A fresh token of the pod's service account."""

    audience: str | None = None
    expiration_seconds: int | None = wire(default=None, api_default=3600, format="int64")
    path: str = wire(required=True, emit="always")


@model
class ClusterTrustBundleProjection:
    """Certificates of cluster trust bundles."""

    name: str | None = wire(default=None, keep_zero=True)
    signer_name: str | None = wire(default=None, keep_zero=True)
    label_selector: LabelSelector | None = None
    optional: bool | None = None
    path: str = wire(required=True, emit="always")


@model
class PodCertificateProjection:
    """A certificate for the pod."""

    signer_name: str = wire(required=True, emit="always")
    key_type: str = wire(required=True, emit="always")
    max_expiration_seconds: int | None = wire(default=None, api_default=86400, format="int32")
    credential_bundle_path: str | None = None
    key_path: str | None = None
    certificate_chain_path: str | None = None
    user_annotations: Mapping[str, str] = EMPTY


@model
class VolumeProjection:
    """One part of a projected volume: exactly one of these."""

    secret: SecretProjection | None = None
    downward_api: DownwardAPIProjection | None = wire(default=None, name="downwardAPI")
    config_map: ConfigMapProjection | None = None
    service_account_token: ServiceAccountTokenProjection | None = None
    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    pod_certificate: PodCertificateProjection | None = None


@model
class ProjectedVolumeSource:
    """Several sources in one directory."""

    sources: tuple[VolumeProjection, ...] = wire(default=(), list_type="atomic")
    default_mode: int | None = wire(default=None, api_default=420, format="int32")
