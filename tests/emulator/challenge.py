# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims challenges: Graph wants another token, asked for with the claims it names (continuous access evaluation)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt

from .errors import EntraError, GraphError
from .exchange import Call

# What Graph asks for when a session was revoked.
CLAIMS: Mapping[str, Any] = {"access_token": {"nbf": {"essential": True, "value": "1735689600"}}}
# The claim of our tokens that says with which claims they were asked for.
ASKED = "xms_asked"


def refusal(claims: Mapping[str, Any], headers: Mapping[str, str]) -> GraphError:
    """The 401 that names the claims; `headers` are those of any 401."""
    encoded = base64.b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode()
    said = f'{headers["WWW-Authenticate"]}, error="insufficient_claims", claims="{encoded}"'
    return GraphError(
        401,
        "InvalidAuthenticationToken",
        "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
        "TokenIssuedBeforeRevocationTimestamp",
        {"WWW-Authenticate": said},
    )


def met(claims: Mapping[str, Any], call: Call) -> bool:
    """Whether a call's bearer token was asked for with these claims, or with more."""
    try:
        token = jwt.decode(call.bearer, options={"verify_signature": False})
    except jwt.PyJWTError:
        return False
    return _holds(token.get(ASKED), claims)


def asked(form: Mapping[str, str]) -> dict[str, Any]:
    """What a token says that was asked for with `claims`; nothing when it was not."""
    if "claims" not in form:
        return {}
    try:
        claims = json.loads(form["claims"])
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise EntraError(400, "invalid_request", 90023, "The parameter 'claims' is not a JSON object.")
    return {ASKED: claims}


def _holds(whole: Any, part: Any) -> bool:
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(name in whole and _holds(whole[name], part[name]) for name in part)
    return bool(whole == part)
