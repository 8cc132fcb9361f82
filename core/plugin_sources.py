"""Where plugins come from: the entry-point group ``sampan`` of installed distributions, and files or modules by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sampan.core.classes import frozen

if TYPE_CHECKING:
    from importlib import metadata

GROUP = "sampan"
"""Of entry points; `sampan.core.hooks.PROJECT` is the same name, and costs more to import."""
OWN_DISTRIBUTION = "sampan"

EntryPoints = Callable[[], "Iterable[metadata.EntryPoint]"]


@frozen
class Found:
    """A plugin that is there, not loaded yet."""

    name: str
    source: str
    load: Callable[[], object]
    """Runs the plugin's own code, so it may raise anything."""


def installed_entry_points() -> Iterable[metadata.EntryPoint]:
    from importlib import metadata

    return metadata.entry_points(group=GROUP)


def distribution_of(entry: metadata.EntryPoint) -> str:
    """The name of the one that brings it; empty where that is not known."""
    return _name_of(entry.dist) if entry.dist else ""


@lru_cache(maxsize=100)
def _name_of(distribution: metadata.Distribution) -> str:
    """Kept: it takes a whole METADATA file to read."""
    return distribution.name


def installed(entry_points: EntryPoints, *, outside_only: bool = False) -> Iterator[Found]:
    """Each under a name of its own, sampan's own first.

    An outside plugin whose name is taken is called ``NAME@DISTRIBUTION``: nobody else's is dropped or replaced by it.
    """
    taken: set[str] = set()
    for entry in sorted(entry_points(), key=_place):
        distribution = distribution_of(entry) or "unknown"
        name = entry.name if entry.name not in taken else f"{entry.name}@{distribution}"
        if name in taken:
            continue
        taken.add(name)
        if not (outside_only and distribution == OWN_DISTRIBUTION):
            yield Found(name, f"{distribution}: {entry.value}", entry.load)


def _place(entry: metadata.EntryPoint) -> tuple[bool, str, str]:
    distribution = distribution_of(entry)
    return (distribution != OWN_DISTRIBUTION, entry.name, distribution)


def named(place: str) -> Found:
    """A Python file (``./my.py``; the plugin is called ``my``), or a module that can be imported (``my.plugin``)."""
    if place.endswith(".py") or "/" in place:
        path = Path(place).expanduser().absolute()
        return Found(path.stem, str(path), lambda: _import_file(path))
    return Found(place.rpartition(".")[2], place, lambda: import_module(place))


def _import_file(path: Path) -> object:
    """The file as a module, read anew: it may have changed. Its folder is where its own imports are looked for too."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    from importlib import util

    spec = util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file: its name must end in .py")
    module = util.module_from_spec(spec)
    # Classes look for their module by name when their annotations are resolved.
    sys.modules[path.stem] = module
    # Straight from the source: bytecode kept beside it may be of the same second and size.
    exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    return module
