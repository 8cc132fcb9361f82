"""An audit policy (``audit.k8s.io/v1``): read from its file, checked, and asked what is kept of a request. Pure.

One thing is sampan's own: the bodies of Secrets and tokens are kept by no rule that does not name their resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.access import Attributes
from sampan.core.errors import ConfigError
from sampan.core.schema.parse import SyntaxProblem, parse_yaml

GROUP_VERSION: Final = "audit.k8s.io/v1"
STAGES: Final = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
CONFIDENTIAL: Final = frozenset(
    {("", "secrets"), ("", "serviceaccounts/token"), ("authentication.k8s.io", "tokenreviews")}
)
"""Group and resource of bodies that let their reader in somewhere."""

T = TypeVar("T")


class Level(IntEnum):
    """How much is kept; each has all of the one before."""

    NONE = 0
    METADATA = 1
    REQUEST = 2
    REQUEST_RESPONSE = 3

    @property
    def word(self) -> str:
        return WORDS[self]


WORDS: Final = ("None", "Metadata", "Request", "RequestResponse")


@frozen(kw_only=True)
class GroupResources:
    group: str = ""
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def covers(self, attributes: Attributes) -> bool:
        if self.group not in (attributes.group, "*"):
            return False
        if not self.resources:
            return True
        if self.names and attributes.name not in self.names:
            return False
        subresource = attributes.subresource
        wanted = {full_name(attributes), "*", f"{attributes.resource}/*"}
        if subresource:
            wanted.add(f"*/{subresource}")
        return not wanted.isdisjoint(self.resources)


@frozen(kw_only=True)
class Treatment:
    """What is kept of one request."""

    level: Level
    omit_stages: frozenset[str] = frozenset()
    omit_managed_fields: bool = False


@frozen(kw_only=True)
class Rule:
    treatment: Treatment
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[GroupResources, ...] = ()
    namespaces: tuple[str, ...] = ()
    """The empty one: what is in no namespace."""
    urls: tuple[str, ...] = ()

    def covers(self, attributes: Attributes) -> bool:
        user = attributes.user
        if self.users and user.name not in self.users:
            return False
        if self.groups and set(self.groups).isdisjoint(user.groups):
            return False
        if self.verbs and attributes.verb not in self.verbs:
            return False
        if self.namespaces or self.resources:
            return attributes.is_resource and self._covers_resource(attributes)
        if self.urls:
            return not attributes.is_resource and any(_is_below(attributes.path, url) for url in self.urls)
        return True

    def _covers_resource(self, attributes: Attributes) -> bool:
        if self.namespaces and attributes.namespace not in self.namespaces:
            return False
        return not self.resources or any(each.covers(attributes) for each in self.resources)

    def names(self, attributes: Attributes) -> bool:
        """Whether the resource stands in the rule by its name."""
        return any(full_name(attributes) in each.resources for each in self.resources)


@frozen(kw_only=True)
class Policy:
    rules: tuple[Rule, ...]

    def treatment(self, attributes: Attributes) -> Treatment | None:
        """By the first rule that covers the request; ``None`` where nothing is kept."""
        rule = next((rule for rule in self.rules if rule.covers(attributes)), None)
        if rule is None or rule.treatment.level is Level.NONE:
            return None
        treatment = rule.treatment
        if treatment.level > Level.METADATA and is_confidential(attributes) and not rule.names(attributes):
            return attrs.evolve(treatment, level=Level.METADATA)
        return treatment


def full_name(attributes: Attributes) -> str:
    return f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource


def is_confidential(attributes: Attributes) -> bool:
    return (attributes.group, full_name(attributes)) in CONFIDENTIAL


def _is_below(path: str, url: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*")))


def read_policy(file: Path) -> Policy:
    """Raises `ConfigError` that names the file and the place in it."""
    try:
        value, *more = parse_yaml(file.read_bytes())
        if more and more[0]:
            raise ConfigError(f"{more[0][0]}")
        return policy_of(value)
    except OSError as exc:
        raise ConfigError(f"the audit policy {file} cannot be read: {exc.strerror or exc}") from exc
    except (SyntaxProblem, ConfigError) as exc:
        raise ConfigError(f"the audit policy {file} is wrong: {exc}") from exc


def policy_of(value: Any) -> Policy:
    """Raises `ConfigError` with the first problem."""
    read = _Fields(value, "")
    if (read.text("apiVersion"), read.text("kind")) != (GROUP_VERSION, "Policy"):
        raise ConfigError(f"it must have apiVersion {GROUP_VERSION} and kind Policy")
    read.take("metadata", dict, {})
    omitted = read.stages()
    no_managed_fields = read.take("omitManagedFields", bool, False)
    rules = read.objects("rules")
    read.end()
    if not rules:
        raise ConfigError("rules: there must be at least one")
    return Policy(rules=tuple(_rule(rule, omitted, no_managed_fields) for rule in rules))


def _rule(read: _Fields, omitted: frozenset[str], no_managed_fields: bool) -> Rule:
    level = read.text("level")
    if level not in WORDS:
        raise ConfigError(f"{read.at('level')}: {level!r} is none of {', '.join(WORDS)}")
    treatment = Treatment(
        level=Level(WORDS.index(level)),
        omit_stages=omitted | read.stages(),
        omit_managed_fields=read.take("omitManagedFields", bool, no_managed_fields),
    )
    rule = Rule(
        treatment=treatment,
        users=read.texts("users"),
        groups=read.texts("userGroups"),
        verbs=read.texts("verbs"),
        resources=tuple(_resources(each) for each in read.objects("resources")),
        namespaces=read.texts("namespaces"),
        urls=read.texts("nonResourceURLs"),
    )
    read.end()
    if rule.urls and (rule.resources or rule.namespaces):
        raise ConfigError(f"{read.at('nonResourceURLs')}: a rule is about resources or about other URLs, not both")
    for url in rule.urls:
        if url != "*" and (not url.startswith("/") or "*" in url[:-1]):
            raise ConfigError(
                f"{read.at('nonResourceURLs')}: {url!r} must begin with '/', and may have a '*' at its end"
            )
    return rule


def _resources(read: _Fields) -> GroupResources:
    found = GroupResources(
        group=read.text("group"), resources=read.texts("resources"), names=read.texts("resourceNames")
    )
    read.end()
    if "/" in found.group:
        raise ConfigError(f"{read.at('group')}: {found.group!r} is no group: leave the version away")
    if found.names and not found.resources:
        raise ConfigError(f"{read.at('resourceNames')}: needs resources beside it")
    return found


class _Fields:
    """The fields of one object of the file, each taken once; what is left is unknown."""

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{path or 'it'} must be an object")
        self._left = dict(value)
        self._path = path

    def at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def take(self, name: str, sort: type[T], default: T) -> T:
        value = self._left.pop(name, None)
        if value is None:
            return default
        if not isinstance(value, sort):
            raise ConfigError(f"{self.at(name)}: {value!r} is no {sort.__name__}")
        return value

    def text(self, name: str) -> str:
        return self.take(name, str, "")

    def texts(self, name: str) -> tuple[str, ...]:
        values: list[Any] = self.take(name, list, [])
        if not all(isinstance(each, str) for each in values):
            raise ConfigError(f"{self.at(name)}: must be a list of texts")
        return tuple(values)

    def objects(self, name: str) -> list[_Fields]:
        values: list[Any] = self.take(name, list, [])
        return [_Fields(each, f"{self.at(name)}[{index}]") for index, each in enumerate(values)]

    def stages(self) -> frozenset[str]:
        stages = self.texts("omitStages")
        for stage in stages:
            if stage not in STAGES:
                raise ConfigError(f"{self.at('omitStages')}: {stage!r} is none of {', '.join(STAGES)}")
        return frozenset(stages)

    def end(self) -> None:
        if self._left:
            raise ConfigError(f"{self.at(sorted(map(str, self._left))[0])}: there is no such field")
