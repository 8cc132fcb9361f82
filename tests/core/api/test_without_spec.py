"""Objects without their spec, or with nothing in it: a refusal or an answer, never a failure of the server."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

POD: Final = {"containers": [{"name": "c", "image": "i"}]}
TEMPLATE: Final = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
WORKLOAD: Final = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
JOB: Final = {"template": {**TEMPLATE, "spec": {**POD, "restartPolicy": "Never"}}}
CLAIM: Final = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
VOLUME: Final = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
TARGET: Final = {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"}
BACKEND: Final = {"service": {"name": "x", "port": {"number": 1}}}
REQUESTS: Final = {"requests": [{"name": "r", "exactly": {"deviceClassName": "d"}}]}

HERE: Final = "namespaces/default"
SPECS: Final[dict[str, Any]] = {
    f"/apis/apps/v1/{HERE}/deployments": WORKLOAD,
    f"/apis/apps/v1/{HERE}/replicasets": WORKLOAD,
    f"/apis/apps/v1/{HERE}/daemonsets": WORKLOAD,
    f"/apis/apps/v1/{HERE}/statefulsets": {**WORKLOAD, "serviceName": "x"},
    f"/apis/batch/v1/{HERE}/jobs": JOB,
    f"/apis/batch/v1/{HERE}/cronjobs": {"schedule": "* * * * *", "jobTemplate": {"spec": JOB}},
    f"/api/v1/{HERE}/persistentvolumeclaims": CLAIM,
    f"/api/v1/{HERE}/services": {"ports": [{"port": 80}]},
    f"/api/v1/{HERE}/pods": POD,
    f"/api/v1/{HERE}/replicationcontrollers": {"template": TEMPLATE, "selector": {"a": "b"}},
    f"/api/v1/{HERE}/resourcequotas": {},
    f"/api/v1/{HERE}/limitranges": {"limits": []},
    "/api/v1/persistentvolumes": VOLUME,
    "/api/v1/nodes": {},
    "/api/v1/namespaces": {},
    f"/apis/autoscaling/v2/{HERE}/horizontalpodautoscalers": {"maxReplicas": 2, "scaleTargetRef": TARGET},
    f"/apis/networking.k8s.io/v1/{HERE}/networkpolicies": {"podSelector": {}},
    f"/apis/networking.k8s.io/v1/{HERE}/ingresses": {"defaultBackend": BACKEND},
    f"/apis/policy/v1/{HERE}/poddisruptionbudgets": {"minAvailable": 1, "selector": {}},
    f"/apis/coordination.k8s.io/v1/{HERE}/leases": {},
    "/apis/storage.k8s.io/v1/csidrivers": {},
    "/apis/storage.k8s.io/v1/csinodes": {"drivers": []},
    "/apis/resource.k8s.io/v1/deviceclasses": {},
    f"/apis/resource.k8s.io/v1/{HERE}/resourceclaims": {"devices": REQUESTS},
}
BODIES: Final[tuple[dict[str, Any], ...]] = (
    {"metadata": {"name": "q"}},
    {"metadata": {"name": "q"}, "spec": None},
    {"metadata": {"name": "q"}, "spec": {}},
    {"metadata": {"name": "q"}, "spec": None, "status": None},
    {"metadata": None},
    {},
)


async def test_nothing_fails(api: AsgiClient) -> None:
    failures: list[Any] = []

    async def send(method: str, path: str, body: Any, kind: str = "") -> None:
        answer = await api.request(method, f"{path}?dryRun=All", body, content_type=kind)
        if answer.code >= 500:
            failures.append((method, path, body, answer.raw))

    for path, spec in SPECS.items():
        for body in BODIES:
            await send("POST", path, body)
        made = await api.post(path, {"metadata": {"name": "q"}, "spec": spec})
        assert made.code == 201, (path, made.raw)
        for body in BODIES:
            for below in ("", "/status", "/scale"):
                await send("PUT", f"{path}/q{below}", body)
                patch = {"spec": None, **body}
                await send("PATCH", f"{path}/q{below}", patch, "application/merge-patch+json")
                await send("PATCH", f"{path}/q{below}", patch, "application/strategic-merge-patch+json")
    assert not failures, "\n".join(map(str, failures))
