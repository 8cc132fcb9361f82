"""Custom kinds come and go while an engine runs: `CustomKinds` tells it of them.

It learns of kinds through the API alone, from CustomResourceDefinitions, and so works over HTTPS as in-process. One
version of each kind is followed, the stored one where it is served: they all show the same objects.
"""

from __future__ import annotations

import asyncio
import logging

from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.kinds import KubeObject
from sampan.core.model.unstructured import Unstructured, unstructured
from sampan.core.reconcile.engine import Engine

log = logging.getLogger(__name__)


def kind_of_definition(definition: CustomResourceDefinition) -> type[Unstructured] | None:
    """The class by which the objects of a definition are followed; ``None`` where it has none yet, or none is served."""
    conditions = {each.type: each.status for each in definition.status.conditions}
    served = sorted((each for each in definition.spec.versions if each.served), key=lambda each: not each.storage)
    if conditions.get("Established") != "True" or not served:
        return None
    names, spec = definition.status.accepted_names, definition.spec
    return unstructured(
        f"{spec.group}/{served[0].name}", names.kind, names.plural, namespaced=spec.scope == "Namespaced"
    )


class CustomKinds:
    """Made after its engine has been started. `start` returns once the kinds that there are already are followed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kinds: dict[str, type[KubeObject]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        informer = self._engine.informers.informer(CustomResourceDefinition)
        await informer.synced.wait()
        informer.subscribe(self._changed)
        if self._tasks:
            await asyncio.wait(tuple(self._tasks.values()), timeout=5)

    async def stop(self) -> None:
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _changed(self, old: KubeObject | None, new: KubeObject | None) -> None:
        definition = new or old
        assert isinstance(definition, CustomResourceDefinition)
        name = definition.key[1]
        wanted = kind_of_definition(new) if isinstance(new, CustomResourceDefinition) else None
        if wanted is not self._kinds.get(name):
            before = self._tasks.get(name)
            self._tasks[name] = asyncio.create_task(self._switch(name, wanted, before), name=f"kind of {name}")

    async def _switch(self, name: str, wanted: type[KubeObject] | None, before: asyncio.Task[None] | None) -> None:
        """One change after the other; one that is still waiting for a kind to answer is given up."""
        if before is not None:
            before.cancel()
            await asyncio.gather(before, return_exceptions=True)
        known = self._kinds.pop(name, None)
        if known is not None:
            await self._engine.forget(known)
        if wanted is not None:
            self._kinds[name] = wanted
            await self._engine.follow(wanted)
