"""What a CSIDriver object has the node do for its volumes: which sorts there are, what the driver is told, whose files are.

https://kubernetes-csi.github.io/docs/csi-driver-object.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sampan.core.contracts.volume import VolumeContext, VolumeFailure
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.storage_v1.csi_driver import CSIDriver, CSIDriverSpec

PREFIX = "csi.storage.k8s.io/"
TOKENS = f"{PREFIX}serviceAccount.tokens"
HOUR = 3600


def spec_of(context: VolumeContext, name: str, otherwise: CSIDriverSpec) -> CSIDriverSpec:
    """The object's; where there is none, what the driver itself says."""
    found = context.get(CSIDriver, "", name)
    return found.spec if isinstance(found, CSIDriver) else otherwise


def check_mode(spec: CSIDriverSpec, name: str, mode: str) -> None:
    """Raises `VolumeFailure` where the driver's volumes are of another sort."""
    modes = spec.volume_lifecycle_modes or ("Persistent",)
    if mode not in modes:
        only = " ".join(f'"{each}"' for each in modes)
        raise VolumeFailure(f'volume mode "{mode}" not supported by driver {name} (only supports [{only}])')


def told_of_pod(spec: CSIDriverSpec, pod: Pod, mode: str) -> Mapping[str, str]:
    """Attributes by which the driver knows for whom the volume is."""
    if not spec.pod_info_on_mount:
        return {}
    return {
        f"{PREFIX}pod.name": pod.metadata.name or "",
        f"{PREFIX}pod.namespace": pod.metadata.namespace or "",
        f"{PREFIX}pod.uid": pod.metadata.uid or "",
        f"{PREFIX}serviceAccount.name": pod.spec.service_account_name or "",
        f"{PREFIX}ephemeral": "true" if mode == "Ephemeral" else "false",
    }


def tokens(spec: CSIDriverSpec, context: VolumeContext) -> Mapping[str, str]:
    """Tokens of the pod's account, as one attribute of JSON. Raises `VolumeFailure` where the API gives none."""
    if not spec.token_requests:
        return {}
    if context.token is None:
        raise VolumeFailure("there are no tokens of service accounts here, which the driver asks for")
    given = {}
    for request in spec.token_requests:
        seconds = request.expiration_seconds or HOUR
        token = context.token(request.audience, seconds)
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        given[request.audience] = {"token": token, "expirationTimestamp": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {TOKENS: json.dumps(given)}


def secret_of(context: VolumeContext, namespace: str, name: str) -> Mapping[str, str]:
    """The secret's data as text. Raises `VolumeFailure` where it is not there."""
    secret = context.get(Secret, namespace, name)
    if not isinstance(secret, Secret):
        raise VolumeFailure(f'fetching NodePublishSecretRef {namespace}/{name} failed: secrets "{name}" not found')
    return {key: data.decode(errors="replace") for key, data in secret.data.items()}


def belongs_to_group(spec: CSIDriverSpec, fs_type: str, access_modes: tuple[str, ...], ephemeral: bool) -> bool:
    """Whether the files are given to the pod's ``fsGroup``."""
    match spec.fs_group_policy:
        case "None":
            return False
        case "File":
            return True
        case _:
            return bool(fs_type) and (ephemeral or "ReadWriteOnce" in access_modes)
