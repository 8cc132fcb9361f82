"""ServiceAccount: every pod runs as one, and finds its token where programs look for it.

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from sampan.core.api.operations.metadata import generated_name
from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet, forbid, is_new_pod

MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
DEFAULT_ACCOUNT: Final = "default"
TOKEN_SECONDS: Final = 3607
"""An hour and seven seconds, by which Kubernetes tells the tokens that it asked for itself."""
DEFAULT_MODE: Final = 0o644
VOLUME_PREFIX: Final = "kube-api-access-"
MIRROR: Final = "kubernetes.io/config.mirror"

Wire = Mapping[str, Any]


class ServiceAccountAdmission(Quiet):
    name = "ServiceAccount"
    order = 20
    exact = True

    def __init__(self) -> None:
        self._volume_name = generated_name(VOLUME_PREFIX)
        """Made up once, not for each pod: what is made of one template stays alike, and is checked once."""

    async def mutate(self, request: AdmissionRequest) -> None:
        if not is_new_pod(request) or request.obj is None or _is_mirror(request.obj):
            return
        spec = request.obj.setdefault("spec", {})
        # The deprecated name of the field counts where the new one is missing; the kind's defaults keep both alike.
        name = spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT_ACCOUNT
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = request.reader.get("serviceaccounts", request.namespace, name)
        if account is None:
            said = f'error looking up service account {request.namespace}/{name}: serviceaccount "{name}" not found'
            raise forbid(request, said)
        if _wants_token(spec, account):
            _mount_token(spec, self._volume_name)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(each) for each in account["imagePullSecrets"]]

    async def validate(self, request: AdmissionRequest) -> None:
        """A mirror pod shows what a node runs by itself: it has no account to lean on."""
        if not is_new_pod(request) or request.obj is None or not _is_mirror(request.obj):
            return
        if request.obj.get("spec", {}).get("serviceAccountName"):
            raise forbid(request, "a mirror pod may not reference service accounts")


def _is_mirror(obj: Wire) -> bool:
    return MIRROR in (obj["metadata"].get("annotations") or {})


def _wants_token(spec: Wire, account: Wire) -> bool:
    own = spec.get("automountServiceAccountToken")
    if own is None:
        own = account.get("automountServiceAccountToken")
    return own is not False


def _mount_token(spec: MutableMapping[str, Any], new_name: str) -> None:
    """Mount a projected volume with token, CA and namespace into every container that has nothing at that place."""
    volumes = spec.get("volumes") or []
    # A pod that was read and is created again brings its volume along.
    name = next((each["name"] for each in volumes if each.get("name", "").startswith(VOLUME_PREFIX)), "")
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    bare = [each for each in containers if not _has_mount(each)]
    if not bare:
        return
    if not name:
        name = new_name
        spec["volumes"] = [*volumes, _volume(name)]
    for container in bare:
        mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
        container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]


def _has_mount(container: Wire) -> bool:
    return any(each.get("mountPath") == MOUNT_PATH for each in container.get("volumeMounts") or [])


def _volume(name: str) -> dict[str, Any]:
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": DEFAULT_MODE}}
