"""Manifests as plain dictionaries, with only what a story is about said in it."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]


def pod(name: str, *containers: Manifest, labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """A short grace period, so that stories end soon; ``spec`` may say another."""
    metadata = {"name": name, "labels": labels or {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _pod_spec(*containers, **spec)}


def replicated(kind: str, name: str, replicas: int, *containers: Manifest, **more: Any) -> Manifest:
    """A ReplicationController, ReplicaSet or Deployment whose pods are labelled ``app=NAME``; ``more`` goes into its
    spec, but for ``pod``, which goes into the pods'."""
    labels = {"app": name}
    pod_spec = _pod_spec(*containers, **more.pop("pod", {}))
    return {
        "apiVersion": "v1" if kind == "ReplicationController" else "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": labels if kind == "ReplicationController" else {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec},
            **more,
        },
    }


def service(name: str, port: int, *, target: int | None = None, app: str = "") -> Manifest:
    ports = [{"port": port, "targetPort": target or port}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": app or name}, "ports": ports},
    }


def _pod_spec(*containers: Manifest, **spec: Any) -> Manifest:
    return {"terminationGracePeriodSeconds": 1, "containers": list(containers), **spec}
