"""CertificateSigningRequest."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, invalid, not_supported, required, too_long
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import keep

Value = Mapping[str, Any]

DECISIONS: Final = ("Approved", "Denied")
ONCE_TRUE: Final = (*DECISIONS, "Failed")
STATUSES: Final = ("False", "True", "Unknown")
SHORTEST: Final = 600
LEGACY_SIGNER: Final = "kubernetes.io/legacy-unknown"
USAGES: Final = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
PEM_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL)
LONGEST_DOMAIN: Final = 253
LONGEST_SIGNER: Final = 2 * LONGEST_DOMAIN + 65
RESETS: Final[Mapping[str, Value]] = {
    "": {"f:spec": {}, "f:status": {}},
    "status": {"f:spec": {}, "f:status": {"f:conditions": {}}},
    "approval": {"f:spec": {}, "f:status": {"f:certificate": {}}},
}
"""Nobody owns a part of the request: it cannot be changed."""
ANSWER: Final = "Approved and Denied conditions are mutually exclusive"


class CertificateSigningRequestRules(KindRules):
    revalidates_metadata = 1
    revalidates_status = True
    resets = RESETS

    def prepare_create(self, obj: JsonObject) -> None:
        """Nothing is decided yet."""
        obj["status"] = {}

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        """The request itself stays. ``approval`` decides, ``status`` signs, and neither does the other's work."""
        keep(obj, old, "spec")
        if not subresource:
            keep(obj, old, "status")
            return
        conditions = (obj.get("status") or {}).get("conditions") or []
        _set_times(conditions, (old.get("status") or {}).get("conditions") or ())
        if subresource == "approval":
            keep(obj, old, "status")
            obj["status"] = {**(obj.get("status") or {}), "conditions": conditions}
            if not conditions:
                del obj["status"]["conditions"]

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        status, before = obj.get("status") or {}, old.get("status") or {}
        causes = _kept(status, before, decides=subresource == "approval")
        certificate, path = status.get("certificate"), "status.certificate"
        if certificate != before.get("certificate"):
            if subresource != "status":
                causes.append(forbidden(path, "updates may not set certificate content"))
            elif before.get("certificate"):
                causes.append(forbidden(path, "updates may not modify existing certificate content"))
        return causes


def _set_times(conditions: Sequence[JsonObject], before: Sequence[Value]) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for condition in conditions:
        condition["lastUpdateTime"] = condition.get("lastUpdateTime") or now
        same = (each for each in before if _said(each) == _said(condition) and each.get("lastTransitionTime"))
        since = next((each["lastTransitionTime"] for each in same), now)
        condition["lastTransitionTime"] = condition.get("lastTransitionTime") or since


def _said(condition: Value) -> tuple[Any, Any]:
    return condition.get("type"), condition.get("status")


def _of_type(status: Value, kind: str) -> list[Value]:
    return [each for each in status.get("conditions") or () if each.get("type") == kind]


def _kept(status: Value, before: Value, *, decides: bool) -> list[Cause]:
    """A decision stays, and only ``approval`` adds one."""
    path = "status.conditions"
    causes = [
        forbidden(path, f'updates may not remove a condition of type "{kind}"')
        for kind in ONCE_TRUE
        if len(_of_type(status, kind)) < len(_of_type(before, kind))
    ]
    for kind in () if decides else DECISIONS:
        new, old = _of_type(status, kind), _of_type(before, kind)
        if len(new) > len(old):
            causes.append(forbidden(path, f'updates may not add a condition of type "{kind}"'))
        elif len(new) == len(old) and new != old:
            causes.append(forbidden(path, f'updates may not modify a condition of type "{kind}"'))
    return causes


