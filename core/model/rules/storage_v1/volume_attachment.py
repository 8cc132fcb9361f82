"""VolumeAttachment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import changed, forbidden, invalid, malformed, required, too_long
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.carry_over import META
from sampan.core.model.rules.core_v1.persistent_volume import validate_volume_spec
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]

ONE_OF_BOTH: Final = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
MAX_METADATA_BYTES: Final = 256 * 1024
MAX_MESSAGE_BYTES: Final = 1024
LARGEST_CODE: Final = 2**31 - 1


class VolumeAttachmentRules(KindRules):
    revalidates_metadata = 1
    rechecks_changes = False
    rechecks_status = False
    status_keeps = META

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return changed("spec", obj.get("spec"), old.get("spec"))


def validate_volume_attachment(obj: Value, path: str) -> list[Cause]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    source = spec.get("source") or {}
    causes = validate_driver_name(spec.get("attacher") or "", "spec.attacher")
    causes += _source(source, "spec.source")
    causes += malformed("spec.nodeName", spec.get("nodeName") or "", "dns1123-subdomain")
    metadata = status.get("attachmentMetadata") or {}
    if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) > MAX_METADATA_BYTES:
        causes.append(too_long("status.attachmentMetadata", MAX_METADATA_BYTES))
    for word in ("attachError", "detachError"):
        causes += _error(status.get(word) or {}, f"status.{word}")
    if (name := source.get("persistentVolumeName")) is not None:
        causes += malformed("spec.source.persistentVolumeName", name, "dns1123-subdomain")
    return causes


def _source(source: Value, path: str) -> list[Cause]:
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if name is None and inline is None:
        return [required(path, ONE_OF_BOTH)]
    if name is not None and inline is not None:
        return [forbidden(path, ONE_OF_BOTH)]
    if inline is not None:
        return validate_volume_spec(inline, f"{path}.inlineVolumeSpec", inline=True)
    return [] if name else [required(f"{path}.persistentVolumeName", "must specify non empty persistentVolumeName")]


def _error(error: Value, path: str) -> list[Cause]:
    causes = []
    if len((error.get("message") or "").encode()) > MAX_MESSAGE_BYTES:
        causes.append(too_long(f"{path}.message", MAX_METADATA_BYTES))
    code = error.get("errorCode")
    if code is not None and code < 0:
        causes.append(invalid(f"{path}.errorCode", code, formats.between(0, LARGEST_CODE)))
    return causes
