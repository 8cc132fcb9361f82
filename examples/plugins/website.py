"""A Website is a page and how many pods serve it: its ConfigMap, Deployment and Service come and go with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sampan import plugin as s
from sampan.plugin import from_wire, owner_reference, to_wire, wire

Parts = dict[type[s.KubeObject], dict[str, Any]]


@s.model
class WebsiteSpec:
    html: str = wire(required=True, doc="The page.")
    replicas: int = wire(default=1, api_default=1, minimum=0, format="int32", doc="How many pods serve it.")


@s.kind("example.com/v1", plural="websites", short_names=("site",))
@s.model
class Website(s.KubeObject):
    """A page, and how many pods serve it."""

    spec: WebsiteSpec = wire(default=None, emit="always")


def changing(site: Website) -> Parts:
    """What follows the site, by kind."""
    return {
        s.ConfigMap: {"data": {"index.html": site.spec.html}},
        s.Deployment: {"spec": {"replicas": site.spec.replicas}},
        s.Service: {"spec": {"selector": {"website": site.metadata.name}}},
    }


def first(site: Website) -> Parts:
    """What each begins with besides."""
    labels = {"website": site.metadata.name}
    mount = {"name": "page", "mountPath": "/usr/share/nginx/html"}
    volumes = [{"name": "page", "configMap": {"name": site.metadata.name}}]
    pod = {"containers": [{"name": "web", "image": "nginx:1.29", "volumeMounts": [mount]}], "volumes": volumes}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        s.Deployment: {"selector": {"matchLabels": labels}, "template": template},
        s.Service: {"ports": [{"port": 80}]},
    }


class Websites(s.ControllerBase):
    name = "website-controller"
    watches = tuple(s.Watch(kind=kind) for kind in (Website, s.ConfigMap, s.Deployment, s.Service))

    def reconcile(self, key: s.Key, state: s.Lister, now: datetime) -> s.Plan:
        site = state.get(Website, key.namespace, key.name)
        if site is None or site.metadata.deletion_timestamp:
            return s.NOTHING
        actions: list[s.Create | s.Patch] = []
        for kind, content in changing(site).items():
            found = state.get(kind, key.namespace, key.name)
            if found is None:
                owner = to_wire(owner_reference(site))
                whole = {
                    "metadata": {"name": key.name, "namespace": key.namespace, "ownerReferences": [owner]}
                } | content
                if more := first(site).get(kind):
                    whole["spec"] = whole["spec"] | more
                actions.append(s.Create(obj=from_wire(kind, whole)))
            elif any(
                to_wire(found)[part][name] != text for part, all_ in content.items() for name, text in all_.items()
            ):
                actions.append(s.Patch(kind=kind, namespace=key.namespace, name=key.name, patch=content))
        return s.Plan(actions=tuple(actions))


@s.hookimpl
def sampan_register(registry: s.Registry) -> None:
    registry.kind(Website)
    registry.controller("website", lambda _context: Websites())
