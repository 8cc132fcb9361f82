"""A Website is a page and how many pods serve it: its ConfigMap, Deployment and Service come, follow and go with it."""

from __future__ import annotations

from datetime import datetime

from sampan import plugin as s


@s.model
class WebsiteSpec:
    html: str = s.wire(required=True, doc="The page.")
    replicas: int = s.wire(default=1, api_default=1, minimum=0, format="int32", doc="How many pods serve it.")


@s.kind("example.com/v1", plural="websites", short_names=("site",))
@s.model
class Website(s.KubeObject):
    """A page, and how many pods serve it."""

    spec: WebsiteSpec = s.wire(default=None, emit="always")


def parts(site: Website) -> dict[type[s.KubeObject], s.Wire]:
    """What the site wants of each kind, whatever else its object has."""
    labels = {"website": site.metadata.name}
    mounts = [{"name": "page", "mountPath": "/usr/share/nginx/html"}]
    containers = [{"name": "web", "image": "nginx:1.29", "volumeMounts": mounts}]
    pod = {"containers": containers, "volumes": [{"name": "page", "configMap": {"name": site.metadata.name}}]}
    web = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    return {
        s.ConfigMap: {"data": {"index.html": site.spec.html}},
        s.Deployment: {"spec": {"replicas": site.spec.replicas, **web}},
        s.Service: {"spec": {"selector": labels, "ports": [{"port": 80}]}},
    }


class Websites(s.ControllerBase):
    name = "website-controller"
    watches = tuple(s.Watch(kind=kind) for kind in (Website, s.ConfigMap, s.Deployment, s.Service))

    def reconcile(self, key: s.Key, state: s.Lister, now: datetime) -> s.Plan:
        site = state.get(Website, key.namespace, key.name)
        actions: tuple[s.Create | s.Patch, ...] = ()
        for kind, wanted in parts(site).items() if site and not site.metadata.deletion_timestamp else ():
            found = state.get(kind, key.namespace, key.name)
            if found is None:
                meta = s.ObjectMeta(name=key.name, namespace=key.namespace, owner_references=(s.owner_reference(site),))
                actions += (s.Create(obj=s.from_wire(kind, {"metadata": s.to_wire(meta), **wanted})),)
            elif not s.covers(s.to_wire(found), wanted):
                actions += (s.Patch(kind=kind, namespace=key.namespace, name=key.name, patch=wanted),)
        return s.Plan(actions=actions)


@s.hookimpl
def sampan_register(registry: s.Registry) -> None:
    registry.kind(Website)
    registry.controller("website", lambda _context: Websites())
