"""Bootstrap tokens: Secrets in ``kube-system`` by which a new node gets its first certificate, until they expire.

https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/. On the API server's loop. Those that have expired
are removed as other objects are that have had their time.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.contracts.access import AUTHENTICATED, Credentials, Reader, User
from sampan.core.model.rules.core_v1.secret import BOOTSTRAP_NAMESPACE, BOOTSTRAP_TOKEN, bootstrap_token_end

NAME: Final = "bootstrap-token-"
GROUP: Final = "system:bootstrappers"
_TOKEN: Final = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_GROUP: Final = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


class BootstrapTokens:
    order = 15

    def __init__(self, reader: Reader, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._clock = clock

    async def authenticate(self, credentials: Credentials) -> User | None:
        match = _TOKEN.fullmatch(credentials.token)
        if match is None or credentials.audiences:
            return None
        name = match[1]
        secret = self._reader.get("secrets", BOOTSTRAP_NAMESPACE, f"{NAME}{name}")
        if secret is None or secret.get("type") != BOOTSTRAP_TOKEN or secret["metadata"].get("deletionTimestamp"):
            return None
        data = _decoded(secret.get("data") or {})
        right = hmac.compare_digest(data.get("token-secret", "").encode(), match[2].encode())
        if not right or data.get("token-id") != name or data.get("usage-bootstrap-authentication") != "true":
            return None
        ends = bootstrap_token_end(secret)
        if ends is not None and ends <= self._clock():
            return None
        groups = [each for each in data.get("auth-extra-groups", "").split(",") if each]
        if not all(map(_GROUP.fullmatch, groups)):
            return None
        return User(name=f"system:bootstrap:{name}", groups=(GROUP, *groups, AUTHENTICATED))


def _decoded(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value or "").decode(errors="replace") for key, value in data.items()}
