"""Objects and patches that expressions construct: ``Object{spec: Object.spec{replicas: 1}}``, ``JSONPatch{op: "add"}``.

Types of that name have no fields that anybody could declare, so a construction is rewritten as the map that it stands for
before it is compiled: names in front of a brace go, and field names become texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from sampan.core.cel.tokens import LONGEST, Token, tokens_of

_CONSTRUCTED: Final = re.compile(r"Object(\.\w+)*|JSONPatch")


def constructs(source: str, word: str) -> bool:
    """Whether the expression constructs an ``Object`` or a ``JSONPatch``."""
    return any(kind == "name" and text.partition(".")[0].strip() == word for kind, text in tokens_of(source))


def constructed(source: str) -> str:
    """The expression with constructions as maps; all else stays where it is as far as lengths allow."""
    return _read(source)[0]


def misnamed(source: str) -> str:
    """What is wrong with the type's name of a construction, in Kubernetes' words; empty where each has its place's."""
    return _read(source)[1]


class _Bracket:
    """One that is open. ``name``: the type that is constructed in it; ``field``: the field of it that is being given."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.field = ""


@lru_cache(maxsize=256)
def _read(source: str) -> tuple[str, str]:
    """Read once: policies ask with the same expressions again and again."""
    if len(source) > LONGEST:
        return source, ""  # it is refused
    tokens = tokens_of(source)
    following = _following(tokens)
    written: list[str] = []
    wrong: list[str] = []
    open_ones: list[_Bracket] = []
    name, is_key = "", False
    for (kind, text), after in zip(tokens, following, strict=True):
        word = re.sub(r"\s", "", text) if kind == "name" else ""
        if after == "{" and _CONSTRUCTED.fullmatch(word):
            name = word
            wrong += _wrongly_named(word, open_ones)
            continue
        if kind == "other" and text in "{[(":
            open_ones.append(_Bracket(name))
            name, is_key = "", bool(name)
        elif kind == "other" and text in "}])" and open_ones:
            open_ones.pop()
            is_key = False
        elif kind == "other" and text == ",":
            is_key = bool(open_ones) and bool(open_ones[-1].name)
        elif kind == "name" and is_key and after == ":":
            open_ones[-1].field = text
            text, is_key = f'"{text}"', False
        written.append(text)
    return "".join(written), "".join(wrong[:1])


def _following(tokens: Sequence[Token]) -> list[str]:
    """For each token the next that is more than space."""
    found: list[str] = []
    after = ""
    for kind, text in reversed(tokens):
        found.append(after)
        after = after if kind == "space" else text
    return found[::-1]


def _wrongly_named(word: str, open_ones: Sequence[_Bracket]) -> Iterator[str]:
    holder = next((each for each in reversed(open_ones) if each.name), None)
    if word == "JSONPatch" or (holder is not None and holder.name == "JSONPatch"):
        return  # the value of a patch may have any
    wanted = "Object" if holder is None else f"{holder.name}.{holder.field}"
    if word != wanted:
        yield f'unexpected type name "{word}", expected "{wanted}", which matches field name path from root Object type'
