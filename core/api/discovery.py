"""Discovery: which groups, versions and resources there are, in Kubernetes' old form and the aggregated one.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api. Documents are made from the catalog and from
what aggregated servers have said, when first asked for after either changed; clients revalidate them by ETag.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from sampan.core.api import negotiate
from sampan.core.api.aggregation.aggregation import Aggregation
from sampan.core.api.catalog import Catalog, Served, version_rank
from sampan.core.api.problems import NoRoute, PageNotFound
from sampan.core.api.request import Request
from sampan.core.api.responses import send_bytes
from sampan.core.api.storage import Cached, Computed, View
from sampan.core.api.subresources.contract import Subresource

Document = dict[str, Any]

FIRST: Final = "apiregistration.k8s.io"
"""No APIService ranks it, and it comes before all others."""


class Discovery:
    """``subresources`` are those of the router."""

    def __init__(
        self, catalog: Catalog, aggregation: Aggregation, subresources: Mapping[str, Subresource], address: str
    ) -> None:
        self._catalog = catalog
        self._aggregation = aggregation
        self._subresources = subresources
        self._address = address
        self._made_for = (-1, -1)
        self._aggregated: dict[tuple[str, str], tuple[bytes, bytes]] = {}

    async def serve(self, request: Request, segments: tuple[str, ...]) -> None:
        """Raises `PageNotFound` for a group, and `NoRoute` for a version, that there is not."""
        await self._catalog.settled()
        if len(segments) == 1:
            version = negotiate.discovery_version(request.headers.accept)
            if version:
                await self._serve_aggregated(request, segments[0], version)
                return
        await request.answer(self._document(segments))

    async def check(self, segments: tuple[str, ...]) -> None:
        """Raises what `serve` raises of a path that there is not."""
        await self._catalog.settled()
        self._document(segments)

    def paths(self) -> list[str]:
        """The paths of all groups and versions, for ``/``."""
        found = ["/api", "/apis"]
        for group, versions in self._groups().items():
            base = f"/apis/{group}" if group else "/api"
            found += [base, *(f"{base}/{version}" for version in versions)]
        return sorted(set(found))

    def _groups(self) -> Mapping[str, tuple[str, ...]]:
        """Every group with its versions, those of other servers too, as their APIServices rank them."""
        found = {group: set(versions) for group, versions in self._catalog.groups().items()}
        for group, version in self._aggregation.keepers():
            found.setdefault(group, set()).add(version)
        ranked = self._aggregation
        return {
            group: tuple(
                sorted(found[group], key=lambda one: (-ranked.version_priority(group, one), version_rank(one)))
            )
            for group in sorted(found, key=lambda one: (one != FIRST, -ranked.group_priority(one), one))
        }

    def _document(self, segments: tuple[str, ...]) -> Document:
        groups = self._groups()
        if segments == ("api",):
            return self._core_versions(groups.get("", ()))
        if segments == ("apis",):
            items = [_group(group, versions) for group, versions in groups.items() if group]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": items}
        if segments[0] == "api":
            return self._resources("", segments[1], groups)
        group = segments[1]
        if len(segments) == 2:
            if group not in groups:
                raise PageNotFound
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups[group])}
        return self._resources(group, segments[2], groups)

    def _core_versions(self, versions: tuple[str, ...]) -> Document:
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": self._address}]
        return {"kind": "APIVersions", "versions": list(versions), "serverAddressByClientCIDRs": addresses}

    def _resources(self, group: str, version: str, groups: Mapping[str, tuple[str, ...]]) -> Document:
        if group not in groups:
            raise PageNotFound
        if version not in groups[group]:
            is_custom = all(
                served.resource.custom for each in groups[group] for served in self._catalog.in_version(group, each)
            )
            raise PageNotFound if is_custom else NoRoute
        found: list[Document] = []
        for served in self._sorted(group, version):
            found.append(_resource(served))
            for name, subresource in self._of(served):
                found.append(_subresource(served, name, subresource))
        document: Document = {"kind": "APIResourceList", "groupVersion": f"{group}/{version}".lstrip("/")}
        return (document | {"apiVersion": "v1"} if group else document) | {"resources": found}

    def _sorted(self, group: str, version: str) -> Iterable[Served]:
        return sorted(self._catalog.in_version(group, version), key=lambda served: served.info.plural)

    def _of(self, served: Served) -> list[tuple[str, Subresource]]:
        """The kind's subresources, in the order of their names (of custom kinds: the status first)."""
        found = [(name, one) for name, one in sorted(self._subresources.items()) if one.belongs(served)]
        return found[::-1] if served.resource.custom else found

    async def _serve_aggregated(self, request: Request, root: str, version: str) -> None:
        body, tag = self._aggregate(root, version)
        content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList".encode()
        headers = [(b"etag", tag), (b"vary", b"Accept"), (b"cache-control", b"public")]
        asked = dict(request.scope["headers"]).get(b"if-none-match", b"")
        code, sent = (304, b"") if asked == tag else (200, body)
        await send_bytes(request.send, sent, code=code, content_type=(b"content-type", content_type), headers=headers)

    def _aggregate(self, root: str, version: str) -> tuple[bytes, bytes]:
        """The document and its ETag."""
        generation = (self._catalog.generation, self._aggregation.generation)
        if self._made_for != generation:
            self._aggregated.clear()
            self._made_for = generation
        made = self._aggregated.get((root, version))
        if made is None:
            groups = self._groups()
            chosen = [group for group in groups if (group == "") == (root == "api")]
            document = {
                "kind": "APIGroupDiscoveryList",
                "apiVersion": f"apidiscovery.k8s.io/{version}",
                "metadata": {},
                "items": [self._aggregated_group(group, groups[group]) for group in chosen],
            }
            body = orjson.dumps(document)
            tag = b'"%b"' % hashlib.sha512(body).hexdigest().upper().encode()
            made = self._aggregated[root, version] = (body, tag)
        return made

    def _aggregated_group(self, group: str, versions: tuple[str, ...]) -> Document:
        items = [self._aggregated_version(group, version) for version in versions]
        return {"metadata": {"name": group} if group else {}, "versions": items}

    def _aggregated_version(self, group: str, version: str) -> Document:
        keeper = self._aggregation.keepers().get((group, version))
        if keeper is not None:
            known = {} if keeper.resources is None else {"resources": keeper.resources}
            return {"version": version, **known, "freshness": "Stale" if keeper.is_stale else "Current"}
        resources = [self._aggregated_resource(served) for served in self._sorted(group, version)]
        return {"version": version, "resources": resources, "freshness": "Current"}

    def _aggregated_resource(self, served: Served) -> Document:
        info = served.info
        document: Document = {
            "resource": info.plural,
            "responseKind": {"group": "", "version": "", "kind": info.kind},
            "scope": "Namespaced" if info.namespaced else "Cluster",
            "singularResource": info.singular,
            "verbs": list(info.verbs),
        }
        if info.short_names:
            document["shortNames"] = list(info.short_names)
        if info.categories:
            document["categories"] = list(info.categories)
        parts = []
        for name, subresource in self._of(served):
            group, version, kind = subresource.body_kind(served)
            shape = {"group": group, "version": version, "kind": kind}
            verbs = sorted(subresource.verbs(served))
            parts.append({"subresource": name, "responseKind": shape, "verbs": verbs})
        return document | {"subresources": parts} if parts else document


