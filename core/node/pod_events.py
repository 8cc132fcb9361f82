"""What is told about a pod: events, and warnings that are given once. On the event loop."""

from __future__ import annotations

import logging

from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.actions import Say
from sampan.core.node.record import PodRecord
from sampan.core.reconcile.events import EventRecorder

log = logging.getLogger(__name__)


class PodEvents:
    def __init__(self, recorder: EventRecorder) -> None:
        self._recorder = recorder

    def say(self, record: PodRecord, said: Say) -> None:
        path = field_path(record.pod, said.container) if said.container else ""
        self._recorder.emit(record.pod, said.reason, said.message, type=said.type, field_path=path)

    def warn(self, record: PodRecord, message: str) -> None:
        """Of a field that is not honoured."""
        if message not in record.said:
            record.said.add(message)
            if "kube-api-access-" in message:
                # Every pod has this volume by admission: nobody has asked for it.
                log.info("pod %s: %s", record.pod.metadata.name, message)
                return
            self.say(record, Say("UnsupportedField", message, "Warning"))


def field_path(pod: Pod, container: str) -> str:
    """``spec.containers{web}``, by which an event names a container."""
    if any(each.name == container for each in pod.spec.init_containers):
        return f"spec.initContainers{{{container}}}"
    if any(each.name == container for each in pod.spec.ephemeral_containers):
        return f"spec.ephemeralContainers{{{container}}}"
    return f"spec.containers{{{container}}}"
