"""In whose name an aggregated API server is asked: the headers of an authenticating proxy. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from sampan.core.contracts.access import SYSTEM_MASTERS, User

Headers = list[tuple[bytes, bytes]]

USER_HEADER, UID_HEADER, GROUP_HEADER = "X-Remote-User", "X-Remote-Uid", "X-Remote-Group"
EXTRA_PREFIX: Final = "X-Remote-Extra-"
AGGREGATOR: Final = User(name="system:kube-aggregator", groups=(SYSTEM_MASTERS,))
"""In whose name this server itself asks."""
_TOKEN: Final = "!#$&'*+-.^_`|~"
"""What may stand in a header's name besides letters and digits; ``%`` begins an escape."""


def identity_headers(user: User) -> Headers:
    pairs = [(USER_HEADER, user.name)]
    if user.uid:
        pairs.append((UID_HEADER, user.uid))
    pairs += [(GROUP_HEADER, group) for group in user.groups]
    for key, values in user.extra.items():
        pairs += [(f"{EXTRA_PREFIX}{quote(key, safe=_TOKEN)}", value) for value in values]
    return [(name.lower().encode(), value.encode()) for name, value in pairs]
