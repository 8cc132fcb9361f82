"""Tokens of service accounts: signed here, read here, and described for others who want to check them.

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens. They are
JSON Web Tokens by a key of the cluster's own. Whether the account and what a token is bound to are still there is for the
authenticator.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sampan.core.classes import frozen

ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
ALGORITHM: Final = "ES256"
CLAIM: Final = "kubernetes.io"
REMEMBERED: Final = 1024
"""Tokens whose signature need not be checked again."""
LONGEST: Final = 16 * 1024
"""Characters of a token that is worth reading."""
AS_PODS_ASK: Final = 3607
"""The seconds by which Kubernetes knows the tokens that it mounts into pods itself: programs of old read them once, so they
go on for a year (as long as the pod is there), and the agent writes a new one every hour."""
EXTENDED: Final = 365 * 24 * 3600


@frozen
class Issued:
    token: str
    expires: datetime


class Tokens:
    """One per API server."""

    def __init__(self, key_pem: str, clock: Callable[[], datetime]) -> None:
        loaded = serialization.load_pem_private_key(key_pem.encode(), None) if key_pem else new_key()
        assert isinstance(loaded, ec.EllipticCurvePrivateKey), "service account tokens are signed with an EC key"
        self._key = loaded
        self._public = loaded.public_key()
        self._id = _key_id(self._public)
        self._clock = clock
        self._known: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self.audiences: tuple[str, ...] = (ISSUER,)
        """What tokens for this API server itself are for."""

    def issue(self, subject: str, claims: Mapping[str, Any], audiences: Sequence[str], seconds: int) -> Issued:
        """``claims`` are what stands under ``kubernetes.io``: namespace, account and what the token is bound to."""
        now = self._clock().replace(microsecond=0)
        expires = now + timedelta(seconds=seconds)
        lasts = expires
        if seconds == AS_PODS_ASK and "pod" in claims and set(audiences) <= set(self.audiences):
            lasts = now + timedelta(seconds=EXTENDED)
            claims = {**claims, "warnafter": int(expires.timestamp())}
        import jwt

        payload = {
            "aud": list(audiences),
            "exp": int(lasts.timestamp()),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "sub": subject,
            CLAIM: dict(claims),
        }
        token = jwt.encode(payload, self._key, algorithm=ALGORITHM, headers={"kid": self._id})
        return Issued(token, expires)

    def read(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token that was signed here and is in time; ``None`` for any other."""
        claims = self._known.get(token)
        if claims is None:
            if len(token) > LONGEST or token.count(".") != 2:
                return None
            import jwt

            try:
                claims = jwt.decode(
                    token,
                    self._public,
                    algorithms=[ALGORITHM],
                    issuer=ISSUER,
                    options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
                )
            except jwt.InvalidTokenError:
                return None
            self._known[token] = claims
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        now = self._clock().timestamp()
        begins, ends = claims.get("nbf", 0), claims.get("exp", 0)
        return claims if begins - LEEWAY <= now < ends else None

    def configuration(self) -> dict[str, Any]:
        """``/.well-known/openid-configuration``.

        The keys are found where the issuer is, by a name that pods can resolve and the server's certificate has: the
        address that it listens at for people is no pod's.
        """
        return {
            "issuer": ISSUER,
            "jwks_uri": f"{ISSUER}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    def key_set(self) -> dict[str, Any]:
        """``/openid/v1/jwks``: the public key."""
        numbers = self._public.public_numbers()
        point = {name: _base64(number.to_bytes(32, "big")) for name, number in (("x", numbers.x), ("y", numbers.y))}
        return {"keys": [{"use": "sig", "kty": "EC", "kid": self._id, "crv": "P-256", "alg": ALGORITHM, **point}]}


LEEWAY: Final = 60
"""Seconds by which the clock of who made a token may have been ahead."""


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _key_id(key: ec.EllipticCurvePublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _base64(hashlib.sha256(raw).digest())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
