"""The built-in stores come in through the registry, as an outside plugin's would."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.core.registry import Registry
from sampan.plugins import stores

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("scheme", "url"), [("memory", "memory:"), ("sqlite", "sqlite://{}/state.db")])
async def test_a_store_is_found_by_its_scheme(tmp_path: Path, scheme: str, url: str) -> None:
    registry = Registry()
    stores.register(registry)
    store = registry.stores.find(scheme).make(url.format(tmp_path))
    try:
        assert await store.revision() == 1
    finally:
        await store.close()
