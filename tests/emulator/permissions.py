# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call Graph: the bearer token and what it allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .defaults import USER_FLOW_ADMINISTRATOR
from .errors import GraphError
from .tokens import InvalidToken, Issuer

CHALLENGE = {
    "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    'client_id="00000003-0000-0000-c000-000000000000"'
}


def authenticate(token: str, issuer: Issuer, audiences: Collection[str], now: float) -> Mapping[str, Any]:
    """The claims of a bearer token."""
    if not token:
        raise _unauthenticated("Access token is empty.")
    try:
        claims = issuer.verify(token, now)
    except InvalidToken as exc:
        raise _unauthenticated(str(exc)) from exc
    if claims.get("aud") not in audiences:
        raise _unauthenticated("Access token validation failure. Invalid audience.")
    return claims


def authorise(claims: Mapping[str, Any], needed: Collection[str]) -> None:
    """Raise unless the token has one of the permissions that are needed."""
    delegated = "scp" in claims
    granted = str(claims["scp"]).split() if delegated else claims.get("roles", [])
    if not set(needed) & set(granted):
        kind = "delegated" if delegated else "application"
        raise _denied(
            f"The application does not have any of the required {kind} permissions ({', '.join(needed)}) to access the resource."
        )
    if delegated and USER_FLOW_ADMINISTRATOR not in claims.get("wids", []):
        raise _denied("User Authorization: Access is denied.")


def _unauthenticated(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, CHALLENGE)


def _denied(message: str) -> GraphError:
    return GraphError(403, "AADB2C", message)
