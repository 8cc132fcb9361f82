"""All functions as the library's extensions, for the checker and for the evaluator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sampan.core.cel import map_macros
from sampan.core.cel.library import (
    addresses,
    authorization,
    formats,
    json_pointers,
    lists,
    quantities,
    regex,
    semver,
    sets,
    urls,
)
from sampan.core.cel.library.function import CARRIED, OPAQUE, Function
from sampan.core.cel.signatures import type_of

MODULES = (lists, sets, regex, urls, addresses, quantities, semver, authorization, formats)


CONFIG = """\
name: kubernetes
extensions:
- {name: optional}
- {name: strings, version: 2}
- {name: lists}
- {name: two-var-comprehensions}
"""
"""Parts of the language that Kubernetes 1.36 has beyond the standard: the library's own, in those versions."""


@cache
def configuration() -> Any:
    from cel_expr_python import cel

    return cel.NewEnvConfigFromYaml(CONFIG)


@cache
def extensions(*, evaluating: bool, bindings: bool, patches: bool) -> list[Any]:
    """What an environment is made with. ``bindings``: with ``cel.bind``; ``patches``: with what makes JSON patches.

    Few of Kubernetes' own have either.
    """
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_bindings

    functions = [function for module in MODULES for function in module.FUNCTIONS]
    functions += map_macros.FUNCTIONS if evaluating else ()
    functions += json_pointers.FUNCTIONS if patches or evaluating else ()
    own = cel.CelExtension("kubernetes", _declarations(cel, functions, evaluating))
    return [own, ext_bindings.ExtBindings()] if bindings or evaluating else [own]


def _declarations(cel: Any, functions: Sequence[Function], evaluating: bool) -> list[Any]:
    alike: dict[tuple[str, tuple[str, ...], bool], list[Function]] = {}
    for function in functions:
        types = tuple(_shown(each, evaluating) for each in function.types)
        alike.setdefault((function.name, types, function.is_method), []).append(function)
    overloads: dict[str, list[Any]] = {}
    for (name, types, is_method), same in alike.items():
        result = _shown(same[0].result, evaluating) if len(same) == 1 else "dyn"
        identifier = "_".join((name, *types, "member" if is_method else "global"))
        parameters = [type_of(each) for each in types]
        overload = cel.Overload(identifier, type_of(result), parameters, is_method, _dispatch(same))
        overloads.setdefault(name, []).append(overload)
    return [cel.FunctionDecl(name, each) for name, each in overloads.items()]


def _dispatch(functions: Sequence[Function]) -> Callable[..., Any]:
    """Functions that the evaluator cannot tell apart are told apart by the tags of what they are given."""
    if len(functions) == 1:
        return functions[0].run

    def run(*arguments: Any) -> Any:
        for function in functions:
            if function.fits(arguments):
                return function.run(*arguments)
        raise ValueError("no such overload")

    return run


def _shown(signature: str, evaluating: bool) -> str:
    if evaluating:
        if signature.startswith("list("):
            return "list(dyn)"  # all that the evaluator tells apart
        for name in OPAQUE:
            signature = signature.replace(name, CARRIED)
    return signature
