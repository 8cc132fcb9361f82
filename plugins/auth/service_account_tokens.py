"""Tokens of service accounts: good as long as the account, and what the token is bound to, are there.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens. On the API server's loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.contracts.access import (
    AUTHENTICATED,
    SERVICE_ACCOUNT,
    Credentials,
    Reader,
    TokenReader,
    User,
    service_account_groups,
)
from sampan.core.errors import Unauthorized

CLAIM: Final = "kubernetes.io"
BOUND: Final = {"pod": "pods", "secret": "secrets"}
EXTRA: Final = "authentication.kubernetes.io/"

Wire = Mapping[str, Any]


class ServiceAccountTokens:
    order = 15

    def __init__(self, tokens: TokenReader, reader: Reader) -> None:
        self._tokens = tokens
        self._reader = reader

    async def authenticate(self, credentials: Credentials) -> User | None:
        claims = self._tokens.read(credentials.token) if credentials.token else None
        if claims is None:
            return None
        wanted = credentials.audiences or self._tokens.audiences
        audiences = tuple(each for each in wanted if each in claims["aud"])
        if not audiences:
            raise Unauthorized("Unauthorized")
        private = claims[CLAIM]
        namespace, account = private["namespace"], private["serviceaccount"]
        self._check(self._reader.get("serviceaccounts", namespace, account["name"]), account)
        for word, resource in BOUND.items():
            if word in private:
                self._check(self._reader.get(resource, namespace, private[word]["name"]), private[word])
        if "node" in private and "pod" not in private:
            self._check(self._reader.get("nodes", "", private["node"]["name"]), private["node"])
        return User(
            name=f"{SERVICE_ACCOUNT}{namespace}:{account['name']}",
            uid=account["uid"],
            groups=(*service_account_groups(namespace), AUTHENTICATED),
            extra=_extra(claims),
            audiences=audiences,
        )

    def _check(self, present: Wire | None, bound: Wire) -> None:
        """Raises `Unauthorized` for what is gone, or another of the same name by now."""
        if present is None or present["metadata"]["uid"] != bound["uid"]:
            raise Unauthorized("Unauthorized")


def _extra(claims: Wire) -> dict[str, tuple[str, ...]]:
    """What the token says beyond whose it is."""
    extra: dict[str, tuple[str, ...]] = {f"{EXTRA}credential-id": (f"JTI={claims['jti']}",)}
    for word in ("node", "pod"):
        if bound := claims[CLAIM].get(word):
            extra[f"{EXTRA}{word}-name"] = (bound["name"],)
            if bound.get("uid"):
                extra[f"{EXTRA}{word}-uid"] = (bound["uid"],)
    return extra
