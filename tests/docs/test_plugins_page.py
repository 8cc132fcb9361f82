"""The page for plugin authors names every registration call."""

from __future__ import annotations

import inspect
from pathlib import Path

from sampan.core.registry import Registry

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()


def test_every_registration_is_on_the_page() -> None:
    calls = [name for name, value in vars(Registry).items() if inspect.isfunction(value) and not name.startswith("_")]
    calls = [name for name in calls if name not in ("all_parts", "forget")]  # not for plugins
    assert [name for name in calls if f"`registry.{name}(" not in PAGE] == []
