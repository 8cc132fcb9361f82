"""Whether a class or an object has what a contract (a protocol) asks for: said in sentences for its author.

Type checkers tell the same earlier, to those who run one. Used by the registry for whatever plugins bring.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, Generic, Protocol, cast

_FRAMEWORK = (object, Protocol, Generic)


def lacks(contract: type, thing: object) -> tuple[str, ...]:
    """What keeps an instance from being a ``contract``, each as a sentence part: ``has no method place(pod, state)``."""
    data = (f"has no attribute {name}" for name in _data(contract) if not hasattr(thing, name))
    return (*class_lacks(contract, cast(Any, type(thing))), *data)


def has_all(contract: type, thing: object) -> bool:
    """Whether an object has all that a contract names: what `isinstance` says of a protocol, at a tenth of its price."""
    return all(hasattr(thing, name) for name in _names(contract))


@cache
def class_lacks(contract: type, cls: Any) -> tuple[str, ...]:
    """The same for a class: its methods only, since instances may set the rest."""
    return tuple(_method_problems(contract, cls))


def _method_problems(contract: type, cls: type) -> Iterator[str]:
    for name, wanted in _methods(contract).items():
        arguments = ", ".join(_parameters(wanted))
        has = inspect.getattr_static(cls, name, None)
        if has is None:
            yield f"has no method {name}({arguments})"
            continue
        function = has.__func__ if isinstance(has, staticmethod | classmethod) else has
        if not callable(function):
            yield f"has {name}, which is no method: it is called as {name}({arguments})"
        elif inspect.iscoroutinefunction(wanted) and inspect.isfunction(function) and _is_plain(function):
            yield f"has a plain {name}: it is awaited, so write `async def`"
        elif inspect.iscoroutinefunction(function) and not inspect.iscoroutinefunction(wanted):
            yield f"has a coroutine {name}: it is called plainly, so write `def`"
        elif not _takes(getattr(cls, name), isinstance(has, staticmethod | classmethod), wanted):
            yield f"has a {name} that cannot be called as {name}({arguments})"


def _is_plain(function: Any) -> bool:
    """Neither a coroutine function nor one that may well return an awaitable, as far as its author says."""
    if inspect.iscoroutinefunction(function):
        return False
    return "Awaitable" not in str(function.__annotations__.get("return", ""))


def _takes(function: Any, is_bound: bool, wanted: Any) -> bool:
    """Whether it can be called as the contract says: positional arguments by place, the others by name."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return True  # nothing is known of it (written in C)
    positional = [] if is_bound else [None]
    keywords: dict[str, None] = {}
    for name, parameter in list(inspect.signature(wanted).parameters.items())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY:
            keywords[name] = None
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            positional.append(None)
    try:
        signature.bind(*positional, **keywords)
    except TypeError:
        return False
    return True


def _parameters(wanted: Any) -> Iterator[str]:
    for name, parameter in list(inspect.signature(wanted).parameters.items())[1:]:
        yield f"{name}=…" if parameter.kind is parameter.KEYWORD_ONLY else name


@cache
def _names(contract: type) -> tuple[str, ...]:
    return (*_methods(contract), *_data(contract))


@cache
def _methods(contract: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cls in reversed(contract.__mro__):
        if cls not in _FRAMEWORK:
            found |= {name: value for name, value in vars(cls).items() if inspect.isfunction(value) and name[0] != "_"}
    return found


@cache
def _data(contract: type) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for cls in reversed(contract.__mro__):
        if cls in _FRAMEWORK:
            continue
        names = [*vars(cls).get("__annotations__", {}), *vars(cls)]
        for name in names:
            if not name.startswith("_") and not inspect.isfunction(vars(cls).get(name)):
                found[name] = None
    return tuple(found)