def validate_certificate_signing_request(obj: Value, path: str) -> list[Cause]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    causes = _request(spec.get("request"))
    usages = spec.get("usages") or ()
    if not usages:
        causes.append(required("spec.usages"))
    for check in (_unknown, _repeated):
        causes += [cause for index, usage in enumerate(usages) for cause in check(usage, usages[:index], index)]
    causes += _signer(spec.get("signerName") or "", "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < SHORTEST:
        words = "may not specify a duration less than 600 seconds (10 minutes)"
        causes.append(invalid("spec.expirationSeconds", seconds, words))
    causes += _conditions(status.get("conditions") or (), "status.conditions")
    if status.get("certificate") and (problem := _certificate_problem(status["certificate"])):
        causes.append(invalid("status.certificate", "<certificate data>", problem))
    return causes


def _unknown(usage: str, _: Sequence[str], index: int) -> list[Cause]:
    return [] if usage in USAGES else [not_supported(f"spec.usages[{index}]", usage, USAGES)]


def _repeated(usage: str, before: Sequence[str], index: int) -> list[Cause]:
    return [duplicate(f"spec.usages[{index}]", usage)] if usage in before else []


def _request(request: str | None) -> list[Cause]:
    """A signed request in PEM."""
    problem = _request_problem(request or "")
    return [invalid("spec.request", request, problem)] if problem else []


def _request_problem(request: str) -> str:
    from cryptography import x509  # heavy, and needed for few objects

    text = base64.b64decode(request)
    block = PEM_BLOCK.search(text.decode("latin-1"))
    if block is None or block[1] != "CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    try:
        parsed = x509.load_pem_x509_csr(text)
        return "" if parsed.is_signature_valid else "x509: signature of the request does not match its key"
    except ValueError as error:
        return f"x509: {error}"


def _certificate_problem(certificate: str) -> str:
    from cryptography import x509  # heavy, and needed for few objects

    text = base64.b64decode(certificate)
    kinds = [kind for kind, _ in PEM_BLOCK.findall(text.decode("latin-1"))]
    if not kinds:
        return "must contain at least one CERTIFICATE PEM block"
    if other := next((kind for kind in kinds if kind != "CERTIFICATE"), ""):
        return f'only CERTIFICATE PEM blocks are allowed, found "{other}"'
    try:
        x509.load_pem_x509_certificates(text)
    except ValueError as error:
        return f"x509: {error}"
    return ""


def _signer(name: str, path: str) -> list[Cause]:
    """``example.com/signer``, with at least two labels in the domain."""
    if not name:
        return [required(path)]
    if name == LEGACY_SIGNER:
        return [invalid(path, name, "the legacy signerName is not allowed via this API version")]
    if name.count("/") != 1:
        words = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid(path, name, words)]
    domain, _, rest = name.partition("/")
    labels = domain.split(".")
    causes = [too_long(path, LONGEST_DOMAIN)] if len(domain.encode()) > LONGEST_DOMAIN else []
    causes += _labels(labels, domain, "dns1123-label", path)
    if len(labels) < 2:
        words = "should be a domain with at least two segments separated by dots"
        causes.append(invalid(path, domain, words))
    causes += _labels(rest.split("."), rest, "dns1123-subdomain", path)
    return [*causes, too_long(path, LONGEST_SIGNER)] if len(name.encode()) > LONGEST_SIGNER else causes


def _labels(labels: Sequence[str], shown: str, form: str, path: str) -> list[Cause]:
    """What is wrong with the first bad label."""
    for label in labels:
        if problems := formats.problems_of(form, label):
            return [invalid(path, shown, f'validating label "{label}": {problem}') for problem in problems]
    return []


def _conditions(conditions: Sequence[Value], path: str) -> list[Cause]:
    causes, seen = [], list[str]()
    for index, condition in enumerate(conditions):
        kind, status, where = condition.get("type") or "", condition.get("status") or "", f"{path}[{index}]"
        if not kind:
            causes.append(required(f"{where}.type"))
        allowed = ("True",) if kind in ONCE_TRUE else STATUSES
        if not status:
            causes.append(required(f"{where}.status"))
        elif status not in allowed:
            causes.append(not_supported(f"{where}.status", status, allowed))
        if kind in DECISIONS and any(other in seen for other in DECISIONS if other != kind):
            causes.append(invalid(path, kind, ANSWER))
        if kind in seen:
            causes.append(duplicate(f"{where}.type", kind))
        seen.append(kind)
    return causes
