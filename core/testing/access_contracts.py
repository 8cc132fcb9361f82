"""Suites for what guards the API: subclass one, say how yours is made, and pytest runs it.

>>> class TestMine(AdmissionContract):
...     def make(self) -> Admission:
...         return Mine()
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sampan.core.contracts.access import (
    Admission,
    AdmissionRequest,
    Attributes,
    Authenticator,
    Authorizer,
    Credentials,
    User,
)
from sampan.core.errors import SampanError, Unauthorized
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import info

POD: Mapping[str, Any] = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]},
}
JANE = User(name="jane", groups=("system:authenticated",))


class NoObjects:
    """A cluster without any."""

    def get(self, resource: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        return None

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Mapping[str, Any]]:
        return ()

    def changed(self, resource: str) -> int:
        return 0

    def find_kind(self, *_words: str) -> None:
        return None


def admission_request(obj: Mapping[str, Any] | None = POD, operation: Any = "CREATE") -> AdmissionRequest:
    """A pod on its way in, or what is said otherwise."""
    return AdmissionRequest(
        operation=operation, info=info(Pod), user=JANE, namespace="default", name="web", subresource="",
        obj=copy.deepcopy(dict(obj)) if obj is not None else None, old=None, dry_run=False, reader=NoObjects(),
    )  # fmt: skip


class AdmissionContract:
    """``mutate`` settles, ``validate`` changes nothing, and what they raise is in sampan's vocabulary."""

    def make(self) -> Admission:
        raise NotImplementedError

    def requests(self) -> Sequence[AdmissionRequest]:
        """More, if yours is about other kinds."""
        return (admission_request(), admission_request(None, "DELETE"))

    def test_it_has_a_name_and_a_place(self) -> None:
        made = self.make()
        assert made.name
        assert isinstance(made.order, int)

    def test_what_it_raises_is_an_answer(self) -> None:
        for request in self.requests():
            self._pass(request)

    def test_validate_changes_nothing(self) -> None:
        for request in self.requests():
            before = copy.deepcopy(request.obj)
            with contextlib.suppress(SampanError):
                asyncio.run(_awaited(self.make().validate(request)))
            assert request.obj == before

    def test_mutating_twice_is_mutating_once(self) -> None:
        for request in self.requests():
            if not self._pass(request):
                continue
            once = copy.deepcopy(request.obj)
            self._pass(request)
            assert request.obj == once

    def _pass(self, request: AdmissionRequest) -> bool:
        try:
            asyncio.run(_awaited(self.make().mutate(request)))
        except SampanError:
            return False
        return True


class AuthenticatorContract:
    """Whom it does not know is for others; whom it knows has a name."""

    knows_strangers: ClassVar[bool] = False
    """It gives those without credentials a name."""

    def make(self) -> Authenticator:
        raise NotImplementedError

    def good(self) -> Sequence[Credentials]:
        """Credentials that it takes."""
        return ()

    def test_no_credentials_are_not_its_business(self) -> None:
        assert (self._ask(Credentials()) is None) is not self.knows_strangers

    def test_credentials_of_others_are_not_taken(self) -> None:
        assert self._ask(Credentials(token="not-one-of-yours")) is None

    def test_good_ones_have_a_name(self) -> None:
        for credentials in self.good():
            user = self._ask(credentials)
            assert user is not None
            assert user.name

    def _ask(self, credentials: Credentials) -> User | None:
        try:
            user: User | None = asyncio.run(_awaited(self.make().authenticate(credentials)))
            return user
        except Unauthorized:
            return None


class AuthorizerContract:
    """An answer to every question, the same each time."""

    QUESTIONS = (
        Attributes(user=JANE, verb="get", version="v1", resource="pods", namespace="default", name="web"),
        Attributes(user=JANE, verb="list", version="v1", resource="nodes"),
        Attributes(user=JANE, verb="create", group="apps", version="v1", resource="deployments", subresource="scale"),
        Attributes(user=JANE, verb="get", path="/metrics"),
        Attributes(user=User(name=""), verb=""),
    )

    def make(self) -> Authorizer:
        raise NotImplementedError

    def test_every_question_has_an_answer_that_stays_the_same(self) -> None:
        made = self.make()
        for question in self.QUESTIONS:
            first = asyncio.run(_awaited(made.authorize(question)))
            assert first.verdict in ("allow", "deny", "no-opinion")
            assert asyncio.run(_awaited(made.authorize(question))) == first


async def _awaited(work: Any) -> Any:
    return await work
