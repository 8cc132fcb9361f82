"""Which kind a reference means, among built-in kinds, those of plugins, and custom ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.kinds import KubeObject, info
from sampan.core.reconcile.custom_kinds import kind_of_definition


class Reference(Protocol):
    """An owner reference, the target of an autoscaler."""

    @property
    def api_version(self) -> str | None: ...

    @property
    def kind(self) -> str: ...


class NoTarget(Exception):
    """A reference that means nothing; the text is Kubernetes'."""


def kinds_of(
    reference: Reference,
    kinds: Iterable[type[KubeObject]],
    definitions: Iterable[CustomResourceDefinition],
) -> tuple[type[KubeObject], ...]:
    """The kinds of that name in the group, whichever the version: those with a scale first. Raises `NoTarget`."""
    group = group_of(reference.api_version or "")
    custom = (kind_of_definition(each) for each in definitions if each.spec.group == group)
    every = (*kinds, *(each for each in custom if each is not None))
    found = [each for each in every if (info(each).group, info(each).kind) == (group, reference.kind)]
    if not found:
        raise NoTarget(f'no matches for kind "{reference.kind}" in group "{group}"')
    return tuple(sorted(found, key=lambda each: info(each).scale is None))


def group_of(api_version: str) -> str:
    """``apps`` of ``apps/v1``. Raises `NoTarget`."""
    if api_version.count("/") > 1:
        raise NoTarget(f"unexpected GroupVersion string: {api_version}")
    return api_version.rpartition("/")[0]
