"""Bindings of validating and mutating admission policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, invalid, not_supported, required
from sampan.core.model.rules.admissionregistration_v1.matching import (
    Value,
    mutable_operations,
    validate_match_resources,
)
from sampan.core.model.rules.common.metadata import path_segment
from sampan.core.model.rules.common.selectors import validate_selector

ACTIONS: Final = ("Audit", "Deny", "Warn")
WITHOUT_PARAMETERS: Final = ("Deny", "Allow")
ONE_OF_TWO: Final = "name and selector are mutually exclusive"
TWICE: Final = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)


def validate_validating_binding(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    return [*_common(spec), *_actions(spec.get("validationActions") or (), "spec.validationActions")]


def validate_mutating_binding(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    return [*_common(spec), *mutable_operations(spec.get("matchResources") or {}, "spec.matchResources")]


def _common(spec: Value) -> Iterable[Cause]:
    name = spec.get("policyName") or ""
    if not name:
        yield required("spec.policyName")
    for problem in formats.dns1123_subdomain(name) if name else ():
        yield invalid("spec.policyName", name, problem)
    if spec.get("paramRef") is not None:
        yield from _param_ref(spec["paramRef"], "spec.paramRef")
    if spec.get("matchResources") is not None:
        yield from validate_match_resources(spec["matchResources"], "spec.matchResources")


def _param_ref(reference: Value, path: str) -> Iterable[Cause]:
    name, selector = reference.get("name") or "", reference.get("selector")
    for problem in path_segment(name) if name else ():
        yield invalid(f"{path}.name", name, problem)
    if name and selector is not None:
        yield forbidden(f"{path}.name", ONE_OF_TWO)
    if selector is not None:
        yield from validate_selector(selector, f"{path}.selector")
        if name:
            yield forbidden(f"{path}.selector", ONE_OF_TWO)
    if not name and selector is None:
        yield required(path, "one of name or selector must be specified")
    action = reference.get("parameterNotFoundAction")
    if not action:
        yield required(f"{path}.parameterNotFoundAction")
    elif action not in WITHOUT_PARAMETERS:
        yield not_supported(f"{path}.parameterNotFoundAction", action, WITHOUT_PARAMETERS)


def _actions(actions: Sequence[str], path: str) -> Iterable[Cause]:
    seen: set[str] = set()
    for index, action in enumerate(actions):
        if action not in ACTIONS:
            yield not_supported(f"{path}[{index}]", action, ACTIONS)
        if action in seen:
            yield duplicate(f"{path}[{index}]", action)
        seen.add(action)
    if {"Deny", "Warn"} <= seen:
        yield invalid(path, list(actions), TWICE)
    if not seen:
        yield required(path, "at least one validation action is required")
