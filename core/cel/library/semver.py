"""Semantic versions (https://semver.org)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sampan.core.cel.library.function import SEMVER, Function, tagged, untagged

_NUMBER: Final = r"(0|[1-9]\d*)"
_PATTERN: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    r"(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)
Version = tuple[int, int, int, tuple[tuple[int, int, str], ...]]


@lru_cache(maxsize=1024)
def parse(text: str) -> Version | None:
    """As something to compare; a version without pre-release comes after those with one."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, before, _ = found.groups()
    parts = tuple(_part(each) for each in before.split(".")) if before else ((2, 0, ""),)
    return (int(major), int(minor), int(patch), parts)


def _part(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


def normalize(text: str) -> str:
    """Without a leading ``v``, with all three numbers, and without leading zeros."""
    core, dash, rest = text.removeprefix("v").partition("-")
    numbers = core.split(".")
    numbers += ["0"] * (3 - len(numbers))
    return ".".join(str(int(each)) if each.isdigit() else each for each in numbers) + dash + rest


def make(text: str, normalized: bool = False) -> dict[str, str]:
    text = normalize(text) if normalized else text
    if parse(text) is None:
        raise ValueError(f"No Major.Minor.Patch elements found: {text}")
    return tagged(SEMVER, text)


def is_semver(text: str, normalized: bool = False) -> bool:
    return parse(normalize(text) if normalized else text) is not None


def _of(value: object) -> Version:
    version = parse(untagged(SEMVER, value))
    assert version is not None
    return version


def compare(left: object, right: object) -> int:
    mine, theirs = _of(left), _of(right)
    return (mine > theirs) - (mine < theirs)


FUNCTIONS = (
    Function("semver", ["string"], SEMVER, make, is_method=False),
    Function("semver", ["string", "bool"], SEMVER, make, is_method=False),
    Function("isSemver", ["string"], "bool", is_semver, is_method=False),
    Function("isSemver", ["string", "bool"], "bool", is_semver, is_method=False),
    Function("isGreaterThan", [SEMVER, SEMVER], "bool", lambda left, right: compare(left, right) > 0),
    Function("isLessThan", [SEMVER, SEMVER], "bool", lambda left, right: compare(left, right) < 0),
    Function("compareTo", [SEMVER, SEMVER], "int", compare),
    Function("major", [SEMVER], "int", lambda value: _of(value)[0]),
    Function("minor", [SEMVER], "int", lambda value: _of(value)[1]),
    Function("patch", [SEMVER], "int", lambda value: _of(value)[2]),
)
