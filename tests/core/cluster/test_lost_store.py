"""A store that has lost its objects: the pods that were in it must not be taken for unwanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.core.errors import ConfigError
from tests.support.quiet import quiet_cluster

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("empty", [True, False])
async def test_a_data_file_that_is_gone_or_empty_is_refused(tmp_path: Path, empty: bool) -> None:
    first = quiet_cluster(tmp_path)
    await first.start()
    await first.stop()
    file = tmp_path / "data" / "store.db"
    kept = file.read_bytes()
    if empty:
        file.write_bytes(b"")
    else:
        file.unlink()
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"store\.db is empty, though this cluster has had objects in it"):
            await quiet_cluster(tmp_path).start()

    file.write_bytes(kept)
    again = quiet_cluster(tmp_path)
    await again.start()
    await again.stop()


async def test_a_store_that_forgets_by_design_is_empty_at_every_start(tmp_path: Path) -> None:
    for _ in range(2):
        cluster = quiet_cluster(tmp_path, store="memory:")
        await cluster.start()
        await cluster.stop()
