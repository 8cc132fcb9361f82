"""VolumeAttachment: a volume that is, or is to be, attached to a node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.storage_v1.attachments import VOLUME_ATTACHMENT_COLUMNS
from sampan.core.model.core_v1.persistent_volume import PersistentVolumeSpec
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.storage_v1.volume_attachment import VolumeAttachmentRules, validate_volume_attachment


@model
class VolumeAttachmentSource:
    """The volume to attach: exactly one of the two."""

    persistent_volume_name: str | None = wire(default=None, keep_zero=True)
    """The name of a PersistentVolume."""
    inline_volume_spec: PersistentVolumeSpec | None = None
    """A volume that is described on the spot, for pods whose in-tree volumes were moved to CSI."""


@model
class VolumeAttachmentSpec:
    """Which volume should be attached where."""

    attacher: str = wire(required=True, emit="always")
    """The driver that should do it. The name that its ``GetPluginName()`` gives."""
    source: VolumeAttachmentSource = wire(required=True, emit="always")
    """The volume that should be attached."""
    node_name: str = wire(required=True, emit="always")
    """The node that it should be attached to."""


@model
class VolumeError:
    """Something that went wrong with the attachment."""

    time: datetime | None = wire(default=None, emit="null")
    """When it went wrong."""
    message: str | None = None
    """What went wrong, in a sentence for people. It is logged, so it must hold no secret."""
    error_code: int | None = wire(default=None, format="int32")
    """The gRPC code of the failure, where the driver gave one."""


@model
class VolumeAttachmentStatus:
    """What the attacher has done."""

    attached: bool = wire(default=False, required=True, emit="always")
    """Whether the volume is attached. Only the attacher says so."""
    attachment_metadata: Mapping[str, str] = EMPTY
    """What the attachment brought with it, handed on when the volume is mounted."""
    attach_error: VolumeError | None = None
    """The last failure to attach, where there was one."""
    detach_error: VolumeError | None = None
    """The last failure to detach, where there was one."""


@kind(
    "storage.k8s.io/v1",
    plural="volumeattachments",
    namespaced=False,
    has_status=True,
    rules=VolumeAttachmentRules(),
    columns=VOLUME_ATTACHMENT_COLUMNS,
    delete_answers_object=True,
    unconditional_update=False,
    without_effect="volumes are not attached before they are mounted",
)
@model
class VolumeAttachment(KubeObject):
    """The wish to attach a volume to a node, and what came of it."""

    spec: VolumeAttachmentSpec = wire(required=True, emit="always")
    """Which volume should be attached where. Immutable."""
    status: VolumeAttachmentStatus = wire(default=VolumeAttachmentStatus(), emit="always")
    """What the attacher has done so far."""


struct_rules(VolumeAttachment, whole=True)(validate_volume_attachment)
