"""Bearer tokens that are known from the start: the administrator's. On the API server's loop."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from sampan.core.cluster.identities import ADMINISTRATOR
from sampan.core.contracts.access import AUTHENTICATED, SYSTEM_MASTERS, Credentials, User

ADMIN = User(name=ADMINISTRATOR, groups=(SYSTEM_MASTERS, AUTHENTICATED))


class StaticTokens:
    """Tokens and their users. A token that is not among them is another authenticator's business."""

    order = 10

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = [(token.encode(), user) for token, user in users.items() if token]

    @classmethod
    def of_admin(cls, token: str) -> StaticTokens:
        return cls({token: ADMIN})

    async def authenticate(self, credentials: Credentials) -> User | None:
        if not credentials.token:
            return None
        given = credentials.token.encode()
        found = None
        for token, user in self._users:  # all of them, so that time tells nothing
            if hmac.compare_digest(given, token):
                found = user
        return found