def _group(group: str, versions: tuple[str, ...]) -> Document:
    items = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": items, "preferredVersion": items[0]}


def _resource(served: Served) -> Document:
    info = served.info
    document: Document = {
        "name": info.plural,
        "singularName": info.singular,
        "namespaced": info.namespaced,
        "kind": info.kind,
        "verbs": list(info.verbs),
    }
    if info.short_names:
        document["shortNames"] = list(info.short_names)
    if info.categories:
        document["categories"] = list(info.categories)
    if isinstance(served.storage, Cached | View) and not isinstance(served.storage, Computed):
        stored = served.storage.resource.info if isinstance(served.storage, View) else info
        document["storageVersionHash"] = storage_hash(f"{stored.group}/{stored.version}/{stored.kind}")
    return document


def _subresource(served: Served, name: str, subresource: Subresource) -> Document:
    info = served.info
    group, version, kind = subresource.body_kind(served)
    document: Document = {
        "name": f"{info.plural}/{name}",
        "singularName": "",
        "namespaced": info.namespaced,
        "kind": kind,
        "verbs": sorted(subresource.verbs(served)),
    }
    if version:
        document |= {"group": group, "version": version}
    return document


def storage_hash(text: str) -> str:
    """Kubernetes' opaque mark of what version an object is stored in."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()
