"""Requests without credentials are somebody too: ``system:anonymous``, who may do next to nothing.

A token that nobody knew is refused here, so this authenticator comes last.
"""

from __future__ import annotations

from sampan.core.contracts.access import ANONYMOUS, UNAUTHENTICATED, Credentials, User
from sampan.core.errors import Unauthorized

NOBODY = User(name=ANONYMOUS, groups=(UNAUTHENTICATED,))


class Anonymous:
    order = 1000

    async def authenticate(self, credentials: Credentials) -> User | None:
        if credentials.token:
            raise Unauthorized("Unauthorized")
        return NOBODY
