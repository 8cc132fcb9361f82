"""The documentation of a model class's fields: attribute docstrings, string literals right below the fields.

Python throws these literals away, so they are read from the source, one parse for each module and only when an OpenAPI
document is made: importing the model and serving requests cost nothing. A module without source (compiled, typed into a
shell) has no documentation. Called by `sampan.core.schema.builtin`; any thread.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache

Docs = Mapping[str, str]
"""From an attribute's name to its documentation."""


def attribute_docs(cls: type) -> dict[str, str]:
    """The documentation of the class's own and inherited attributes, where there is any."""
    docs: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if each.__module__ != "builtins":
            docs |= _module_docs(each.__module__).get(each.__qualname__, {})
    return docs


def prose(docstring: str) -> str:
    """One line per paragraph, for kubectl to wrap, and literals as in Markdown, as in Kubernetes' own documents."""
    paragraphs = inspect.cleandoc(docstring).strip().replace("``", "`").split("\n\n")
    return "\n\n".join(re.sub(r"\s+", " ", each) for each in paragraphs)


@cache
def _module_docs(name: str) -> Mapping[str, Docs]:
    """The documented classes of an imported module, by their qualified names."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    return {place: docs for place, each in _classes(tree, "") if (docs := dict(_documented(each)))}


def _classes(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Every class below a part of the tree with its ``__qualname__``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield prefix + node.name, node
            yield from _classes(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(node, f"{prefix}{node.name}.<locals>.")
        elif isinstance(node, ast.stmt):
            yield from _classes(node, prefix)


def _documented(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """The fields that a string literal follows."""
    for field, below in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, prose(below.value.value)
