"""The words of an expression, for those who have to write it differently."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<text>[rRbB]{0,2}(?:'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

LONGEST: Final = 64 << 10
"""Characters of an expression; longer ones are refused before they are looked at."""

Token = tuple[str, str]
"""``space``, ``text``, ``name`` (with dots) or ``other``, and what is written."""


def tokens_of(source: str) -> list[Token]:
    return [(found.lastgroup or "", found[0]) for found in _TOKEN.finditer(source)]
