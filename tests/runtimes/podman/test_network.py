"""What Podman says while it makes the pods' network, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import podman.errors
import pytest

from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.errors import ConfigError
from sampan.core.host.ranges import give_back
from sampan.core.testing.runtime_suite.bench import RuntimeBench
from sampan.runtimes.podman.network import TRIES, ensure_network

A_LINK_WENT = "route ip+net: no such network interface"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[RuntimeSettings]:
    yield attrs.evolve(RuntimeBench.settings(tmp_path), pod_cidr="10.249.0.0/16")
    give_back(tmp_path)


class Networks:
    """A Podman that has no network yet, and says in turn what it is given when it is to make one (``None``: done)."""

    def __init__(self, *answers: str | None) -> None:
        self._answers = list(answers)
        self.asked = 0

    def get(self, name: str) -> object:
        raise podman.errors.NotFound(f"no network {name}")

    def create(self, name: str, **_options: object) -> None:
        self.asked += 1
        if said := self._answers.pop(0):
            raise podman.errors.APIError(f"no {name}", explanation=said)

    def ensured(self, settings: RuntimeSettings) -> str:
        client: Any = SimpleNamespace(networks=self)
        return ensure_network(client, settings)


def test_a_link_of_the_host_that_goes_while_podman_looks_is_looked_at_again(settings: RuntimeSettings) -> None:
    networks = Networks(A_LINK_WENT, A_LINK_WENT, None)
    assert networks.ensured(settings) == "10.249.0.0/16"
    assert networks.asked == 3


def test_links_that_go_for_ever_are_told(settings: RuntimeSettings) -> None:
    networks = Networks(*[A_LINK_WENT] * (TRIES + 1))
    with pytest.raises(ConfigError, match="no such network interface"):
        networks.ensured(settings)
    assert networks.asked == TRIES


def test_what_podman_refuses_is_not_asked_again(settings: RuntimeSettings) -> None:
    networks = Networks("it is not allowed", None)
    with pytest.raises(ConfigError, match=r"in 10\.249\.0\.0/16: it is not allowed"):
        networks.ensured(settings)
    assert networks.asked == 1
