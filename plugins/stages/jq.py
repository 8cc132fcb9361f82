"""jq's expressions, by jq itself: an extra of the distribution, since few need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sampan.core.errors import ConfigError

EXTRA = "pip install 'sampan[stages]'"


class Query:
    """One expression, compiled. Raises `ConfigError` where it cannot be, or jq is not installed."""

    def __init__(self, text: str) -> None:
        try:
            import jq
        except ImportError as exc:
            raise ConfigError(f"stages need jq for their expressions: {EXTRA}") from exc
        try:
            self._program = jq.compile(text)
        except ValueError as exc:
            raise ConfigError(f"the expression {text!r} is none of jq's: {' '.join(str(exc).split())}") from exc

    def values(self, data: Any) -> Sequence[Any]:
        """What it yields for a value of JSON, without nulls; nothing where it fails for this one."""
        try:
            return [value for value in self._program.input_value(data) if value is not None]
        except ValueError:
            return []
