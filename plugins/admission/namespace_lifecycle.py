"""NamespaceLifecycle: nothing is created in a namespace that is not there or on its way out.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle
"""

from __future__ import annotations

from typing import Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.core.errors import Cause, Forbidden, NotFound
from sampan.plugins.admission.base import Quiet, forbid

IMMORTAL: Final = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle(Quiet):
    name = "NamespaceLifecycle"
    order = 10
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        """First of all, so that a missing namespace is told before anything else that is wrong."""
        if request.info.resource == "namespaces":
            if request.operation == "DELETE" and request.name in IMMORTAL:
                raise forbid(request, "this namespace may not be deleted")
            return
        if request.operation != "CREATE" or not request.info.namespaced or request.subresource:
            return
        namespace = request.reader.get("namespaces", "", request.namespace)
        if namespace is None:
            message = f'namespaces "{request.namespace}" not found'
            raise NotFound(message, kind="namespaces", name=request.namespace)
        if namespace["metadata"].get("deletionTimestamp"):
            raise _terminating(request)


def _terminating(request: AdmissionRequest) -> Forbidden:
    about = f"namespace {request.namespace} is being terminated"
    error = forbid(
        request, f"unable to create new content in namespace {request.namespace} because it is being terminated"
    )
    error.causes = (Cause("NamespaceTerminating", about, "metadata.namespace"),)
    return error
