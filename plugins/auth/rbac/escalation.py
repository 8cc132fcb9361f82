"""Nobody gives what they have not got: roles and bindings that would hand out more than their author may do are refused.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping. Validating
admission; the verbs ``escalate`` (on roles) and ``bind`` (on the role that is bound) lift it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.classes import define
from sampan.core.contracts.access import SYSTEM_MASTERS, AdmissionRequest, Attributes, Decider, User, idle
from sampan.core.errors import Forbidden, NotFound
from sampan.plugins.auth.rbac.grants import GROUP, Grants
from sampan.plugins.auth.rbac.rules import number_of_parts, shown, uncovered

ROLE_PLURALS: Final = {"Role": "roles", "ClusterRole": "clusterroles"}
BINDING_PLURALS: Final = ("rolebindings", "clusterrolebindings")
EVERYTHING: Final = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)
MOST_PARTS: Final = 5_000
"""Rights of one role that are compared with its author's own. Kubernetes' largest role has not a quarter of that."""

Wire = Mapping[str, Any]


@define
class Escalation:
    authorizer: Decider
    grants: Grants
    name: str = "RBACEscalation"
    order: int = 900
    exact: bool = True

    @idle
    async def mutate(self, request: AdmissionRequest) -> None:
        return None

    async def validate(self, request: AdmissionRequest) -> None:
        if request.info.group != GROUP or request.obj is None or SYSTEM_MASTERS in request.user.groups:
            return
        if request.info.plural in BINDING_PLURALS:
            await self._check_binding(request, request.obj)
        elif request.info.plural in ROLE_PLURALS.values():
            await self._check_role(request, request.obj)

    async def _check_role(self, request: AdmissionRequest, role: Wire) -> None:
        old = request.old
        if old is not None and _same(role, old, "rules") and _same(role, old, "aggregationRule"):
            return
        if await self._may(request.user, "escalate", request.info.plural, request.namespace, request.name):
            return
        self._check_rules(request, role.get("rules") or ())
        if role.get("aggregationRule"):
            self._check_rules(request, EVERYTHING, "must have cluster-admin privileges to use the aggregationRule: ")

    async def _check_binding(self, request: AdmissionRequest, binding: Wire) -> None:
        old = request.old
        if old is not None and _same(binding, old, "roleRef") and _same(binding, old, "subjects"):
            return
        ref = binding["roleRef"]
        plural = ROLE_PLURALS.get(ref["kind"], "")
        if await self._may(request.user, "bind", plural, request.namespace, ref["name"]):
            return
        role = self.grants.role(ref["kind"], request.namespace, ref["name"])
        if role is None:
            said = f'{plural}.{GROUP} "{ref["name"]}" not found'
            raise NotFound(said, kind=plural, group=GROUP, name=ref["name"])
        self._check_rules(request, role.get("rules") or ())

    async def _may(self, user: User, verb: str, plural: str, namespace: str, name: str) -> bool:
        asked = Attributes(
            user=user, verb=verb, group=GROUP, version="v1", resource=plural, namespace=namespace, name=name
        )
        return (await self.authorizer.authorize(asked)).verdict == "allow"

    def _check_rules(self, request: AdmissionRequest, rules: Sequence[Wire], prefix: str = "") -> None:
        """Raises `Forbidden` with the rules that the author lacks."""
        if (number := number_of_parts(rules)) > MOST_PARTS:
            said = (
                f"its rules name {number} rights, of which {MOST_PARTS} at the most can be compared with the author's"
            )
            raise _forbidden(request, f"{prefix}{said}: divide it, or have somebody write it who may escalate")
        grants = list(self.grants.of(request.user, request.namespace))
        lacking = uncovered((rule for grant in grants for rule in grant.rules), rules)
        if not lacking:
            return
        user = request.user
        groups = " ".join(f'"{group}"' for group in user.groups)
        listed = "\n".join(shown(part) for part in lacking)
        said = (
            f'{prefix}user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held'
        )
        missing = [grant.missing for grant in grants if grant.missing]
        tail = f"; resolution errors: [{', '.join(missing)}]" if missing else ""
        raise _forbidden(request, f"{said}:\n{listed}{tail}")


def _same(one: Wire, other: Wire, field: str) -> bool:
    return (one.get(field) or None) == (other.get(field) or None)


def _forbidden(request: AdmissionRequest, said: str) -> Forbidden:
    info = request.info
    message = f'{info.resource} "{request.name}" is forbidden: {said}'
    return Forbidden(message, kind=info.plural, group=info.group, name=request.name)
