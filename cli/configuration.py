"""The configuration file: what a person would otherwise say at every start.

``~/.config/sampan/config.yaml``, or the file that ``SAMPAN_CONFIG`` names. Its ``plugins`` section says which plugins are
loaded from files, which are blocked, and their settings; the other keys are options of `sampan up`, without the dashes:

```yaml
runtime: podman
nodes: 2
plugins:
  ferry:
    file: ./ferry.py     # from the folder of this file
    settings: {speed: 3}
  boats: {block: true}
```
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sampan.core.errors import ConfigError
from sampan.core.plugin_choice import PluginChoice

VARIABLE = "SAMPAN_CONFIG"
_KEYS = ("file", "block", "settings")


def configuration_file() -> Path:
    """Where it is, whether it is there or not."""
    if said := os.environ.get(VARIABLE):
        return Path(said).expanduser()
    base = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return base / "sampan" / "config.yaml"


def configured_plugins() -> PluginChoice:
    """Its ``plugins`` section. Raises `ConfigError` where that is wrong."""
    path = configuration_file()
    section = _read(path).get("plugins") or {}
    if not isinstance(section, Mapping):
        raise ConfigError(f"{path}: plugins must be a mapping from a plugin's name to file, block and settings")
    files, blocked, settings = [], [], {}
    for name, entry in section.items():
        entry = entry or {}
        if not isinstance(entry, Mapping):
            raise ConfigError(f"{path}: plugins.{name} must be a mapping with any of {', '.join(_KEYS)}")
        if unknown := sorted(set(entry) - set(_KEYS)):
            raise ConfigError(f"{path}: plugins.{name} has no {unknown[0]!r}: there are {', '.join(_KEYS)}")
        if entry.get("block"):
            blocked.append(str(name))
        if place := entry.get("file"):
            files.append(str((path.parent / str(place)).absolute()))
        if given := entry.get("settings"):
            settings[str(name)] = given
    return PluginChoice(files=tuple(files), blocked=frozenset(blocked), settings=settings)


def configured_options() -> dict[str, Any]:
    """Options of `sampan up`, by their names with underscores."""
    return {str(key).replace("-", "_"): value for key, value in _read(configuration_file()).items() if key != "plugins"}


@cache
def _parsed(path: Path, _changed: float) -> Mapping[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"cannot read the configuration {path}: {' '.join(str(exc).split())}") from exc
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise ConfigError(f"{path} is no configuration: write `option: value` lines and a plugins section")
    return found


def _read(path: Path) -> Mapping[str, Any]:
    try:
        changed = path.stat().st_mtime
    except OSError:
        if os.environ.get(VARIABLE):
            raise ConfigError(f"there is no configuration file {path}, which {VARIABLE} names") from None
        return {}
    return _parsed(path, changed)
