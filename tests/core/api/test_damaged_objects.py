"""An object whose stored value is damaged: named, left out of lists, deleted, made anew; all others are served."""

from __future__ import annotations

import sqlite3
import ssl
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from sampan.core.errors import AlreadyExists, NotFound, StorageReadError
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.core_v1.service import Service, ServicePort, ServiceSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.control_plane import control_plane

pytestmark = pytest.mark.anyio


async def test_one_damaged_value_takes_nothing_else_with_it(tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path}/store.db"
    good, bad = (ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data={"a": "1"}) for name in ("g", "b"))
    service = Service(
        metadata=ObjectMeta(name="s", namespace="default"), spec=ServiceSpec(ports=(ServicePort(port=80),))
    )
    async with control_plane(tmp_path, store=store) as plane:
        for obj in (good, bad, service):
            await plane.client.create(obj)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE versions SET value = ? WHERE key LIKE '%/default/b'", (b"\x00not json",))
        connection.execute("UPDATE versions SET value = ? WHERE key LIKE '%/services/%/default/s'", (b"",))
        connection.execute("UPDATE versions SET value = ? WHERE key LIKE '%/services/default/s'", (b"",))

    async with control_plane(tmp_path, store=store, controllers=True) as plane:
        client = plane.client
        with pytest.raises(StorageReadError, match='configmaps "b" cannot be read'):
            await client.get(ConfigMap, "default", "b")
        assert "b" not in {each.metadata.name for each in (await client.list(ConfigMap, "default")).items}
        trust = ssl.create_default_context(cadata=plane.access.ca_pem)
        token = {"Authorization": f"Bearer {plane.access.token}"}
        async with httpx.AsyncClient(base_url=plane.access.server, verify=trust, headers=token) as http:
            listed = await http.get("/api/v1/namespaces/default/configmaps")
            assert "configmaps default/b is left out" in listed.headers["warning"]
            read = await http.get("/api/v1/namespaces/default/services/s")
            assert (read.status_code, read.json()["reason"]) == (500, "StorageReadError")
        with pytest.raises(AlreadyExists):
            await client.create(bad)
        await client.delete(ConfigMap, "default", "b")
        with pytest.raises(NotFound):
            await client.get(ConfigMap, "default", "b")
        assert (await client.create(bad)).data == {"a": "1"}
