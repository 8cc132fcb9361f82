"""Applications that talk to the API from inside: the Python client with nothing configured but what every pod has."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod

pytestmark = [pytest.mark.needs("network"), pytest.mark.needs("mounts")]

WATCHER = """
import json
from kubernetes import client, config, watch

config.load_incluster_config()
namespace = open("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read()
api = client.CoreV1Api()
api.create_namespaced_config_map(namespace, {"metadata": {"name": "greeting"}, "data": {"to": "the pod"}})
events = watch.Watch().stream(
    api.list_namespaced_config_map, namespace, field_selector="metadata.name=greeting", timeout_seconds=20)
seen = next(events)["object"].data
try:
    api.list_namespaced_secret(namespace)
    refused = 0
except client.ApiException as exc:
    refused = exc.status
configuration = client.Configuration.get_default_copy()
configuration.host = "https://kubernetes.default.svc"
by_name = client.VersionApi(client.ApiClient(configuration)).get_code().major
print(json.dumps({"seen": seen, "secrets": refused, "by name": by_name}))
"""


def packages() -> str:
    """Where the client library is on this host, with what it needs: all of it is plain Python."""
    found = find_spec("kubernetes")
    assert found is not None, "it comes with sampan[test]"
    assert found.origin is not None
    return str(Path(found.origin).parent.parent)


def test_the_python_client_finds_the_api_by_itself(kubectl: Kubectl, images: Images) -> None:
    kubectl("create serviceaccount robot")
    kubectl("create role greets --verb=create,get,list,watch --resource=configmaps")
    kubectl(f"create rolebinding robot-greets --role=greets --serviceaccount={kubectl.namespace}:robot")
    container = images.python.container(
        "c",
        command=["python3", "-c", WATCHER],
        env=[{"name": "PYTHONPATH", "value": "/packages"}],
        volumeMounts=[{"name": "packages", "mountPath": "/packages", "readOnly": True}],
    )
    volumes = [{"name": "packages", "hostPath": {"path": packages(), "type": "Directory"}}]
    kubectl.apply(pod("robot", container, restartPolicy="Never", serviceAccountName="robot", volumes=volumes))
    kubectl("wait --for=jsonpath={.status.phase}=Succeeded pod/robot --timeout=60s")
    assert json.loads(kubectl("logs robot")) == {"seen": {"to": "the pod"}, "secrets": 403, "by name": "1"}
