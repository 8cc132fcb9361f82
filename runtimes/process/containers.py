"""Containers: made, started, stopped, found again and taken away. Any thread; never two for one pod.

A container is a folder; its supervisor (`sampan.runtimes.process.shim.container`) is told by ``job.json`` and tells by
``running.json`` and ``exit.json``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sampan.core.contracts.runtime import Container, ImageError, RuntimeFailure, Sandbox
from sampan.core.contracts.runtime_config import ContainerConfig, Resources
from sampan.core.errors import NotFound
from sampan.core.host.disk_usage import disk_usage
from sampan.core.host.trees import remove_tree
from sampan.runtimes.process import jobs, processes
from sampan.runtimes.process.cgroups import ControlGroups
from sampan.runtimes.process.images.model import HOST, StoredImage
from sampan.runtimes.process.images.store import ImageStore
from sampan.runtimes.process.isolation import Isolation
from sampan.runtimes.process.launcher import Launcher
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.recorded import Recorded
from sampan.runtimes.process.sandboxes import Sandboxes
from sampan.runtimes.process.shim import records
from sampan.runtimes.process.shim.job import Job

LOST_EXIT_CODE = 255
"""Of a container whose end nobody saw (containerd's number): the machine was restarted, or its supervisor killed."""
SIGNALS = {each.name: int(each) for each in signal.Signals}


class Containers:
    def __init__(
        self,
        layout: Layout,
        isolation: Isolation,
        sandboxes: Sandboxes,
        images: ImageStore,
        groups: ControlGroups,
        launcher: Launcher,
        hidden: Sequence[Path] = (),
    ) -> None:
        self._layout = layout
        self._isolation = isolation
        self._sandboxes = sandboxes
        self._images = images
        self._groups = groups
        self._launcher = launcher
        self._hidden = hidden
        self._recorded = Recorded()

    def create(self, sandbox: Sandbox, config: ContainerConfig) -> str:
        image = self._image(config)
        view = self._sandboxes.view(sandbox.id)
        volumes = {each.image: self._volume(each.image) for each in config.mounts if each.image}
        job = jobs.job(self._layout, self._isolation, view, config, image, self._images.layers, self._hidden, volumes)
        stop_signal = config.stop_signal or (image.stop_signal if image else "") or "SIGTERM"
        container_id = secrets.token_hex(32)
        folder = self.folder(container_id)
        folder.mkdir(mode=0o711)
        record = {
            "sandbox_id": sandbox.id,
            "uid": sandbox.uid,
            "name": config.name,
            "attempt": config.attempt,
            "image": config.image,
            "image_id": image.id if image else HOST,
            "volume_images": sorted(each.id for each in volumes.values()),
            "labels": dict(config.labels),
            "created_at": time.time_ns(),
            "stop_signal": jobs.signal_number(stop_signal, SIGNALS),
            "cpu_shares": config.resources.cpu_shares,
            "cpu_quota_micros": config.resources.cpu_quota_micros,
            "memory_bytes": config.resources.memory_bytes,
        }
        records.write(str(folder / "job.json"), job, lasting=False)  # once more at the start
        records.write(str(folder / "container.json"), record)
        return container_id

    def start(self, container_id: str) -> None:
        """One that has been started stays as it is. Raises `RuntimeFailure` where its program cannot be run."""
        record = self.record(container_id)
        if self.get(container_id).state != "created":
            return
        folder = self.folder(container_id)
        job = self.job(container_id)
        resources = Resources(
            cpu_shares=record["cpu_shares"],
            cpu_quota_micros=record["cpu_quota_micros"],
            memory_bytes=record["memory_bytes"],
        )
        job["cgroups"] = self._groups.create(container_id, resources)
        records.write(str(folder / "job.json"), job)
        self._launcher.call("container", {"directory": str(folder)})

    def stop(self, container_id: str, timeout: float) -> None:
        """Its stop signal, the time to end by itself, SIGKILL. Idempotent; one that is not there is fine."""
        folder = self.folder(container_id)
        running = self._recorded.read(str(folder / "running.json"))
        if running is None or (folder / "exit.json").exists():
            return
        with processes.Watched(running["process"]) as process, processes.Watched(running["shim"]) as supervisor:
            if timeout > 0:
                process.signal(self.record(container_id)["stop_signal"])
                if supervisor.wait(timeout):
                    return
            process.signal(signal.SIGKILL)
            supervisor.wait(None)
            process.wait(None)

    def remove(self, container_id: str) -> None:
        self.stop(container_id, 0)
        folder = self.folder(container_id)
        if not folder.is_dir():
            return
        if self._isolation.user_namespace == "range":
            self._launcher.call("remove", {"path": str(folder), "subordinate": self._isolation.subordinate})
        else:
            remove_tree(str(folder))
        self._recorded.forget(str(folder))

    def get(self, container_id: str) -> Container:
        """Raises `NotFound`."""
        record = self.record(container_id)
        folder = self.folder(container_id)
        running = self._recorded.read(str(folder / "running.json"))
        ended = self._exit(folder, running)
        is_running = running is not None and ended is None
        return Container(
            id=container_id,
            sandbox_id=record["sandbox_id"],
            name=record["name"],
            attempt=record["attempt"],
            state="running" if is_running else "exited" if ended else "created",
            image=record["image"],
            image_id=record["image_id"],
            created_at=_time(record["created_at"]),
            started_at=_time(running["started_at"]) if running else None,
            finished_at=_time(ended["finished_at"]) if ended else None,
            exit_code=ended["exit_code"] if ended else None,
            reason=ended.get("reason", "") if ended else "",
            message=ended.get("message", "") if ended else "",
            labels=record["labels"],
        )

    def all(self, uid: str | None = None) -> Sequence[Container]:
        """All, or one pod's, the oldest first."""
        found = []
        for name in os.listdir(self._layout.containers):
            with contextlib.suppress(NotFound):  # removed meanwhile, or not made to the end
                if uid is None or self.record(name)["uid"] == uid:
                    found.append(self.get(name))
        return sorted(found, key=lambda container: (container.created_at, container.id))

    def of_sandbox(self, sandbox_id: str) -> Sequence[str]:
        found = []
        for name in os.listdir(self._layout.containers):
            with contextlib.suppress(NotFound):
                if self.record(name)["sandbox_id"] == sandbox_id:
                    found.append(name)
        return found

    def recover(self) -> None:
        """After a start: clear away what a crash left half made, or a broken disk without a record."""
        for folder in self._layout.containers.iterdir():
            if any(records.read(str(folder / name)) is None for name in ("job.json", "container.json")):
                self.remove(folder.name)

    def disk_usage(self, container_id: str) -> int:
        """What its overlays keep on disk."""
        return sum(disk_usage(each) for each in self.folder(container_id).glob("upper*"))

    def folder(self, container_id: str) -> Path:
        return self._layout.containers / container_id

    def record(self, container_id: str) -> dict[str, Any]:
        """What was said when it was made. Raises `NotFound`."""
        record = self._recorded.read(str(self.folder(container_id) / "container.json"))
        if record is None:
            raise NotFound(f"there is no container {container_id}")
        return record

    def job(self, container_id: str) -> Job:
        return cast(Job, records.read(str(self.folder(container_id) / "job.json")))

    def running(self, container_id: str) -> dict[str, Any]:
        """Its process and supervisor. Raises `NotFound`, or `RuntimeFailure` where it does not run."""
        container = self.get(container_id)
        running = self._recorded.read(str(self.folder(container_id) / "running.json"))
        if container.state != "running" or running is None:
            raise RuntimeFailure(f"container {container.name} is not running")
        return running

    def users_of(self, image_id: str) -> Sequence[Container]:
        return [each for each in self.all() if each.image_id == image_id or image_id in self._volume_images(each.id)]

    def _volume_images(self, container_id: str) -> Sequence[str]:
        with contextlib.suppress(NotFound):  # removed meanwhile
            return list(self.record(container_id).get("volume_images", ()))
        return ()

    def _volume(self, name: str) -> StoredImage:
        """An image that is mounted as a volume."""
        if name == HOST:
            raise RuntimeFailure("the image `host` is this machine: it cannot be mounted as a volume, its folders can")
        if (image := self._images.find(name)) is None:
            raise ImageError(f"the image {name} is not present; load it with `sampan image load FILE`")
        return image

    def _image(self, config: ContainerConfig) -> StoredImage | None:
        """``None`` is the host's own tree."""
        if config.image == HOST:
            return None
        image = self._images.find(config.image_id) if config.image_id else None
        image = image or self._images.find(config.image)
        if image is None:
            raise ImageError(f"the image {config.image} is not present; load it with `sampan image load FILE`")
        if not self._isolation.private or not self._isolation.upper:
            raise ImageError(
                f"the image {config.image} cannot run: {self._isolation.note()}; `host` can", "ErrImagePull"
            )
        return image

    def _exit(self, folder: Path, running: dict[str, Any] | None) -> dict[str, Any] | None:
        path = str(folder / "exit.json")
        ended = self._recorded.read(path)
        if ended is not None or running is None:
            return ended
        if records.is_alive(running["shim"]):
            return None
        if (ended := self._recorded.read(path)) is not None:  # it has ended since we looked
            return ended
        lost = {
            "exit_code": LOST_EXIT_CODE,
            "reason": "Unknown",
            "message": "nobody saw its end: the machine was restarted, or its supervisor was killed",
            "finished_at": time.time_ns(),
        }
        processes.kill(running["process"])
        try:
            records.write(path, lost)
        except FileNotFoundError as exc:  # it was removed since we looked
            raise NotFound(f"there is no container {folder.name}") from exc
        return lost


def end_all(layout: Layout, patience: float = 10.0) -> None:
    """Kill every container of a runtime that is being destroyed; their supervisors clear away what they leave."""
    found = [records.read(str(path)) for path in layout.containers.glob("*/running.json")]
    watched = [(processes.Watched(each["process"]), processes.Watched(each["shim"])) for each in found if each]
    deadline = time.monotonic() + patience
    for process, _ in watched:
        process.signal(signal.SIGKILL)
    for process, supervisor in watched:
        supervisor.wait(deadline - time.monotonic())
        process.close()
        supervisor.close()


def _time(nanos: Any) -> datetime:
    return datetime.fromtimestamp(nanos / 1e9, UTC)
