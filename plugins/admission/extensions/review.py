"""``AdmissionReview``: what a webhook is sent, and what its answer means. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from sampan.core.api.webhook_client import CallFailed
from sampan.core.classes import frozen
from sampan.core.contracts.access import AdmissionRequest
from sampan.core.errors import ApiError
from sampan.plugins.admission.extensions.asked import about, as_object

VERSIONS = ("v1", "v1beta1")


@frozen(kw_only=True)
class Verdict:
    """A webhook's answer."""

    allowed: bool
    status: Mapping[str, Any]
    """``Status`` fields of a refusal."""
    patch: list[dict[str, Any]]
    warnings: list[str]
    annotations: Mapping[str, str]


class Denied(ApiError):
    """A refusal with the code and reason that a webhook chose."""

    def __init__(self, webhook: str, status: Mapping[str, Any]) -> None:
        said = f'admission webhook "{webhook}" denied the request'
        if status.get("message"):
            said = f"{said}: {status['message']}"
        elif status.get("reason"):
            said = f"{said}: {status['reason']}"
        else:
            said = f"{said} without explanation"
        super().__init__(said)
        code = status.get("code")
        self.code = code if isinstance(code, int) and 400 <= code < 600 else 403  # type: ignore[misc]
        reason = status.get("reason") or ("Forbidden" if self.code == 403 else "")
        self.reason = reason if isinstance(reason, str) else ""  # type: ignore[misc]
        self._details = status.get("details")

    def details(self) -> dict[str, Any]:
        return dict(self._details) if isinstance(self._details, Mapping) else super().details()


def review(request: AdmissionRequest, versions: list[str]) -> dict[str, Any]:
    """The body of the request, in the first version that both sides know."""
    version = next((each for each in versions if each in VERSIONS), VERSIONS[0])
    return {
        "kind": "AdmissionReview",
        "apiVersion": f"admission.k8s.io/{version}",
        "request": {
            "uid": str(uuid.uuid4()),
            **about(request),
            "object": as_object(request, request.obj),
            "oldObject": as_object(request, request.old),
        },
    }


def verdict(asked: Mapping[str, Any], answer: Any) -> Verdict:
    """What the answer says. Raises `CallFailed` for one that is no answer to what was asked."""
    if not isinstance(answer, Mapping):
        raise CallFailed("received invalid webhook response: expected an AdmissionReview")
    for word in ("kind", "apiVersion"):
        if answer.get(word) != asked[word]:
            raise CallFailed(
                f"received invalid webhook response: expected {word} {asked[word]}, got {answer.get(word)}"
            )
    response = answer.get("response")
    if not isinstance(response, Mapping):
        raise CallFailed("received invalid webhook response: webhook response was absent")
    uid = asked["request"]["uid"]
    if response.get("uid") != uid:
        raise CallFailed(
            f"received invalid webhook response: expected response.uid={uid!r}, got {response.get('uid')!r}"
        )
    status, warnings, annotations = (response.get(word) for word in ("status", "warnings", "auditAnnotations"))
    return Verdict(
        allowed=response.get("allowed") is True,
        status=status if isinstance(status, Mapping) else {},
        patch=_patch(response),
        warnings=[each for each in warnings if isinstance(each, str)] if isinstance(warnings, list) else [],
        annotations=annotations if isinstance(annotations, Mapping) else {},
    )


def _patch(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    text, kind = response.get("patch"), response.get("patchType")
    if not text:
        if kind:
            raise CallFailed(
                "received invalid webhook response: webhook returned response.patchType but not response.patch"
            )
        return []
    if kind != "JSONPatch":
        raise CallFailed(f"received invalid webhook response: response.patchType must be JSONPatch, got {kind!r}")
    try:
        patch = orjson.loads(base64.b64decode(text, validate=True))
    except (TypeError, ValueError, binascii.Error) as error:
        raise CallFailed(f"received undecodable patch in webhook response: {error}") from None
    if not isinstance(patch, list) or not all(isinstance(each, dict) for each in patch):
        raise CallFailed("received undecodable patch in webhook response: it is no list of operations")
    return patch
