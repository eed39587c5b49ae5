# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens: signed JWTs with the claims Graph looks at."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ALGORITHM = "RS256"
KEY_ID = "emulator"
# Times are checked against the emulator's clock, audiences by the one who knows which are right.
SIGNATURE_ONLY: Any = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


class InvalidToken(Exception):
    """The token was not issued here, or no longer counts."""


def app_claims(tenant: str, client_id: str, audience: str, roles: Iterable[str]) -> dict[str, Any]:
    """What a token says that an application got for itself; no roles claim at all when it has none."""
    claims: dict[str, Any] = {**_claims(tenant, client_id, audience), "idtyp": "app"}
    granted = list(roles)
    return {**claims, "roles": granted} if granted else claims


def identity_claims(tenant: str, client_id: str, audience: str, roles: Iterable[str]) -> dict[str, Any]:
    """What a token says that a managed identity got: an application's, and which resource it belongs to."""
    # Any id will do, as long as the same identity keeps it.
    object_id = str(uuid.uuid5(uuid.NAMESPACE_URL, client_id.lower()))
    group = "/subscriptions/5f7c8e4d-2a1b-4c3d-9e8f-7a6b5c4d3e2f/resourcegroups/automation"
    mirid = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{client_id}"
    return {**app_claims(tenant, client_id, audience, roles), "oid": object_id, "sub": object_id, "xms_mirid": mirid}


def user_claims(
    tenant: str, client_id: str, audience: str, scopes: str, directory_roles: Iterable[str]
) -> dict[str, Any]:
    """What a token says that an application got on behalf of a user."""
    return {
        **_claims(tenant, client_id, audience),
        "idtyp": "user",
        "scp": scopes,
        "wids": list(directory_roles),
        "upn": "user@contoso.onmicrosoft.com",
    }


def _claims(tenant: str, client_id: str, audience: str) -> dict[str, Any]:
    return {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant}/",
        "tid": tenant,
        "appid": client_id,
        "azp": client_id,
        "ver": "1.0",
    }


class Issuer:
    """Signs tokens and knows which of them still count."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._issued: set[str] = set()

    def issue(self, claims: Mapping[str, Any], now: float, lifetime: float) -> str:
        """A signed token that expires `lifetime` seconds from now; a negative lifetime makes one that is expired
        already.
        """
        token_id = uuid.uuid4().hex
        self._issued.add(token_id)
        start = int(min(now, now + lifetime))
        times = {"iat": start, "nbf": start, "exp": int(now + lifetime), "uti": token_id}
        return jwt.encode({**claims, **times}, self._key, algorithm=ALGORITHM, headers={"kid": KEY_ID})

    def verify(self, token: str, now: float) -> dict[str, Any]:
        """The claims of a token that counts now."""
        if token.count(".") != 2:
            raise InvalidToken(
                "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact Serialization Format."
            )
        try:
            claims = jwt.decode(token, self._key.public_key(), algorithms=[ALGORITHM], options=SIGNATURE_ONLY)
        except jwt.PyJWTError as exc:
            raise InvalidToken("Access token validation failure. Invalid signature.") from exc
        if claims["uti"] not in self._issued:
            raise InvalidToken("Access token validation failure. The token has been revoked.")
        if now >= claims["exp"]:
            raise InvalidToken("Lifetime validation failed, the token is expired.")
        if now < claims["nbf"] - 1:
            raise InvalidToken("Lifetime validation failed, the token is not yet valid.")
        return claims

    def revoke_all(self) -> None:
        """From now on no token issued so far counts."""
        self._issued.clear()

    def keys(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": KEY_ID, "use": "sig"}]}
