"""Acting in another's name: the ``Impersonate-…`` headers of ``kubectl --as``.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation. Each part of the name is a right
of its own (verb ``impersonate`` on users, groups, serviceaccounts, userextras, uids). On the API server's loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

import attrs

from sampan.core.api.access import Gates
from sampan.core.contracts.access import (
    ANONYMOUS,
    AUTHENTICATED,
    UNAUTHENTICATED,
    Attributes,
    User,
    service_account_groups,
    split_service_account,
)
from sampan.core.errors import BadRequest
from sampan.core.model.causes import quoted

PREFIX: Final = b"impersonate-"
USER: Final = "user"
GROUP: Final = "group"
UID: Final = "uid"
EXTRA: Final = "extra-"
GROUP_OF_EXTRAS: Final = "authentication.k8s.io"

Wanted = Sequence[tuple[str, str]]
"""The headers' names, without their common beginning, and their values."""


async def impersonate(gates: Gates, user: User, wanted: Wanted) -> User:
    """Whom the headers name. Raises `Forbidden` for what ``user`` may not be, `BadRequest` for parts without a user."""
    wanted = [(name, value) for name, value in wanted if name != USER or value]
    if not wanted:
        return user
    names = [value for name, value in wanted if name == USER]
    if not names:
        raise BadRequest(f"requested {_as_in_go(wanted)} without impersonating a user")
    for name, value in wanted:
        await gates.check(_right(user, name, value))
    groups = tuple(value for name, value in wanted if name == GROUP)
    return User(
        name=names[0],
        uid=next((value for name, value in wanted if name == UID), ""),
        groups=_all_groups(names[0], groups),
        extra=_extra(wanted),
    )


def _as_in_go(wanted: Wanted) -> str:
    """Somebody without a name, as Kubernetes' message shows them."""
    uid = next((value for name, value in wanted if name == UID), "")
    groups, extra = [value for name, value in wanted if name == GROUP], _extra(wanted)
    shown_groups = f"[]string{_listed(groups)}" if groups else "[]string(nil)"
    entries = ", ".join(f"{quoted(key)}:[]string{_listed(extra[key])}" for key in sorted(extra))
    shown_extra = f"map[string][]string{{{entries}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{quoted(uid)}, Groups:{shown_groups}, Extra:{shown_extra}}}'


def _listed(texts: Sequence[str]) -> str:
    return f"{{{', '.join(map(quoted, texts))}}}"


def _right(user: User, name: str, value: str) -> Attributes:
    """What ``user`` needs for one header. Raises `BadRequest` for one that there is not."""
    right = Attributes(user=user, verb="impersonate", version="v1", name=value)
    if name == USER:
        if account := split_service_account(value):
            return attrs.evolve(right, resource="serviceaccounts", namespace=account[0], name=account[1])
        return attrs.evolve(right, resource="users")
    if name == GROUP:
        return attrs.evolve(right, resource="groups")
    if name == UID:
        return attrs.evolve(right, group=GROUP_OF_EXTRAS, resource="uids")
    if name.startswith(EXTRA):
        return attrs.evolve(right, group=GROUP_OF_EXTRAS, resource="userextras", subresource=_key(name))
    raise BadRequest(f"unknown header Impersonate-{name}")


def _key(name: str) -> str:
    return unquote(name.removeprefix(EXTRA))


def _extra(wanted: Wanted) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    for name, value in wanted:
        if name.startswith(EXTRA):
            extra[_key(name)] = (*extra.get(_key(name), ()), value)
    return extra


def _all_groups(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """With those that everybody of their sort is in. A service account's own come where no group is named."""
    account = split_service_account(name)
    if account and not groups:
        groups = service_account_groups(account[0])
    if name == ANONYMOUS:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    known = AUTHENTICATED in groups or UNAUTHENTICATED in groups
    return groups if known else (*groups, AUTHENTICATED)
