"""Which admission plugins run, and what the ``AdmissionConfiguration`` file says to them.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/. Called by the server when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sampan.core.config import AdmissionChoice
from sampan.core.contracts.access import Admission
from sampan.core.errors import ConfigError
from sampan.core.parts import Part
from sampan.core.schema.parse import SyntaxProblem, parse_yaml

GROUP_VERSIONS: Final = ("apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1alpha1")


def chosen(
    parts: Iterable[Part[Admission]], choice: AdmissionChoice, settings: Mapping[str, Any]
) -> Sequence[Part[Admission]]:
    """Raises `ConfigError` for a name that is no admission plugin's, or that is both wanted and not."""
    known = {part.name: part for part in parts}
    for option, names in (
        ("--enable-admission-plugins", choice.enabled),
        ("--disable-admission-plugins", choice.disabled),
        ("--admission-control-config-file", settings),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(f"{option} names {name!r}, which is no admission plugin: {', '.join(sorted(known))}")
    if both := sorted({*choice.enabled} & {*choice.disabled}):
        raise ConfigError(f"{both[0]} is in enable-admission-plugins and disable-admission-plugins at the same time")
    return [
        part
        for part in known.values()
        if (part.rank is not None or part.name in choice.enabled) and part.name not in choice.disabled
    ]


def read_settings(file: Path | None) -> dict[str, Any]:
    """What the file says to each plugin, in itself or in another file. Raises `ConfigError`."""
    if file is None:
        return {}
    value = _read(file)
    if value.get("apiVersion") not in GROUP_VERSIONS or value.get("kind") != "AdmissionConfiguration":
        raise ConfigError(f"{file} must have apiVersion {GROUP_VERSIONS[0]} and kind AdmissionConfiguration")
    found = {}
    for entry in value.get("plugins") or ():
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            raise ConfigError(f"{file}: each of plugins must have a name")
        path = entry.get("path")
        found[entry["name"]] = _read(file.parent / str(path)) if path else entry.get("configuration")
    return found


def _read(file: Path) -> Mapping[str, Any]:
    try:
        value, _ = parse_yaml(file.read_bytes())
    except OSError as exc:
        raise ConfigError(f"the admission configuration {file} cannot be read: {exc.strerror or exc}") from exc
    except SyntaxProblem as exc:
        raise ConfigError(f"the admission configuration {file} is wrong: {exc}") from exc
    if not isinstance(value, Mapping):
        raise ConfigError(f"the admission configuration {file} is wrong: it must be an object")
    return value
