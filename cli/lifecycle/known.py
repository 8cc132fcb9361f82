"""The clusters of this user: those in the usual place, and those started with a folder elsewhere.

Each start leaves a note: where the cluster is, which kubeconfig has its context, and which plugins it was given, so that
`down` needs to be told none of it again. What a note says of a folder that holds no cluster any more is forgotten.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import attrs

from sampan.cli.lifecycle.place import Place, default_data_dir, home
from sampan.core.classes import frozen
from sampan.core.datadir import DataDir, write_private
from sampan.core.errors import ConfigError

_FOLDER = ".known"


@frozen(kw_only=True)
class Note:
    """About the last start."""

    data_dir: str
    kubeconfig: str = ""
    plugins: tuple[str, ...] = ()
    """Files and modules that were loaded beside the installed plugins."""
    blocked: tuple[str, ...] = ()


def remember(place: Place, *, kubeconfig: Path | None, plugins: tuple[str, ...], blocked: tuple[str, ...]) -> None:
    """Where it cannot be written, the cluster goes on unknown."""
    note = Note(
        data_dir=str(place.data_dir),
        kubeconfig=str(kubeconfig) if kubeconfig else "",
        plugins=plugins,
        blocked=blocked,
    )
    with contextlib.suppress(OSError):
        _file(place.data_dir).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(_file(place.data_dir), json.dumps(attrs.asdict(note)))


def forget(place: Place) -> None:
    with contextlib.suppress(OSError):
        _file(place.data_dir).unlink(missing_ok=True)


def note_of(place: Place) -> Note:
    """Of the cluster's last start; an empty one where there is none."""
    return _read(_file(place.data_dir)) or Note(data_dir=str(place.data_dir))


def known_places() -> list[Place]:
    """Every cluster that is there, by name."""
    folders = {path.parent for path in home().glob("*/cluster.json")}
    for file in (home() / _FOLDER).glob("*.json"):
        note = _read(file)
        if note is not None and DataDir(Path(note.data_dir)).exists():
            folders.add(Path(note.data_dir))
        else:
            with contextlib.suppress(OSError):
                file.unlink()
    places = [place for folder in folders if (place := _place(folder))]
    return sorted(places, key=lambda place: (place.name, place.data_dir))


def _place(folder: Path) -> Place | None:
    """``None`` for a folder of a node that has joined a cluster elsewhere."""
    try:
        decisions = DataDir(folder).decisions(folder.name)
    except (ConfigError, OSError):
        return Place(folder.name, folder)  # damaged: it can still be taken down
    return None if decisions.server else Place(decisions.cluster or folder.name, folder)


def known_place(name: str) -> Place | None:
    """The cluster of this name, in its usual place or elsewhere."""
    if DataDir(default_data_dir(name)).exists():
        return Place(name, default_data_dir(name))
    return next((place for place in known_places() if place.name == name), None)


def _file(data_dir: Path) -> Path:
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return home() / _FOLDER / f"{digest}.json"


def _read(file: Path) -> Note | None:
    try:
        note = json.loads(file.read_text())
        return Note(
            data_dir=note["data_dir"],
            kubeconfig=note["kubeconfig"],
            plugins=tuple(note["plugins"]),
            blocked=tuple(note["blocked"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
