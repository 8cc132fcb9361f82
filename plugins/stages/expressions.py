"""Pipelines of Go's templates: words to functions, variables and fields. What is missing is nil, and stays nil below."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError

Expression = Callable[["Scope"], Any]
Functions = Mapping[str, Callable[..., Any]]

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)|(?P<declare>:=)|(?P<assign>=)"""
    r"""|(?P<pipe>\|)|(?P<open>\()|(?P<close>\))|(?P<comma>,)|(?P<variable>\$\w*)|(?P<field>\.[A-Za-z_]\w*)|(?P<dot>\.)"""
    r"""|(?P<word>[A-Za-z_]\w*)"""
)
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "nil": None}


class Scope:
    """What a part of a template sees: the dot, and variables, which end with the block that declares them."""

    def __init__(self, dot: Any, variables: dict[str, Any], functions: Functions, outer: Scope | None = None) -> None:
        self.dot = dot
        self.functions = functions
        self._variables = variables
        self._outer = outer

    def inner(self, dot: Any) -> Scope:
        return Scope(dot, {}, self.functions, self)

    def declare(self, name: str, value: Any) -> None:
        self._variables[name] = value

    def assign(self, name: str, value: Any) -> None:
        self._holder(name)._variables[name] = value

    def find(self, name: str) -> Any:
        return self._holder(name)._variables[name]

    def _holder(self, name: str) -> Scope:
        scope: Scope | None = self
        while scope is not None:
            if name in scope._variables:
                return scope
            scope = scope._outer
        raise ConfigError(f"a template uses the variable {name}, which is declared nowhere")


@frozen
class _Token:
    sort: str
    text: str
    follows: bool
    """Nothing stands between it and the one before."""


class Reader:
    """Reads one action. Raises `ConfigError`."""

    def __init__(self, text: str, functions: Functions) -> None:
        self._text = text
        self._functions = functions
        self._tokens = list(_tokens(text))
        self._at = 0
        self.is_declaration = False

    def declared(self) -> Sequence[str]:
        """The variables before ``:=`` or ``=``; none where there is none."""
        sorts = [token.sort for token in self._tokens[:4]]
        for pattern in (["variable"], ["variable", "comma", "variable"]):
            count = len(pattern)
            if sorts[:count] == pattern and len(sorts) > count and sorts[count] in ("declare", "assign"):
                names = [token.text for token in self._tokens[:count] if token.sort == "variable"]
                self.is_declaration = sorts[count] == "declare"
                self._at = count + 1
                return names
        return ()

    def pipeline(self) -> Expression:
        """Commands between bars: each gets the one before as its last argument."""
        found = self._command(None)
        while self._is("pipe"):
            self._at += 1
            found = self._command(found)
        return found

    def finish(self) -> None:
        if self._at < len(self._tokens):
            raise self._wrong()

    def _command(self, before: Expression | None) -> Expression:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        if token is None:
            raise self._wrong()
        if token.sort == "word" and token.text not in _WORDS:
            self._at += 1
            return self._call(token.text, [*self._operands(), *([before] if before else [])])
        operand = self._operand()
        if before is not None:
            raise ConfigError(f"a template pipes into what is no function: {self._text}")
        return operand

    def _call(self, name: str, operands: Sequence[Expression]) -> Expression:
        if name not in self._functions:
            known = ", ".join(sorted(self._functions))
            raise ConfigError(f"a template calls {name}, which is not known here (there are {known})")

        def call(scope: Scope) -> Any:
            function = scope.functions[name]
            arguments = [operand(scope) for operand in operands]
            try:
                return function(*arguments)
            except ConfigError:
                raise
            except Exception as exc:
                raise ConfigError(f"a template's {name} failed: {exc}") from exc

        return call

    def _operands(self) -> Iterator[Expression]:
        while self._at < len(self._tokens) and self._tokens[self._at].sort not in ("pipe", "close"):
            yield self._operand()

    def _operand(self) -> Expression:
        token = self._tokens[self._at]
        self._at += 1
        match token.sort:
            case "string":
                text = token.text[1:-1] if token.text[0] == "`" else json.loads(token.text)
                return lambda _scope: text
            case "number":
                number = float(token.text) if "." in token.text else int(token.text)
                return lambda _scope: number
            case "word" if token.text in _WORDS:
                return lambda _scope: _WORDS[token.text]
            case "word":
                return self._call(token.text, [])
            case "variable":
                return self._fields(lambda scope: scope.find(token.text))
            case "field":
                self._at -= 1
                return self._fields(lambda scope: scope.dot, first=True)
            case "dot":
                return lambda scope: scope.dot
            case "open":
                inner = self.pipeline()
                if not self._is("close"):
                    raise self._wrong()
                self._at += 1
                return self._fields(inner)
            case _:
                raise self._wrong()

    def _fields(self, base: Expression, *, first: bool = False) -> Expression:
        """What follows without a space: fields of it."""
        names: list[str] = []
        while self._is("field") and (self._tokens[self._at].follows or (first and not names)):
            names.append(self._tokens[self._at].text[1:])
            self._at += 1

        def read(scope: Scope) -> Any:
            value = base(scope)
            for name in names:
                value = value.get(name) if isinstance(value, Mapping) else None
            return value

        return read if names else base

    def _is(self, sort: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at].sort == sort

    def _wrong(self) -> ConfigError:
        return ConfigError(f"a template cannot be read: {{{{ {self._text} }}}}")


def is_true(value: Any) -> bool:
    """As Go's templates see it: what is empty or zero is not."""
    return bool(value)


def as_text(value: Any) -> str:
    """As Go prints it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _tokens(text: str) -> Iterator[_Token]:
    at, follows = 0, False
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ConfigError(f"a template has {text[at]!r} where nothing like it may stand: {{{{ {text} }}}}")
        at = found.end()
        if found.lastgroup == "space":
            follows = False
            continue
        yield _Token(found.lastgroup or "", found[0], follows)
        follows = True
