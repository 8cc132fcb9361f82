"""Plugins made on the spot, and loaded without those that are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sampan.core.hooks import hookimpl
from sampan.core.plugins import Plugins, load_plugins


class Inline:
    """A plugin made on the spot."""


def plugin(
    hooks: Mapping[str, Callable[..., Any]] = MappingProxyType({}), /,
    *, tryfirst: bool = False, trylast: bool = False, wrapper: bool = False, **more: Callable[..., Any],
) -> object:  # fmt: skip
    """A plugin with these hooks, all marked in the same way."""
    made = Inline()
    mark = hookimpl(tryfirst=tryfirst, trylast=trylast, wrapper=wrapper)
    for name, function in {**hooks, **more}.items():
        setattr(made, name, mark(function))
    return made


def loaded(hook_limit: float | None = None, **plugins: object) -> Plugins:
    """Loaded in the order given: pluggy asks the last one first."""
    return load_plugins(extra=tuple(plugins.items()), entry_points=lambda: (), hook_limit=hook_limit)


def answering(argument: str, answer: Callable[[Any], Any]) -> Callable[..., Any]:
    """A hook function that takes ``argument`` alone."""
    namespace: dict[str, Any] = {"answer": answer}
    exec(f"def function({argument}): return answer({argument})", namespace)
    function: Callable[..., Any] = namespace["function"]
    return function
