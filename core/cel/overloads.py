"""Calls for which there is no function at run time, as Go's CEL puts it: it names some, and with the types of some."""

from __future__ import annotations

import re
from typing import Final

_CALL: Final = re.compile(r"^no such overload : (?:\((?P<target>[^)]*)\)\.)?(?P<name>[^(]*)(?:\((?P<types>.*)\))?$")
_NUMBERS: Final = ("int", "uint", "double")
_TIMES: Final = ("google.protobuf.Timestamp", "google.protobuf.Duration")
_RECEIVERS: Final = ("string", *_TIMES)
"""Types with methods: Go asks them, whatever the operation, and names none."""
_COMPARED: Final = (*_NUMBERS, "bool", "bytes")
_KNOWING: Final = {
    "_+_": (*_NUMBERS, "bytes", "list"),
    "_-_": _NUMBERS,
    "_*_": _NUMBERS,
    "_/_": _NUMBERS,
    "_%_": ("int", "uint"),
    "-_": ("int", "double", "bool"),
    "_<_": _COMPARED,
    "_<=_": _COMPARED,
    "_>_": _COMPARED,
    "_>=_": _COMPARED,
    "size": ("bytes", "list", "map"),
}
"""Other types that know the operation: with them something else is wrong, and it is not named."""
_OF_TEXTS: Final = ("startsWith", "endsWith", "contains", "matches")
_GO: Final = {"int64": "int", "uint64": "uint", "timestamp": _TIMES[0], "duration": _TIMES[1]}


def overload_words(text: str) -> str:
    """The library's message as Go's would be; other messages stay."""
    found = _CALL.match(text)
    if found is None:
        return text
    name, target, types = found["name"], found["target"], found["types"]
    if types is None or name in _OF_TEXTS:
        return "no such overload"
    given = [
        _GO.get(each, each) for each in ([] if target is None else [target]) + (types.split(", ") if types else [])
    ]
    if name in _KNOWING:
        return "no such overload" if given[0] in (*_KNOWING[name], *_RECEIVERS) else f"no such overload: {name}"
    return f"no such overload: {name}({', '.join(given)})"
