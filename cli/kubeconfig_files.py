"""kubeconfig files as kubectl reads them: the first file that says something wins.

Used to find the server (`sampan.cli.connection`) and by `sampan config`. Unlike `sampan.core.kubeconfig`, which writes
one cluster's access, this knows several files, namespaces and other people's clusters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from sampan.core.classes import define
from sampan.core.errors import ConfigError

Entry = dict[str, Any]
SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}


@define
class KubeconfigFile:
    """One file: its sections as they are in it."""

    path: Path
    config: Entry

    def find(self, section: str, name: str) -> Entry | None:
        """What an entry holds (``config[section][].cluster``); changing it changes the file's content."""
        for entry in self.config.get(section) or []:
            if entry.get("name") == name:
                body: Entry = entry.setdefault(SECTIONS[section], {})
                return body
        return None

    def put(self, section: str, name: str, values: Entry) -> bool:
        """Merge ``values`` into an entry, made if it is not there. Returns whether it was."""
        found = self.find(section, name)
        if found is None:
            entries = [*(self.config.get(section) or []), {SECTIONS[section]: values, "name": name}]
            self.config[section] = sorted(entries, key=lambda entry: str(entry["name"]))
            return False
        found.update(values)
        return True

    def remove(self, section: str, name: str) -> bool:
        kept = [entry for entry in self.config.get(section) or [] if entry.get("name") != name]
        removed = len(kept) != len(self.config.get(section) or [])
        self.config[section] = kept
        return removed

    def save(self) -> None:
        """Write the file whole or not at all, readable by its owner alone: it may hold tokens."""
        from sampan.core.datadir import write_private

        config = {"apiVersion": "v1", "kind": "Config", **self.config}
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.path.resolve(), yaml.safe_dump(config))


@define
class Kubeconfig:
    """All the files that apply, in order."""

    files: list[KubeconfigFile]

    @property
    def current_context(self) -> str:
        return next((name for file in self.files if (name := str(file.config.get("current-context") or ""))), "")

    def find(self, section: str, name: str) -> tuple[Entry, KubeconfigFile] | None:
        for file in self.files:
            if (entry := file.find(section, name)) is not None:
                return entry, file
        return None

    def names(self, section: str) -> list[str]:
        found = {str(entry["name"]) for file in self.files for entry in file.config.get(section) or []}
        return sorted(found)

    def owner(self, section: str, name: str) -> KubeconfigFile:
        """The file to change for an entry: the one that has it, else the first."""
        found = self.find(section, name)
        return found[1] if found else self.files[0]


def load(explicit: Path | None = None) -> Kubeconfig:
    """The file named, else those of ``KUBECONFIG``, else ``~/.kube/config``. A file that is not there is empty."""
    return Kubeconfig([KubeconfigFile(path, _read(path)) for path in _paths(explicit)])


def _paths(explicit: Path | None) -> Iterable[Path]:
    if explicit is not None:
        return [explicit]
    listed = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path.home() / ".kube" / "config"]


def _read(path: Path) -> Entry:
    try:
        config = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"cannot read the kubeconfig {path}: {' '.join(str(exc).split())}") from exc
    if config is None:
        return {}
    if not isinstance(config, dict) or config.get("kind", "Config") != "Config":
        raise ConfigError(f"{path} is not a kubeconfig: name another with --kubeconfig")
    for section in SECTIONS:
        entries = config.get(section) or []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) and "name" in entry for entry in entries):
            raise ConfigError(f"the kubeconfig {path} is damaged: {section} must be a list of named entries")
    return config
