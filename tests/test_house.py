"""The house itself: the package map is whole, and every room says what it is for."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

HOUSE = Path(__file__).parents[1]
FLOORS = ("core", "plugin", "plugins", "runtimes", "volumes", "cli")


def packages() -> list[str]:
    """Every folder with an ``__init__.py``, as the package that it is."""
    found = []
    for floor in FLOORS:
        for init in (HOUSE / floor).rglob("__init__.py"):
            found.append("sampan." + ".".join(init.parent.relative_to(HOUSE).parts))
    return sorted(found)


def test_every_package_is_in_the_package_map() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["packages"] == packages()


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {module.parent for floor in FLOORS for module in (HOUSE / floor).rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_module_says_what_it_is_for() -> None:
    modules = [module for floor in FLOORS for module in (HOUSE / floor).rglob("*.py")]
    assert [str(module) for module in modules if ast.get_docstring(ast.parse(module.read_text())) is None] == []


def test_type_checkers_find_every_floor() -> None:
    for floor in FLOORS:
        assert (HOUSE / "typings" / "sampan" / floor).resolve() == HOUSE / floor


def test_what_needs_an_engine_is_where_it_is_looked_for() -> None:
    """`tests/run` asks for it below tests/runtimes alone: to collect all tests for two engines takes half a minute each."""
    marks = tuple(f"mark.{engine}" for engine in ("docker", "podman"))
    tests = [path for path in (HOUSE / "tests").rglob("*.py") if any(mark in path.read_text() for mark in marks)]
    assert [str(path) for path in tests if HOUSE / "tests" / "runtimes" not in path.parents] == []


def test_nobody_waits_by_select() -> None:
    """It breaks above 1,024 descriptors, and a cluster has more (`sampan.core.host.polling`)."""
    modules = [module for floor in FLOORS for module in (HOUSE / floor).rglob("*.py")]
    assert [str(module) for module in modules if "select.select(" in module.read_text()] == []
