"""What files a volume of API objects holds: pure, but for asking the context for those objects.

One function per source, shared by the single-source drivers and ``projected``. All raise `VolumeFailure` with the kubelet's
words for what is missing and not optional.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sampan.core.contracts.volume import VolumeContext, VolumeFailure
from sampan.core.errors import Permanent
from sampan.core.model.core_v1.configuration import ConfigMap, Secret
from sampan.core.model.core_v1.projection import DownwardAPIVolumeFile, KeyToPath, ServiceAccountTokenProjection
from sampan.core.node.config.fields import field_value, resource_value
from sampan.volumes.atomic import FileContent

DEFAULT_MODE = 0o644
PRIVATE_MODE = 0o600

Payload = dict[str, FileContent]


def config_map_files(
    context: VolumeContext, name: str, items: Iterable[KeyToPath], mode: int, optional: bool
) -> Payload:
    found = context.get(ConfigMap, context.pod.metadata.namespace or "", name)
    if not isinstance(found, ConfigMap):
        if optional:
            return {}
        raise VolumeFailure(f'configmap "{name}" not found')
    data = {key: text.encode() for key, text in found.data.items()} | dict(found.binary_data)
    return _pick(data, items, mode, optional, "configmap references non-existent config key: {}")


def secret_files(context: VolumeContext, name: str, items: Iterable[KeyToPath], mode: int, optional: bool) -> Payload:
    found = context.get(Secret, context.pod.metadata.namespace or "", name)
    if not isinstance(found, Secret):
        if optional:
            return {}
        raise VolumeFailure(f'secret "{name}" not found')
    return _pick(found.data, items, mode, optional, "references non-existent secret key: {}")


def downward_files(context: VolumeContext, items: Iterable[DownwardAPIVolumeFile], mode: int) -> Payload:
    payload: Payload = {}
    for item in items:
        text = ""
        try:
            if item.field_ref is not None:
                text = field_value(context.pod, item.field_ref.field_path)
            elif item.resource_field_ref is not None:
                text = resource_value(context.pod, item.resource_field_ref, context.allocatable)
        except Permanent as exc:
            raise VolumeFailure(str(exc)) from exc
        payload[item.path] = FileContent(text.encode(), mode if item.mode is None else item.mode)
    return payload


def token_files(context: VolumeContext, source: ServiceAccountTokenProjection, mode: int) -> Payload:
    """The token's file; none, and a warning, where the API gives no tokens. With ``fsGroup`` only that group reads it."""
    if context.token is None:
        context.warn(
            f"spec.volumes: {context.volume.name} has no {source.path}: this API server issues no service account tokens"
        )
        return {}
    token = context.token(source.audience or "", source.expiration_seconds or 3600)
    security = context.pod.spec.security_context
    private = security is not None and security.fs_group is not None
    return {source.path: FileContent(token.encode(), PRIVATE_MODE if private else mode)}


def _pick(data: Mapping[str, bytes], items: Iterable[KeyToPath], mode: int, optional: bool, missing: str) -> Payload:
    """All keys, or those that ``items`` name."""
    items = tuple(items)
    if not items:
        return {key: FileContent(value, mode) for key, value in data.items()}
    payload: Payload = {}
    for item in items:
        if item.key in data:
            payload[item.path] = FileContent(data[item.key], mode if item.mode is None else item.mode)
        elif not optional:
            raise VolumeFailure(missing.format(item.key))
    return payload
