"""A first start that fails leaves nothing on the machine; a later one leaves what was there."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from sampan.core.cluster.cluster import Cluster
from sampan.core.config import Config
from sampan.core.contracts.proxy import ProxySettings
from sampan.core.datadir import DataDir
from sampan.core.errors import ConfigError
from sampan.core.hooks import hookimpl
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry

pytestmark = pytest.mark.anyio


class TellingProxy:
    """A proxy that only says what it is asked to do."""

    def __init__(self, told: list[str], fails: bool) -> None:
        self._told = told
        self._fails = fails

    def service_cidr(self) -> str:
        return "127.97.0.0/16"

    def start(self) -> None:
        self._told.append("start")
        if self._fails:
            raise ConfigError("no wind")

    def sync(self, desired: object) -> None: ...

    def destroy(self) -> None:
        self._told.append("destroy")

    def close(self) -> None:
        self._told.append("close")


@attrs.define
class TellingPlugin:
    told: list[str]
    fails: bool = True

    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        def make(_settings: ProxySettings) -> TellingProxy:
            return TellingProxy(self.told, self.fails)

        registry.proxy("telling", make)  # type: ignore[arg-type]


async def failed_start(data_dir: Path, plugin: TellingPlugin) -> None:
    config = Config(data_dir=data_dir, port=0, runtime="simulated", proxy="telling", store="memory:")
    with pytest.raises(ConfigError, match="no wind"):
        await Cluster(config, load_plugins(extra=[("telling", plugin)])).start()


async def test_a_first_start_that_fails_is_taken_back(tmp_path: Path) -> None:
    told: list[str] = []
    await failed_start(tmp_path / "data", TellingPlugin(told))
    assert told == ["start", "destroy", "close"]
    assert not DataDir(tmp_path / "data").exists()
    assert DataDir(tmp_path / "data").holder() is None


async def test_a_later_start_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    directory.open()
    directory.keep(attrs.evolve(directory.decisions("sampan"), runtime="simulated", proxy="telling"))
    directory.close()
    told: list[str] = []
    await failed_start(tmp_path, TellingPlugin(told))
    assert told == ["start", "close"]
    assert DataDir(tmp_path).exists()
