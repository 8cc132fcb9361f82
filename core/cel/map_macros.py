"""``transformMap`` and ``transformMapEntry``, which the library checks but does not evaluate.

An expression is rewritten for the evaluator: as a ``transformList`` of entries, and a function that puts them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.cel.library.function import Function
from sampan.core.cel.tokens import Token, tokens_of

_FROM_PAIRS: Final = "sampan_fromPairs"
_FROM_MAPS: Final = "sampan_fromMaps"
_MACROS: Final = {"transformMap": _FROM_PAIRS, "transformMapEntry": _FROM_MAPS}


def evaluable(source: str) -> str:
    """The expression as the evaluator takes it."""
    return _written(tokens_of(source)) if "transformMap" in source else source


def _written(tokens: Sequence[Token]) -> str:
    written: list[str] = []
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        macro = text.rpartition(".")[2].strip() if kind == "name" else ""
        end = _closing(tokens, at + 1) if macro in _MACROS else None
        if end is None:
            written.append(text)
            at += 1
            continue
        *before, last = _arguments(tokens[at + 2 : end])
        entry = f"[dyn({before[0]}), dyn({last})]" if macro == "transformMap" and before else last
        written.append(
            f"{text[: len(text) - len(macro)]}transformList({','.join([*before, entry])}).{_MACROS[macro]}()"
        )
        at = end + 1
    return "".join(written)


def _arguments(tokens: Sequence[Token]) -> list[str]:
    """What is between the brackets, parted by its own commas."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += _step(token)
        if token == ("other", ",") and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [_written(part) for part in parts]


def _closing(tokens: Sequence[Token], at: int) -> int | None:
    """Where the bracket that opens at a place is closed; ``None`` where none opens there."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += _step(tokens[place])
        if depth == 0:
            return place if place > at else None
    return None


def _step(token: Token) -> int:
    kind, text = token
    return 0 if kind != "other" else 1 if text in "([{" else -1 if text in ")]}" else 0


def from_pairs(pairs: Sequence[Sequence[Any]]) -> dict[Any, Any]:
    return from_maps([{key: value} for key, value in pairs])


def from_maps(maps: Sequence[Mapping[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for each in maps:
        for key, value in each.items():
            if key in found:
                raise ValueError(f"insert failed: key {key} already exists")
            found[key] = value
    return found


FUNCTIONS: Final = (
    Function(_FROM_PAIRS, ["list(dyn)"], "map(dyn, dyn)", from_pairs),
    Function(_FROM_MAPS, ["list(dyn)"], "map(dyn, dyn)", from_maps),
)
