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


_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]"), list("yYnN"))


def write_yaml(value: Any) -> bytes:
    text: bytes = yaml.dump(value, Dumper=_Dumper, sort_keys=True, allow_unicode=True, encoding="utf-8")
    return text
