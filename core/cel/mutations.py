"""Objects and patches that expressions construct: ``Object{spec: Object.spec{replicas: 1}}``, ``JSONPatch{op: "add"}``.

Types of that name have no fields that anybody could declare, so a construction is rewritten as the map that it stands for
before it is compiled: names in front of a brace go, and field names become texts.
"""

from __future__ import annotations

import re
from typing import Final

from sampan.core.cel.tokens import tokens_of

_CONSTRUCTED: Final = re.compile(r"Object(\.\w+)*|JSONPatch")


def constructs(source: str, word: str) -> bool:
    """Whether the expression constructs an ``Object`` or a ``JSONPatch``."""
    return any(kind == "name" and text.partition(".")[0].strip() == word for kind, text in tokens_of(source))


def constructed(source: str) -> str:
    """The expression with constructions as maps; all else stays where it is as far as lengths allow."""
    tokens = tokens_of(source)
    written: list[str] = []
    braces: list[bool] = []
    """For each open bracket, whether it is that of a construction."""
    is_key = False
    for index, (kind, text) in enumerate(tokens):
        following = next((after for sort, after in tokens[index + 1 :] if sort != "space"), "")
        if kind == "name" and following == "{" and _CONSTRUCTED.fullmatch(re.sub(r"\s", "", text)):
            continue
        if kind == "other" and text in "{[(":
            before = next((word for sort, word in reversed(tokens[:index]) if sort != "space"), "")
            is_construction = text == "{" and bool(_CONSTRUCTED.fullmatch(re.sub(r"\s", "", before)))
            braces.append(is_construction)
            is_key = is_construction
        elif kind == "other" and text in "}])" and braces:
            braces.pop()
            is_key = False
        elif kind == "other" and text == ",":
            is_key = bool(braces) and braces[-1]
        elif kind == "name" and is_key and following == ":":
            text, is_key = f'"{text}"', False
        written.append(text)
    return "".join(written)
