# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an application proves itself to Entra: secret, certificate or federated token."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from typing import Any

import jwt
from cryptography import x509

from .errors import EntraError
from .registry import App
from .tokens import SIGNATURE_ONLY

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW = 300


def check_credentials(app: App, form: Mapping[str, str], audiences: Collection[str], now: float) -> None:
    """Raise unless the form proves that it comes from the application; `audiences` are what an assertion may be meant
    for.
    """
    if form.get("client_assertion"):
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise EntraError(
                400,
                "invalid_request",
                900144,
                "The request body must contain the following parameter: 'client_assertion_type'.",
            )
        _check_assertion(app, form["client_assertion"], audiences, now)
    elif form.get("client_secret"):
        _check_secret(app, form["client_secret"], now)
    else:
        raise _refused(
            7000216,
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        )


def _refused(number: int, message: str) -> EntraError:
    return EntraError(401, "invalid_client", number, message)


def _check_secret(app: App, value: str, now: float) -> None:
    secret = next((known for known in app.secrets if hmac.compare_digest(known.value.encode(), value.encode())), None)
    if secret is None:
        raise _refused(
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{app.client_id}'.",
        )
    if secret.expires_at is not None and now >= secret.expires_at:
        raise _refused(7000222, f"The provided client secret keys for app '{app.client_id}' are expired.")


def _check_assertion(app: App, assertion: str, audiences: Collection[str], now: float) -> None:
    if assertion in app.federated_tokens:
        return
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={**SIGNATURE_ONLY, "verify_signature": False})
    except jwt.PyJWTError as exc:
        if app.federated_tokens:
            raise _refused(70021, "No matching federated identity record found for presented assertion.") from exc
        raise _refused(50027, "JWT token is invalid or malformed.") from exc
    # An assertion that another issuer wrote is a federated one.
    if claims.get("iss") != app.client_id:
        raise _refused(
            700211, f"No matching federated identity record found for presented assertion issuer '{claims.get('iss')}'."
        )
    _check_signature(app, assertion, header, now)
    _check_claims(app, claims, audiences, now)


def _check_signature(app: App, assertion: str, header: Mapping[str, Any], now: float) -> None:
    what = "The certificate with identifier used to sign the client assertion is not registered on application."
    certificate = app.certificate(header.get("x5t"), header.get("x5t#S256"))
    if certificate is None:
        raise _refused(
            700027,
            f"{what} [Reason - The key was not found., Thumbprint of key used by client: '{_thumbprint(header)}']",
        )
    if not _in_its_time(certificate, now):
        raise _refused(700027, "Client assertion failed signature validation. [Reason - The key used is expired.]")
    key: Any = certificate.public_key()
    try:
        jwt.decode(assertion, key, algorithms=["RS256", "PS256"], options=SIGNATURE_ONLY)
    except (jwt.PyJWTError, TypeError) as exc:
        raise _refused(
            700027,
            "Client assertion failed signature validation. [Reason - The key was found, but the signature does not match.]",
        ) from exc


def _check_claims(app: App, claims: Mapping[str, Any], audiences: Collection[str], now: float) -> None:
    if claims.get("sub") != app.client_id:
        raise _refused(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
    if claims.get("aud") not in audiences:
        raise _refused(
            700023,
            f"Client assertion audience claim does not match Realm issuer. The audience was '{claims.get('aud')}'.",
        )
    start, end = claims.get("nbf", 0), claims.get("exp")
    if not isinstance(end, (int, float)) or not isinstance(start, (int, float)):
        raise _refused(50027, "JWT token is invalid or malformed.")
    if not start - SKEW <= now < end + SKEW:
        raise _refused(
            700024,
            f"Client assertion is not within its valid time range. Current time: {_iso(now)}, expiry time of assertion {_iso(end)}.",
        )


def _in_its_time(certificate: x509.Certificate, now: float) -> bool:
    return certificate.not_valid_before_utc.timestamp() <= now <= certificate.not_valid_after_utc.timestamp()


def _thumbprint(header: Mapping[str, Any]) -> str:
    encoded = str(header.get("x5t") or header.get("x5t#S256") or "")
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex().upper()
    except ValueError:
        return encoded


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
