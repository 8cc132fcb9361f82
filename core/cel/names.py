"""Field names that are no CEL identifiers, and how expressions write them.

https://kubernetes.io/docs/reference/using-api/cel/#escaping
"""

from __future__ import annotations

import re
from typing import Final

from sampan.core.model.expressions import RESERVED

_ACCESSIBLE: Final = re.compile(r"[A-Za-z_./-][A-Za-z0-9_./-]*")
_WORDS: Final = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SPECIAL: Final = re.compile(r"__|[./-]")


def escape(name: str) -> str | None:
    """The name as an expression has to write it; ``None`` for one that no expression can reach."""
    if name in RESERVED:
        return f"__{name}__"
    if not _ACCESSIBLE.fullmatch(name):
        return None
    return _SPECIAL.sub(lambda found: _WORDS[found[0]], name)
