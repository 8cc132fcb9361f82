"""What sampan expects of every store, and what is this one's own."""

import ferry
import pytest

from sampan.core.testing.store_contract import StoreContract


class TestFerry(StoreContract):
    """All of its promises; ``directory`` is for stores that keep their data in files."""

    async def open_store(self, directory):
        return ferry.open_ferry("ferry:")


@pytest.mark.anyio
async def test_writes_are_counted():
    store = ferry.open_ferry("ferry:")
    made = await store.create("/registry/a", b"{}")
    assert await store.get("/registry/a") == made
    assert store.writes == 1
    await store.close()


@pytest.fixture
def anyio_backend():
    return "asyncio"
