"""Objects that only namespaces with a label may hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
TEMPLATES = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates"
LABEL = "resource.kubernetes.io/admin-access"
REFUSAL = f"Forbidden: admin access to devices requires the `{LABEL}: true` label on the containing namespace"


def devices(name: str) -> dict[str, Any]:
    exactly = {"deviceClassName": "c", "adminAccess": True}
    return {"devices": {"requests": [{"name": name, "exactly": exactly}]}}


async def test_access_for_administrators_needs_a_namespace_of_theirs(api: AsgiClient) -> None:
    """The refusal comes before all others, which are told as well."""
    claim = {"metadata": {"name": "a"}, "spec": devices("Bad!")}
    causes = (await api.post(CLAIMS, claim)).json["details"]["causes"]
    assert [each["field"] for each in causes] == [
        "spec.devices.requests[0].adminAccess",
        "spec.devices.requests[0].name",
    ]
    assert causes[0]["message"] == REFUSAL
    template = {"metadata": {"name": "a"}, "spec": {"spec": devices("r")}}
    assert (await api.post(TEMPLATES, template)).code == 422

    marked = {"metadata": {"labels": {LABEL: "true"}}}
    assert (await api.patch("/api/v1/namespaces/default", marked)).code == 200
    assert (await api.post(CLAIMS, {**claim, "spec": devices("r")})).code == 201
    assert (await api.post(TEMPLATES, template)).code == 201
