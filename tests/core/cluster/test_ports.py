"""Which port the API takes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.core.cluster.ports import bind_port
from sampan.core.config import Config
from sampan.core.errors import ConfigError
from sampan.core.host.listening import bind


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on, with a free one after it as far as can be known."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def bound(config: Config, settled: int, said: list[str]) -> int:
    with bind_port(config, settled, bind, said.append) as made:
        return int(made.getsockname()[1])


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path, taken: int) -> None:
    config = Config(data_dir=tmp_path, port=taken, port_is_fixed=True)
    with pytest.raises(ConfigError, match=rf"cannot listen on 127.0.0.1:{taken}.*--port"):
        bound(config, 0, [])


def test_otherwise_the_next_free_one_is_taken_and_said(tmp_path: Path, taken: int) -> None:
    said: list[str] = []
    port = bound(Config(data_dir=tmp_path, port=taken), 0, said)
    assert port > taken
    assert said == [f"port {taken} is taken: using {port}"]


def test_the_port_of_last_time_comes_first(tmp_path: Path, taken: int) -> None:
    free = bound(Config(data_dir=tmp_path, port=0), 0, [])
    said: list[str] = []
    assert bound(Config(data_dir=tmp_path, port=taken), free, said) == free
    assert said == []
