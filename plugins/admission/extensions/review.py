"""``AdmissionReview``: what a webhook is sent, and what its answer means. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
"""

from __future__ import annotations

import base64
import binascii
import string
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from sampan.core.api.webhook_client import CallFailed
from sampan.core.classes import frozen
from sampan.core.contracts.access import AdmissionRequest
from sampan.core.errors import ApiError
from sampan.core.model.causes import quoted
from sampan.core.schema.go_words import json_word
from sampan.plugins.admission.extensions.asked import about, as_object

VERSIONS = ("v1", "v1beta1")
BASE64: Final = frozenset(f"{string.ascii_letters}{string.digits}+/=")


FIELDS: Final[Mapping[str, tuple[type, str]]] = {
    "uid": (str, "types.UID"),
    "allowed": (bool, "bool"),
    "status": (Mapping, "v1.Status"),
    "patch": (str, "[]uint8"),
    "patchType": (str, "v1.PatchType"),
    "auditAnnotations": (Mapping, "map[string]string"),
    "warnings": (list, "[]string"),
}
"""The types of a response's fields in JSON, and in the words of Go."""


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
        # No less than a refusal has, and no more than HTTP knows.
        self.code = min(max(code, 400), 599) if isinstance(code, int) else 400  # type: ignore[misc]
        reason = status.get("reason")
        self.reason = reason if isinstance(reason, str) else ""  # type: ignore[misc]
        self._status = status

    def to_status(self) -> dict[str, Any]:
        """As the webhook gave it, but for what a refusal cannot say."""
        shown = super().to_status()
        for word in ("metadata", "details"):
            if isinstance(given := self._status.get(word), Mapping):
                shown[word] = dict(given)
        return shown


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


def verdict(asked: Mapping[str, Any], answer: Any, *, may_patch: bool) -> Verdict:
    """What the answer says. Raises `CallFailed` for one that is no answer to what was asked, in Kubernetes' words."""
    answer = _object(answer)
    response = answer.get("response")
    if response is not None:
        _check_types(response)
    if not isinstance(response, Mapping):
        raise _invalid("webhook response was absent")
    is_first = str(asked["apiVersion"]).endswith("/v1")
    uid, given = asked["request"]["uid"], response.get("uid") or ""
    if is_first and given != uid:
        raise _invalid(f"expected response.uid={quoted(uid)}, got {quoted(given)}")
    wanted, got = (_kind_words(each) for each in (asked, answer))
    if got != wanted:
        raise _invalid(f"expected webhook response of {wanted}, got {got}")
    return Verdict(
        allowed=response.get("allowed") is True,
        status=response.get("status") or {},
        patch=_patch(response, may_patch=may_patch, is_first=is_first),
        warnings=[each for each in response.get("warnings") or () if each is not None],
        annotations=response.get("auditAnnotations") or {},
    )


def _invalid(words: str) -> CallFailed:
    return CallFailed(f"received invalid webhook response: {words}")


def _object(answer: Any) -> Mapping[str, Any]:
    if answer is not None and not isinstance(answer, Mapping):
        raise CallFailed(f"failed to call webhook: {no_object(answer)}")
    return answer or {}


def no_object(value: Any) -> str:
    """What Kubernetes says of JSON that is no object."""
    into = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
    words = f"json: cannot unmarshal {json_word(value)} into Go value of type {into}"
    return f"couldn't get version/kind; json parse error: {words}"


def _kind_words(review: Mapping[str, Any]) -> str:
    return f"{review.get('apiVersion') or '/'}, Kind={review.get('kind') or ''}"


def _check_types(response: Any) -> None:
    """Raises `CallFailed` for a response with something else than its fields' types."""
    if not isinstance(response, Mapping):
        raise _mismatch(response, "AdmissionReview.response", "v1.AdmissionResponse")
    for name, (cls, word) in FIELDS.items():
        value = response.get(name)
        if value is None:
            continue
        if not isinstance(value, cls) or (cls is int and isinstance(value, bool)):
            raise _mismatch(value, f"AdmissionResponse.response.{name}", word)
        parts: Iterable[Any] = ()
        if isinstance(value, list | Mapping) and name != "status":
            parts = value if isinstance(value, list) else value.values()
        if wrong := next((each for each in parts if not isinstance(each, str | None)), None):
            raise _mismatch(wrong, f"AdmissionResponse.response.{name}", "string")


def _mismatch(value: Any, field: str, wanted: str) -> CallFailed:
    words = f"json: cannot unmarshal {json_word(value)} into Go struct field {field} of type {wanted}"
    return CallFailed(f"failed to call webhook: {words}")


def _patch(response: Mapping[str, Any], *, may_patch: bool, is_first: bool) -> list[dict[str, Any]]:
    text, kind = response.get("patch"), response.get("patchType")
    if is_first and not may_patch:
        for name in ("patch", "patchType"):
            if response.get(name) is not None and (name == "patchType" or text):
                raise _invalid(f"validating webhook may not return response.{name}")
    if not may_patch:
        return []
    if is_first and text and kind is None:
        raise _invalid("webhook returned response.patch but not response.patchType")
    if is_first and not text and kind is not None:
        raise _invalid("webhook returned response.patchType but not response.patch")
    if is_first and kind == "":
        raise _invalid('webhook returned invalid response.patchType of ""')
    if not text:
        return []
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        place = next((index for index, char in enumerate(text) if char not in BASE64), len(text))
        raise CallFailed(f"failed to call webhook: illegal base64 data at input byte {place}") from None
    try:
        patch = orjson.loads(raw)
    except ValueError as error:
        raise CallFailed(f"received undecodable patch in webhook response: {error}") from None
    if patch is not None and not isinstance(patch, list):
        words = f"json: cannot unmarshal {json_word(patch)} into Go value of type jsonpatch.Patch"
        raise CallFailed(f"received undecodable patch in webhook response: {words}")
    for each in patch or ():
        if not isinstance(each, dict):
            words = f"json: cannot unmarshal {json_word(each)} into Go value of type jsonpatch.Operation"
            raise CallFailed(f"received undecodable patch in webhook response: {words}")
    if patch and is_first and kind != "JSONPatch":
        raise CallFailed(f"unsupported patch type {quoted(str(kind))}")
    return patch or []
