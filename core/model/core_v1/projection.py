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
    """The key to write as a file."""
    path: str = wire(required=True, emit="always")
    """The file's path in the volume. Relative, and without ``..``."""
    mode: int | None = wire(default=None, format="int32")
    """The file's permission bits, 0 to 0777 in octal (511 in JSON, which has no octal).
    Defaults to the volume's ``defaultMode``.
    """


@model
class ConfigMapVolumeSource:
    """The keys of a ConfigMap as files."""

    name: str | None = None
    """The ConfigMap's name, in the pod's namespace."""
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    """The keys to write, and where; other keys are left out. By default every key becomes a file of its name."""
    default_mode: int | None = wire(default=None, api_default=420, format="int32")
    """Permission bits of files that do not say their own. Defaults to 0644, which is 420 in JSON."""
    optional: bool | None = None
    """Whether the pod may start without the ConfigMap or its keys. Defaults to false."""


@model
class SecretVolumeSource:
    """The keys of a Secret as files."""

    secret_name: str | None = None
    """The Secret's name, in the pod's namespace."""
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    """The keys to write, and where; other keys are left out. By default every key becomes a file of its name."""
    default_mode: int | None = wire(default=None, api_default=420, format="int32")
    """Permission bits of files that do not say their own. Defaults to 0644, which is 420 in JSON."""
    optional: bool | None = None
    """Whether the pod may start without the Secret or its keys. Defaults to false."""


@model
class DownwardAPIVolumeFile:
    """A field of the pod as a file."""

    path: str = wire(required=True, emit="always")
    """The file's path in the volume. Relative, and without ``..``."""
    field_ref: ObjectFieldSelector | None = None
    """The pod's field to write: its name, namespace, UID, labels or annotations."""
    resource_field_ref: ResourceFieldSelector | None = None
    """The container's request or limit to write: of CPU, memory, ephemeral storage or huge pages."""
    mode: int | None = wire(default=None, format="int32")
    """The file's permission bits, 0 to 0777 in octal. Defaults to the volume's ``defaultMode``."""


@model
class DownwardAPIVolumeSource:
    """Fields of the pod as files."""

    items: tuple[DownwardAPIVolumeFile, ...] = wire(default=(), list_type="atomic")
    """The files to write."""
    default_mode: int | None = wire(default=None, api_default=420, format="int32")
    """Permission bits of files that do not say their own. Defaults to 0644, which is 420 in JSON."""


@model
class SecretProjection:
    """A Secret's part of a projected volume."""

    name: str | None = None
    """The Secret's name, in the pod's namespace."""
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    """The keys to write, and where; other keys are left out. By default every key becomes a file of its name."""
    optional: bool | None = None
    """Whether the pod may start without the Secret or its keys. Defaults to false."""


@model
class DownwardAPIProjection:
    """The pod's fields' part of a projected volume."""

    items: tuple[DownwardAPIVolumeFile, ...] = wire(default=(), list_type="atomic")
    """The files to write."""


@model
class ConfigMapProjection:
    """A ConfigMap's part of a projected volume."""

    name: str | None = None
    """The ConfigMap's name, in the pod's namespace."""
    items: tuple[KeyToPath, ...] = wire(default=(), list_type="atomic")
    """The keys to write, and where; other keys are left out. By default every key becomes a file of its name."""
    optional: bool | None = None
    """Whether the pod may start without the ConfigMap or its keys. Defaults to false."""


@model
class ServiceAccountTokenProjection:
    """A fresh token of the pod's service account."""

    audience: str | None = None
    """Whom the token is for; others must refuse it. Defaults to the API server."""
    expiration_seconds: int | None = wire(default=None, api_default=3600, format="int64")
    """Seconds that the token holds; it is renewed well before. Defaults to 3600; at least 600."""
    path: str = wire(required=True, emit="always")
    """The token file's path in the volume."""


@model
class ClusterTrustBundleProjection:
    """Certificates of cluster trust bundles."""

    name: str | None = wire(default=None, keep_zero=True)
    """One ClusterTrustBundle by name. Not together with ``signerName`` and ``labelSelector``."""
    signer_name: str | None = wire(default=None, keep_zero=True)
    """All ClusterTrustBundles of this signer that ``labelSelector`` matches, joined."""
    label_selector: LabelSelector | None = None
    """Which of the signer's bundles are taken. Left out, none; the empty selector means all."""
    optional: bool | None = None
    """Whether the pod may start while there is no such bundle. Defaults to false."""
    path: str = wire(required=True, emit="always")
    """The path in the volume of the file with the certificates (PEM)."""


@model
class PodCertificateProjection:
    """A certificate for the pod."""

    signer_name: str = wire(required=True, emit="always")
    """The signer that is asked for the certificate."""
    key_type: str = wire(required=True, emit="always")
    """The sort of key to make: ``RSA3072``, ``RSA4096``, ``ECDSAP256``, ``ECDSAP384``, ``ECDSAP521`` or ``ED25519``."""
    max_expiration_seconds: int | None = wire(default=None, api_default=86400, format="int32")
    """Seconds that the certificate may hold at most; the signer may choose less. Defaults to 86400; at least 3600."""
    credential_bundle_path: str | None = None
    """A file with the key and then the certificate chain (PEM).
    Replaced as one, so the better choice of the three paths.
    """
    key_path: str | None = None
    """A file with the key alone. A reader must cope with its not yet fitting the certificate
    while both are replaced.
    """
    certificate_chain_path: str | None = None
    """A file with the certificate chain alone. A reader must cope with its not yet fitting the key."""
    user_annotations: Mapping[str, str] = EMPTY
    """Keys and values handed on to the signer. The keys must have a domain as prefix."""


@model
class VolumeProjection:
    """One part of a projected volume: exactly one of these."""

    secret: SecretProjection | None = None
    """Keys of a Secret."""
    downward_api: DownwardAPIProjection | None = wire(default=None, name="downwardAPI")
    """Fields of the pod."""
    config_map: ConfigMapProjection | None = None
    """Keys of a ConfigMap."""
    service_account_token: ServiceAccountTokenProjection | None = None
    """A token of the pod's service account."""
    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    """Certificates that the cluster trusts."""
    pod_certificate: PodCertificateProjection | None = None
    """A key and a certificate of the pod's own, renewed while it runs."""


@model
class ProjectedVolumeSource:
    """Several sources in one directory."""

    sources: tuple[VolumeProjection, ...] = wire(default=(), list_type="atomic")
    """What is put into the volume. No two may write the same file."""
    default_mode: int | None = wire(default=None, api_default=420, format="int32")
    """Permission bits of files that do not say their own. Defaults to 0644, which is 420 in JSON."""
