"""Stages, as KWOK has them: files that say what becomes of simulated pods, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.config import ClusterContext
    from sampan.core.contracts.controller import Controller
    from sampan.core.registry import Registry


def register(registry: Registry, places: Sequence[str]) -> None:
    """``places``: files or folders. None: node agents look after pods, as always. Raises `ConfigError`."""
    if not places:
        return
    from sampan.plugins.stages.files import read_stages
    from sampan.plugins.stages.player import StagePlayer

    stages = read_stages(places)

    def make(context: ClusterContext) -> Controller:
        return StagePlayer(stages)

    registry.controller("stage-player", make, plays_pods=True)
