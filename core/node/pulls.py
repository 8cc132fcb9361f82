"""Pulls images in the background, each once at a time, and remembers registries that could not be reached.

On the event loop; the pull itself is in a worker thread.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from sampan.core.contracts.runtime import Image, ImageError
from sampan.core.errors import NotFound, SampanError
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.actions import Say
from sampan.core.node.decide.back_off import next_back_off
from sampan.core.node.decide.images import WantedImage, registry_auth
from sampan.core.node.decide.memory import Problem, Pull
from sampan.core.node.parts import NodeParts
from sampan.core.node.record import PodRecord

log = logging.getLogger(__name__)

REMEMBERED = timedelta(minutes=5)


class ImagePuller:
    def __init__(self, parts: NodeParts) -> None:
        self._parts = parts
        self._under_way: dict[str, asyncio.Task[str]] = {}
        self._failed_at: dict[str, datetime] = {}

    def is_offline(self, image: str) -> bool:
        """Whether pulling ``image`` failed a moment ago."""
        failed = self._failed_at.get(image)
        return failed is not None and self._parts.clock.now() - failed < REMEMBERED

    async def pull(self, record: PodRecord, spec: Container, wanted: WantedImage, attempt: int) -> list[Say]:
        """Pull an image for one container and write down what came of it; what to say about it.

        Raises nothing: a pull that fails for whatever reason is written down as one that is to be tried again, as nothing
        else would ever wake a container that waits for its image.
        """
        image, clock = wanted.reference, self._parts.clock
        began = clock.monotonic()
        try:
            await self._pull(record.pod, image)
        except ImageError as exc:
            self._failed_at[image] = clock.now()
            return await self._failed(record, spec, wanted, attempt, Problem(exc.reason, str(exc)))
        except Exception as exc:
            if not isinstance(exc, SampanError):
                log.exception("the pull of %s broke", image)
            return await self._failed(record, spec, wanted, attempt, Problem("ErrImagePull", str(exc) or repr(exc)))
        self._failed_at.pop(image, None)
        self._succeeded(record, spec, image, attempt)
        record.remember(spec.name, pull_back_off=None)
        found = await self._there(image)
        took = f"{clock.monotonic() - began:.3g}s"
        size = f" Image size: {found.size} bytes." if found is not None and found.size else ""
        message = f'Successfully pulled image "{image}" in {took} ({took} including waiting).{size}'
        return [Say("Pulled", message, "Normal", wanted.container)]

    async def _pull(self, pod: Pod, image: str) -> str:
        """Pods that want the same image wait for the same pull."""
        secrets = [] if image in self._under_way else await self._secrets(pod)
        task = self._under_way.get(image)
        if task is None:
            auth = registry_auth(image, secrets)
            task = asyncio.create_task(self._parts.pulls.run(self._parts.runtime.pull_image, image, auth))
            self._under_way[image] = task
            task.add_done_callback(lambda _: self._under_way.pop(image, None))
        return await asyncio.shield(task)

    async def _there(self, image: str) -> Image | None:
        """The image, unless the engine lacks it or does not say."""
        try:
            return await self._parts.calls.run(self._parts.runtime.image, image)
        except Exception as exc:
            log.warning("the runtime does not tell whether it has the image %s: %s", image, exc)
            return None

    async def _secrets(self, pod: Pod) -> list[Secret]:
        secrets = []
        for reference in pod.spec.image_pull_secrets:
            try:
                namespace = pod.metadata.namespace or ""
                secrets.append(await self._parts.client.get(Secret, namespace, reference.name or ""))
            except NotFound:
                continue
        return secrets

    async def _failed(
        self, record: PodRecord, spec: Container, wanted: WantedImage, attempt: int, problem: Problem
    ) -> list[Say]:
        image = wanted.reference
        words = f'Failed to pull image "{image}": {problem.message}'
        if await self._there(image) is not None:
            self._succeeded(record, spec, image, attempt)
            return [Say("Failed", f"{words}; the image that is there is used", "Warning", wanted.container)]
        now = self._parts.clock.now()
        back_off = next_back_off(record.memory(spec.name).pull_back_off, now)
        pull = Pull(image=image, problem=problem, retry_at=now + timedelta(seconds=back_off.delay))
        record.remember(spec.name, pull_back_off=back_off, problem=problem, pull=pull)
        error = Say("Failed", f"Error: {problem.reason}", "Warning", spec.name)
        return [Say("Failed", words, "Warning", wanted.container), error]

    def _succeeded(self, record: PodRecord, spec: Container, image: str, attempt: int) -> None:
        pulled = record.memory(spec.name).pulled | {(attempt, image)}
        record.remember(spec.name, pulled=pulled, pull=None, problem=None)
