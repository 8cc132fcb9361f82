"""Go's text templates, as far as stages of simulated objects use them. https://pkg.go.dev/text/template

Text with actions: pipelines of functions, variables, ``if``, ``with`` and ``range`` with ``else``; no named templates. A
template is compiled once, so that an unknown word is found when a file is read and not when an object comes by.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError
from sampan.plugins.stages.expressions import Functions, Reader, Scope, as_text, is_true

ACTION = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
COMMENT = re.compile(r"/\*.*\*/", re.DOTALL)
Node = Callable[[Scope, list[str]], None]


@frozen
class _Piece:
    """Text, or what stands between braces."""

    text: str
    is_action: bool


class Template:
    """One template. ``functions`` are those that it may call, by name. Raises `ConfigError` where it cannot be read."""

    def __init__(self, text: str, functions: Functions) -> None:
        self._functions = functions
        self._pieces = _pieces(text.strip())
        self._at = 0
        self._nodes, word = self._block()
        if word:
            raise ConfigError(f"a template has {{{{ {word} }}}} with nothing to belong to")

    def render(self, data: Any, functions: Functions | None = None) -> str:
        """The text for ``data``, a value of JSON. ``functions`` take the places of those of the same names."""
        written: list[str] = []
        scope = Scope(data, {"$": data}, {**self._functions, **(functions or {})})
        for node in self._nodes:
            node(scope, written)
        return "".join(written)

    def _block(self) -> tuple[list[Node], str]:
        """Up to an ``else`` or ``end``, which is returned as it stands; empty at the template's end."""
        nodes: list[Node] = []
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            self._at += 1
            if not piece.is_action:
                nodes.append(_written(piece.text))
                continue
            word, rest = _first_word(piece.text)
            if word in ("else", "end"):
                return nodes, piece.text  # what stands behind it is for who has asked
            if word in ("if", "with", "range"):
                nodes.append(self._branches(word, rest))
            elif word in ("define", "template", "block", "break", "continue"):
                raise ConfigError(f"a template has {{{{ {word} }}}}, which is not served here")
            else:
                nodes.append(self._action(piece.text))
        return nodes, ""

    def _branches(self, word: str, words: str) -> Node:
        """``if``, ``with`` or ``range``, to its ``end``."""
        head = self._reader(words)
        names = head.declared()
        value = head.pipeline()
        head.finish()
        body, ended = self._block()
        otherwise: list[Node] = []
        first, more = _first_word(ended or "nothing")
        if first == "else" and more:
            otherwise = [self._branches(*_first_word(more))]
        elif first == "else":
            otherwise, ended = self._block()
            if ended != "end":
                raise ConfigError(f"a template's {{{{ {word} {words} }}}} has no end")
        elif first != "end":
            raise ConfigError(f"a template's {{{{ {word} {words} }}}} has no end")
        return _range(names, value, body, otherwise) if word == "range" else _if(word, names, value, body, otherwise)

    def _action(self, text: str) -> Node:
        reader = self._reader(text)
        names, is_new = reader.declared(), reader.is_declaration
        value = reader.pipeline()
        reader.finish()

        def act(scope: Scope, written: list[str]) -> None:
            found = value(scope)
            if not names:
                written.append(as_text(found))
            elif is_new:
                scope.declare(names[0], found)
            else:
                scope.assign(names[0], found)

        return act

    def _reader(self, text: str) -> Reader:
        return Reader(text, self._functions)


def _pieces(text: str) -> Sequence[_Piece]:
    pieces: list[_Piece] = []
    at, trims = 0, False
    for action in ACTION.finditer(text):
        before = text[at : action.start()]
        before = before.lstrip() if trims else before
        pieces.append(_Piece(before.rstrip() if action[1] else before, False))
        words = COMMENT.sub("", action[2]).strip()
        if words:
            pieces.append(_Piece(words, True))
        at, trims = action.end(), bool(action[3])
    rest = text[at:]
    if "{{" in rest:
        raise ConfigError("a template has {{ without }}")
    return [*pieces, _Piece(rest.lstrip() if trims else rest, False)]


def _first_word(text: str) -> tuple[str, str]:
    first, *rest = text.split(maxsplit=1)
    return first, "".join(rest)


def _written(text: str) -> Node:
    return lambda _scope, written: written.append(text)


def _if(
    word: str, names: Sequence[str], value: Callable[[Scope], Any], body: Sequence[Node], otherwise: Sequence[Node]
) -> Node:
    def act(scope: Scope, written: list[str]) -> None:
        found = value(scope)
        inner = scope.inner(found if word == "with" and is_true(found) else scope.dot)
        for name in names:
            inner.declare(name, found)
        for node in body if is_true(found) else otherwise:
            node(inner, written)

    return act


def _range(
    names: Sequence[str], value: Callable[[Scope], Any], body: Sequence[Node], otherwise: Sequence[Node]
) -> Node:
    def act(scope: Scope, written: list[str]) -> None:
        found = value(scope)
        items = _items(found)
        if not items:
            for node in otherwise:
                node(scope.inner(scope.dot), written)
        for key, item in items:
            inner = scope.inner(item)
            for name, each in zip(names, (key, item) if len(names) == 2 else (item,), strict=False):
                inner.declare(name, each)
            for node in body:
                node(inner, written)

    return act


def _items(found: Any) -> Sequence[tuple[Any, Any]]:
    if isinstance(found, Mapping):
        return sorted(found.items())
    if isinstance(found, list | tuple):
        return list(enumerate(found))
    if isinstance(found, int) and not isinstance(found, bool):
        return [(number, number) for number in range(found)]
    return ()
