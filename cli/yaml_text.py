"""Objects as YAML in kubectl's manner: sorted keys, lists flush with their key, block text for several lines."""

from __future__ import annotations

import re
from typing import Any

import yaml

_BOOLEANS = re.compile(r"(?i)^(y|n|yes|no|on|off|true|false)$")


def to_yaml(value: Any) -> str:
    """One document, without a marker."""
    base: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        """Aliases would surprise readers, and other tools."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    Dumper.add_representer(str, _text)
    out = yaml.dump(value, Dumper=Dumper, default_flow_style=False, allow_unicode=True, width=2**30)
    return str(out).removesuffix("...\n")


def _text(dumper: Any, text: str) -> Any:
    """Double quotes where plain text would be read as something else, as Go's YAML library writes it."""
    style = None
    if "\n" in text and not re.search(r"[ \t]\n|^\s", text):
        style = "|"
    elif _BOOLEANS.match(text) or dumper.resolve(yaml.ScalarNode, text, (True, False)) != "tag:yaml.org,2002:str":
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
