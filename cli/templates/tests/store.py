"""What is written is read again, and counted. `sampan.core.testing.store_contract` is a whole suite for stores."""

import asyncio

import ferry


def test_writes_are_kept_and_counted():
    async def story():
        store = ferry.open_ferry("ferry:")
        made = await store.create("/registry/a", b"{}")
        assert (await store.get("/registry/a")) == made
        assert store.writes == 1
        await store.close()

    asyncio.run(story())
