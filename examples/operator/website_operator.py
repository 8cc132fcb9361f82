"""An operator on lightkube: a Website is a page and how many pods serve it; ConfigMap, Deployment and Service follow it.

``python website_operator.py`` runs it against the cluster of the current kubeconfig.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from lightkube import Client
from lightkube.codecs import from_dict
from lightkube.generic_resource import create_namespaced_resource
from lightkube.types import PatchType

log = logging.getLogger(__name__)
Website = create_namespaced_resource("example.com", "v1", "Website", "websites")
WHO = "website-operator"
PAUSE = 0.05
"""Seconds until the next try, where the API could not be asked."""


def parts(site: Any) -> list[dict[str, Any]]:
    """What a site is made of."""
    labels = {"website": site.metadata.name}
    owner = {"apiVersion": "example.com/v1", "kind": "Website", "name": site.metadata.name, "uid": site.metadata.uid}
    meta = {"name": site.metadata.name, "namespace": site.metadata.namespace, "ownerReferences": [owner]}
    mount = {"name": "page", "mountPath": "/usr/share/nginx/html"}
    pod = {
        "containers": [{"name": "web", "image": "nginx:1.29", "volumeMounts": [mount]}],
        "volumes": [{"name": "page", "configMap": {"name": site.metadata.name}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    deployment = {"replicas": site.spec.get("replicas", 1), "selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": [{"port": 80}]}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"index.html": site.spec["html"]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": deployment},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service},
    ]


def reconcile(client: Client, site: Any) -> None:
    """Bring the parts to what the site says; then say in its status which generation that was."""
    if (site.status or {}).get("observedGeneration") == site.metadata.generation or site.metadata.deletionTimestamp:
        return
    for part in parts(site):
        client.apply(from_dict(part), field_manager=WHO, force=True)
    name, namespace = site.metadata.name, site.metadata.namespace
    status = {"status": {"observedGeneration": site.metadata.generation}}
    client.patch(Website.Status, name, status, namespace=namespace, patch_type=PatchType.MERGE)


def run(client: Client, stopped: threading.Event) -> None:
    """Look at every site, and again whenever one changes; what fails is tried again from the list on."""
    while not stopped.is_set():
        try:
            for event, site in client.watch(Website, namespace="*"):
                if event != "DELETED":
                    reconcile(client, site)
        except Exception as exc:
            log.warning("the next try follows: %s", exc)
            stopped.wait(PAUSE)


if __name__ == "__main__":
    run(Client(), threading.Event())
