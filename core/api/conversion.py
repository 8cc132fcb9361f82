"""A conversion webhook, asked for objects of a custom kind in another of its versions.

Objects are asked about in batches, and judged one by one: what is wrong with one of them harms no other.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from sampan.core.api.conversion_answers import REVIEW, ConversionFailed, Unusable, objects_of
from sampan.core.api.webhook_client import CallFailed, Unreachable, WebhookClient
from sampan.core.classes import frozen
from sampan.core.schema.encode import encode
from sampan.core.schema.fit import fit, trim
from sampan.core.schema.resource import Resource

log = logging.getLogger(__name__)

Wire = Mapping[str, Any]

ASK_TIMEOUT: Final = 30.0
LONGEST_ANSWER: Final = 64 << 20
BATCH: Final = 500
"""Objects that are converted in one question at the most."""
QUESTIONS: Final = 32
"""Asked at the most to find those of a batch that cannot be converted: enough for one."""
UNASKED: Final = ConversionFailed("not asked")


@frozen
class Converter:
    """The webhook of one definition."""

    stored: Resource
    """The version that objects are stored in, whose defaults they have."""
    config: Wire
    versions: tuple[str, ...]
    webhooks: WebhookClient

    async def convert(self, obj: Wire, target: Resource) -> bytes:
        """An object of any version as what is written of one of ``target``'s. Raises `ConversionFailed`."""
        (made,) = await self.convert_each([obj], target)
        if isinstance(made, ConversionFailed):
            raise made
        return made

    async def convert_each(self, objects: Sequence[Wire], target: Resource) -> list[bytes | ConversionFailed]:
        """The same for many, in their order: each of them, or what keeps it from being converted."""
        wanted = target.info.api_version
        others = [obj for obj in objects if obj["apiVersion"] != wanted]
        converted = iter(await self._ask(others, wanted) if others else ())
        return [
            self._written(orjson.loads(orjson.dumps(obj)) if obj["apiVersion"] == wanted else next(converted), target)
            for obj in objects
        ]

    async def _ask(self, objects: Sequence[Wire], wanted: str) -> list[dict[str, Any] | ConversionFailed]:
        found: list[dict[str, Any] | ConversionFailed] = []
        for begin in range(0, len(objects), BATCH):
            part = await self._ask_apart(objects[begin : begin + BATCH], wanted)
            found += part
            if all(isinstance(each, ConversionFailed) for each in part):  # it is out of order: no more is asked
                return found + part[:1] * (len(objects) - len(found))
        return found

    async def _ask_apart(self, objects: Sequence[Wire], wanted: str) -> list[dict[str, Any] | ConversionFailed]:
        """Where an answer cannot be used, halves are asked about, until it is known whose it is."""
        found: list[dict[str, Any] | ConversionFailed] = [UNASKED] * len(objects)
        waiting, asked = deque([slice(0, len(objects))]), 0
        while waiting:
            part, asked = waiting.popleft(), asked + 1
            count = part.stop - part.start
            try:
                found[part] = await self._ask_once(objects[part], wanted)
            except (CallFailed, Unusable) as error:
                if count == 1 or isinstance(error, Unreachable) or asked + len(waiting) + 2 > QUESTIONS:
                    found[part] = [self._failed(objects[part.start], error)] * count
                else:
                    middle = part.start + count // 2
                    waiting += (slice(part.start, middle), slice(middle, part.stop))
        return found

    def _failed(self, obj: Wire, error: Exception) -> ConversionFailed:
        words = str(error) if isinstance(error, Unusable) else f"failed: {error}"
        return ConversionFailed(f"conversion webhook for {obj['apiVersion']}, Kind={self.stored.info.kind} {words}")

    async def _ask_once(self, objects: Sequence[Wire], wanted: str) -> list[dict[str, Any]]:
        version = next(each for each in self.versions if each in ("v1", "v1beta1"))
        uid, review = str(uuid.uuid4()), f"apiextensions.k8s.io/{version}"
        question = {
            "kind": REVIEW,
            "apiVersion": review,
            "request": {"uid": uid, "desiredAPIVersion": wanted, "objects": list(objects)},
        }
        answer = await self.webhooks.post(self.config, question, ASK_TIMEOUT, longest=LONGEST_ANSWER)
        return objects_of(answer, uid, review, objects, wanted)

    def _written(self, made: dict[str, Any] | ConversionFailed, target: Resource) -> bytes | ConversionFailed:
        """In the form of its schema, encoded. A webhook may answer what nobody thought of: that is this object's alone."""
        if isinstance(made, ConversionFailed):
            return made
        give_form = fit if target is self.stored else trim
        try:
            give_form(target.struct, made)
            return encode(target.struct, made)
        except Exception:
            log.exception("an object could not be converted to %s", target.info.api_version)
            return ConversionFailed(f"conversion webhook for {target.info.api_version} returned what cannot be read")
