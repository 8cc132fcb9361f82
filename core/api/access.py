"""The gates of the request pipeline: who asks, and whether they may; and the admission chain.

Made by the server from the registry's parts, sorted by their ``order``. Both transports pass through `Gates.check` and the
admission methods; only HTTP requests need `Gates.authenticate`. All on the API server's loop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sampan.core.classes import define
from sampan.core.contracts.access import (
    IDLE,
    Admission,
    AdmissionRequest,
    Attributes,
    Authenticator,
    Authorizer,
    Credentials,
    Decision,
    User,
)
from sampan.core.errors import Forbidden, InternalError, SampanError, Unauthorized
from sampan.core.plugins.patience import NotBack

log = logging.getLogger(__name__)


@define(eq=False)
class Gates:
    """Authentication, authorization and admission, each a chain of plugins. Empty until the server has made them."""

    authenticators: Sequence[Authenticator] = ()
    authorizers: Sequence[Authorizer] = ()
    _admissions: Sequence[Admission] = ()
    _mutating: Sequence[Admission] = ()
    _validating: Sequence[Admission] = ()

    @property
    def admissions(self) -> Sequence[Admission]:
        return self._admissions

    @admissions.setter
    def admissions(self, chain: Sequence[Admission]) -> None:
        """Who has nothing to do in one half of it is left out there."""
        self._admissions = chain
        self._mutating = [each for each in chain if not hasattr(each.mutate, IDLE)]
        self._validating = [each for each in chain if not hasattr(each.validate, IDLE)]

    async def authenticate(self, credentials: Credentials) -> User:
        """The first authenticator that knows the credentials decides. Raises `Unauthorized`.

        One that fails knows nobody, and an authorizer that fails has no opinion, as in Kubernetes: others still may.
        """
        for authenticator in self.authenticators:
            try:
                user = await authenticator.authenticate(credentials)
            except SampanError:
                raise
            except Exception as exc:
                _told("an authenticator failed, and knows nobody", exc)
                continue
            if user is not None:
                return user
        raise Unauthorized("Unauthorized")

    async def authorize(self, attributes: Attributes) -> Decision:
        """The first authorizer with an opinion decides; what the others gave as reasons is said together."""
        reasons: list[str] = []
        for authorizer in self.authorizers:
            try:
                decision = await authorizer.authorize(attributes)
            except SampanError:
                raise
            except Exception as exc:
                _told("an authorizer failed, and has no opinion", exc)
                continue
            if decision.verdict == "allow":
                return decision
            if decision.reason:
                reasons.append(decision.reason)
            if decision.verdict == "deny":
                return Decision("deny", "\n".join(reasons))
        return Decision("no-opinion", "\n".join(reasons))

    async def check(self, attributes: Attributes, tell: Callable[[Decision], None] | None = None) -> None:
        """Nobody's opinion is a no. ``tell`` hears it either way. Raises `Forbidden`."""
        decision = await self.authorize(attributes)
        if tell is not None:
            tell(decision)
        if decision.verdict != "allow":
            raise denied(attributes, decision.reason)

    async def mutate(self, request: AdmissionRequest) -> bool:
        """Whether what is left has to be read again.

        Raises what an admission plugin refuses with, and `InternalError` for one that fails.
        """
        unsure = False
        for admission in self._mutating:
            try:
                await admission.mutate(request)
            except SampanError:
                raise
            except Exception as exc:
                raise _failed(admission, exc) from exc
            unsure = unsure or not getattr(admission, "exact", False)
        return unsure or request.is_unsure

    async def validate(self, request: AdmissionRequest) -> None:
        """Raises what an admission plugin refuses with, and `InternalError` for one that fails."""
        for admission in self._validating:
            try:
                await admission.validate(request)
            except SampanError:
                raise
            except Exception as exc:
                raise _failed(admission, exc) from exc


def _told(what: str, exc: Exception) -> None:
    """A plugin that has not come back was named where that was found."""
    if not isinstance(exc, NotBack):
        log.error("%s", what, exc_info=exc)


def _failed(admission: Admission, exc: Exception) -> InternalError:
    _told(f"admission plugin {admission.name} failed", exc)
    return InternalError.because(f'admission plugin "{admission.name}" failed to complete')


def denied(attributes: Attributes, reason: str = "") -> Forbidden:
    """Kubernetes' words: ``pods "x" is forbidden: User "jane" cannot delete resource "pods" in API group "" …``."""
    user = attributes.user.name
    tail = f": {reason}" if reason else ""
    if not attributes.is_resource:
        path = attributes.path
        return Forbidden(f'forbidden: User "{user}" cannot {attributes.verb} path "{path}"{tail}')
    resource = f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    place = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
    said = (
        f'User "{user}" cannot {attributes.verb} resource "{resource}" in API group "{attributes.group}" {place}{tail}'
    )
    return forbidden(attributes.resource, attributes.group, attributes.name, said)


def forbidden(resource: str, group: str, name: str, said: str) -> Forbidden:
    """A refusal about one object, or about a resource where ``name`` is empty."""
    subject = f"{resource}.{group}" if group else resource
    subject = f'{subject} "{name}"' if name else subject
    return Forbidden(f"{subject} is forbidden: {said}", kind=resource, group=group, name=name)
