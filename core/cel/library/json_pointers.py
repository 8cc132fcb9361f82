"""Names as a JSON pointer takes them, for the patches that policies make."""

from __future__ import annotations

from sampan.core.cel.library.function import Function


def escape_key(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


FUNCTIONS = (Function("jsonpatch.escapeKey", ["string"], "string", escape_key, is_method=False),)
