"""What the configuration file says to a plugin, as the plugin's own type.

A plugin asks in `sampan_register`: ``registry.settings(Ferry)`` gives an instance of its attrs class ``Ferry``, made from
``plugins.NAME.settings``. Names and types are checked strictly, since a setting that is misspelt would silently not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, cast

import attrs

from sampan.core.errors import ConfigError

T = TypeVar("T")


def read_settings(cls: type[T], given: Mapping[str, Any], plugin: str) -> T:
    """An instance of an attrs class. Raises `ConfigError` that names every setting that is wrong."""
    import cattrs

    if not attrs.has(cls):
        raise ConfigError(f"the plugin {plugin!r} asks for settings as {cls!r}: give a class that attrs made")
    try:
        return cast(T, _converter().structure(given, cls))
    except (cattrs.BaseValidationError, ValueError, TypeError) as exc:
        problems = "; ".join(cattrs.transform_error(exc, path=f"plugins.{plugin}.settings", format_exception=_words))
        raise ConfigError(f"wrong settings of the plugin {plugin!r}: {problems}") from exc


@cache
def _converter() -> Any:
    import cattrs

    made = cattrs.Converter(forbid_extra_keys=True)
    for kind in (str, int, float, bool):
        made.register_structure_hook(kind, _exactly(kind))
    return made


def _exactly(kind: type) -> Callable[[Any, Any], Any]:
    """No text for a number, no number for a truth; a whole number is a ``float`` too."""

    def check(value: Any, _: Any) -> Any:
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise TypeError(f"{value!r} is not of type {kind.__name__}")

    return check


def _words(exc: BaseException, _kind: type | None) -> str:
    from cattrs import ForbiddenExtraKeysError

    if isinstance(exc, ForbiddenExtraKeysError):
        known = ", ".join(field.name for field in attrs.fields(exc.cl)) or "none"
        return f"there is no setting {', '.join(sorted(map(repr, exc.extra_fields)))} (there are {known})"
    if isinstance(exc, KeyError):
        return f"the setting {exc} is missing"
    return " ".join(str(exc).split())
