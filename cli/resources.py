"""Which kinds the server has, found through aggregated discovery, and what people call them.

A person may say a plural, a singular, a short name or a kind, with a group or a version and a group:
``po``, ``Deployment``, ``deployments.apps``, ``deployments.v1.apps``. Words in two groups mean the first group listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sampan.cli.api import Api
from sampan.core.classes import frozen
from sampan.core.errors import ConfigError

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@frozen(kw_only=True)
class Resource:
    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def title(self) -> str:
        """``deployment.apps``: how kubectl names an object's kind."""
        return f"{self.kind.lower()}.{self.group}" if self.group else self.kind.lower()

    @property
    def words(self) -> set[str]:
        return {self.plural, self.singular, self.kind.lower(), *self.short_names}

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if self.namespaced and namespace:
            root = f"{root}/namespaces/{namespace}"
        return "/".join(part for part in (root, self.plural, name, subresource) if part)

    def reference(self, name: str) -> str:
        """``deployment.apps/web``"""
        return f"{self.title}/{name}"


class Resources:
    """Everything the server serves, in its order of preference."""

    def __init__(self, found: list[Resource]) -> None:
        self._found = found

    @classmethod
    def fetch(cls, api: Api) -> Resources:
        found: list[Resource] = []
        for path in ("/api", "/apis"):
            for group in api.get(path, accept=DISCOVERY).get("items", []):
                found.extend(_group(group))
        return cls(found)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._found)

    def find(self, word: str) -> Resource:
        """Raises `ConfigError` where the server has nothing of that name."""
        name, _, place = word.lower().partition(".")
        for resource in self._found:
            places = {"", resource.group, f"{resource.version}.{resource.group}".rstrip(".")}
            if name in resource.words and (place in places or (place and resource.group.startswith(f"{place}."))):
                return resource
        raise ConfigError(f'the server doesn\'t have a resource type "{word}"')

    def category(self, word: str) -> list[Resource]:
        """All kinds of a category such as ``all``; each once, in its preferred version."""
        chosen = {(each.group, each.plural): each for each in reversed(self._found) if word in each.categories}
        return [each for each in self._found if chosen.get((each.group, each.plural)) is each]

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        for resource in self._found:
            if (resource.api_version, resource.kind) == (api_version, kind):
                return resource
        return None


def _group(group: dict[str, Any]) -> Iterator[Resource]:
    for version in group.get("versions", []):
        for each in version.get("resources", []):
            yield Resource(
                group=group.get("metadata", {}).get("name", ""),
                version=version["version"],
                plural=each["resource"],
                singular=each.get("singularResource") or each["responseKind"]["kind"].lower(),
                kind=each["responseKind"]["kind"],
                namespaced=each.get("scope") == "Namespaced",
                short_names=tuple(each.get("shortNames") or ()),
                categories=tuple(each.get("categories") or ()),
                verbs=tuple(each.get("verbs") or ()),
                subresources=tuple(sub["subresource"] for sub in each.get("subresources") or ()),
            )
