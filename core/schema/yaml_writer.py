"""JSON values as YAML that Kubernetes' reader (and `sampan.core.schema.yaml_reader`) takes for the same values.

Pure, any thread; slow: a megabyte takes about a second.
"""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes out what occurs twice, and quotes the words that YAML 1.1 takes for more than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, text: str) -> yaml.Node:
        """As Kubernetes writes it: lines as a block, and in double quotes what would be taken for something else."""
        style = None
        if "\n" in text:
            style = "|"
        elif self.resolve(yaml.ScalarNode, text, (True, False)) != "tag:yaml.org,2002:str":
            style = '"'
        node: yaml.Node = self.represent_scalar("tag:yaml.org,2002:str", text, style)
        return node


_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN"))
_Dumper.add_representer(str, _Dumper.text)


def write_yaml(value: Any) -> bytes:
    text: bytes = yaml.dump(value, Dumper=_Dumper, sort_keys=True, allow_unicode=True, encoding="utf-8")
    return text
