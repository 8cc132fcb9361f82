"""Checks on volumes that are made of files: ConfigMaps, Secrets, the downward API, and several of them in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, required
from sampan.core.model.rules.core_v1.environment import VOLUME_FIELDS, validate_field_ref, validate_resource_ref
from sampan.core.model.rules.core_v1.paths import local_non_reserved

Value = Mapping[str, Any]
Check = Callable[[Value, str], list[Cause]]

FILE_MODE: Final = "must be a number between 0 and 0777 (octal), both inclusive"
PROJECTIONS: Final = ("secret", "configMap", "downwardAPI", "serviceAccountToken")


def needs(*words: str) -> Check:
    """A source that only must not leave these fields empty."""

    def check(source: Value, path: str) -> list[Cause]:
        return [required(f"{path}.{word}") for word in words if not source.get(word)]

    return check


def _mode(source: Value, word: str, path: str) -> list[Cause]:
    mode = source.get(word)
    return [] if mode is None or 0 <= mode <= 0o777 else [invalid(f"{path}.{word}", mode, FILE_MODE)]


def validate_keys(name_word: str) -> Check:
    """A ConfigMap or a Secret as files."""

    def check(source: Value, path: str) -> list[Cause]:
        causes = needs(name_word)(source, path) + _mode(source, "defaultMode", path)
        for index, item in enumerate(source.get("items") or ()):
            causes += _item(item, f"{path}.items[{index}]")
        return causes

    return check


def _item(item: Value, path: str) -> list[Cause]:
    causes = needs("key", "path")(item, path)
    causes += local_non_reserved(item.get("path") or "", f"{path}.path")
    return causes + _mode(item, "mode", path)


def validate_downward(source: Value, path: str) -> list[Cause]:
    causes = _mode(source, "defaultMode", path)
    for file in source.get("items") or ():
        causes += _downward_file(file, path)
    return causes


def _downward_file(file: Value, path: str) -> list[Cause]:
    """``path`` is the volume's: Kubernetes does not say which of its files it means."""
    causes = needs("path")(file, path) + local_non_reserved(file.get("path") or "", f"{path}.path")
    if file.get("fieldRef") is not None:
        causes += validate_field_ref(file["fieldRef"], VOLUME_FIELDS, f"{path}.fieldRef")
        if file.get("resourceFieldRef") is not None:
            words = "fieldRef and resourceFieldRef can not be specified simultaneously"
            causes.append(invalid(path, "resource", words))
    elif file.get("resourceFieldRef") is not None:
        causes += validate_resource_ref(file["resourceFieldRef"], f"{path}.resourceFieldRef", in_volume=True)
    else:
        causes.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return causes + _mode(file, "mode", path)


def validate_projected(source: Value, path: str) -> list[Cause]:
    """Several in one directory: no two of them may have a file of one name."""
    causes = _mode(source, "defaultMode", path)
    taken: set[str] = set()
    for index, part in enumerate(source.get("sources") or ()):
        where = f"{path}.sources[{index}]"
        given = [word for word in PROJECTIONS if part.get(word) is not None]
        for word in given:
            if word == "serviceAccountToken":
                causes += _token(part[word], path, f"{where}.{word}")
            else:
                causes += _files(part[word], word, path, f"{where}.{word}", taken)
        if len(given) > 1:
            causes.append(forbidden(where, "may not specify more than 1 volume type per source"))
    return causes


def _files(source: Value, word: str, volume: str, path: str, taken: set[str]) -> list[Cause]:
    causes = [] if word == "downwardAPI" else needs("name")(source, path)
    for index, item in enumerate(source.get("items") or ()):
        causes += _downward_file(item, path) if word == "downwardAPI" else _item(item, f"{path}.items[{index}]")
        file = item.get("path") or ""
        if file and file in taken:
            shown = file if word == "downwardAPI" else source.get("name") or ""
            causes.append(invalid(volume, shown, "conflicting duplicate paths"))
        taken.add(file)
    return causes


def _token(source: Value, volume: str, path: str) -> list[Cause]:
    seconds, where = source.get("expirationSeconds") or 0, f"{path}.expirationSeconds"
    causes = []
    if seconds < 600:
        causes.append(invalid(where, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > 1 << 32:
        causes.append(invalid(where, seconds, "may not specify a duration larger than 2^32 seconds"))
    if not source.get("path"):
        return [*causes, required(f"{volume}.path")]
    return causes + local_non_reserved(source["path"], f"{volume}.path")
