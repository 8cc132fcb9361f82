"""What ComponentStatuses are worked out of: each part of the control plane is asked whether it is well, at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from sampan.core.classes import define

SOURCE: Final = "component-statuses"
PATIENCE: Final = 20.0
"""Seconds that a part may take, as in Kubernetes."""

Check = Callable[[], Awaitable[None]]
"""Raises where the part is not well."""


@define
class ComponentStatuses:
    """A `sampan.core.contracts.source.Source`. ``parts`` by name; who starts the parts enters them."""

    parts: Mapping[str, Check]
    interval: float = 15.0

    async def objects(self) -> Iterable[Mapping[str, Any]]:
        return await asyncio.gather(*(_status(name, check) for name, check in self.parts.items()))


async def _status(name: str, check: Check) -> Mapping[str, Any]:
    return {"metadata": {"name": name}, "conditions": [{"type": "Healthy", **await _found(check)}]}


async def _found(check: Check) -> dict[str, str]:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except Exception as exc:  # whatever is wrong with a part is what is asked for
        return {"status": "False", "error": str(exc) or type(exc).__name__}
    return {"status": "True", "message": "ok"}
