# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON of API connectors: request bodies, strictly checked, and answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .connectors import Authentication, Basic, Certificate, Connector, active
from .errors import GraphError, bad_request
from .exchange import Call
from .settings import Settings

NAMESPACE = "microsoft.graph."
CONNECTOR = NAMESPACE + "identityApiConnector"
ODATA_TYPE = "@odata.type"
MASKED = "******"


@dataclass(frozen=True)
class Pfx:
    """A PFX as it is sent."""

    pkcs12_value: str
    password: str


@dataclass(frozen=True)
class Changes:
    """What a body says about a connector; None means that it does not say."""

    display_name: str | None
    target_url: str | None
    authentication: Basic | Pfx | None


def read_json(call: Call) -> Mapping[str, Any]:
    """The JSON object in the body."""
    if call.content_type != "application/json":
        raise GraphError(
            415,
            "UnsupportedMediaType",
            f"The media type '{call.content_type}' is not supported; a request body must be application/json.",
        )
    try:
        body = call.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."
        )
    return body


def read_new_connector(body: Mapping[str, Any]) -> Changes:
    """The body of a create: everything is required."""
    missing = [name for name in ("displayName", "targetUrl", "authenticationConfiguration") if name not in body]
    if missing:
        raise bad_request(f"The request is missing required properties: {', '.join(missing)}.", "AADB2C")
    return read_changes(body)


def read_changes(body: Mapping[str, Any]) -> Changes:
    """The body of an update: any subset, but not nothing."""
    check_names(body, {ODATA_TYPE, "displayName", "targetUrl", "authenticationConfiguration"}, CONNECTOR)
    if ODATA_TYPE in body and _type_name(body) != CONNECTOR:
        raise bad_request(f"The type '{body[ODATA_TYPE]}' is not {CONNECTOR}.")
    if not set(body) - {ODATA_TYPE}:
        raise bad_request("The request body names no property to update.")
    target_url = text_of(body, "targetUrl") if "targetUrl" in body else None
    if target_url is not None and not _is_https(target_url):
        raise bad_request("The targetUrl must be an absolute https URL.", "AADB2C")
    return Changes(
        text_of(body, "displayName") if "displayName" in body else None,
        target_url,
        _read_authentication(body["authenticationConfiguration"]) if "authenticationConfiguration" in body else None,
    )


def read_upload(body: Mapping[str, Any]) -> Pfx:
    """The parameters of uploadClientCertificate."""
    check_names(body, {"pkcs12Value", "password"}, "uploadClientCertificate")
    return _pfx(body)


def _read_authentication(value: Any) -> Basic | Pfx:
    if not isinstance(value, dict):
        raise bad_request("The property 'authenticationConfiguration' must be an object.")
    kind = _type_name(value)
    if kind == NAMESPACE + "basicAuthentication":
        check_names(value, {ODATA_TYPE, "username", "password"}, kind)
        return Basic(text_of(value, "username"), text_of(value, "password"))
    if kind == NAMESPACE + "pkcs12Certificate":
        check_names(value, {ODATA_TYPE, "pkcs12Value", "password"}, kind)
        return _pfx(value)
    if kind == NAMESPACE + "clientCertificateAuthentication":
        raise bad_request(f"The type {kind} is read-only.", "AADB2C")
    raise bad_request(f"A value with type name '{kind}' is not an authenticationConfiguration.")


def _pfx(value: Mapping[str, Any]) -> Pfx:
    return Pfx(text_of(value, "pkcs12Value"), text_of(value, "password", empty=True))


def _type_name(value: Mapping[str, Any]) -> str:
    name = value.get(ODATA_TYPE)
    if not isinstance(name, str):
        raise bad_request(f"The annotation {ODATA_TYPE} is missing or no string.")
    return name.removeprefix("#")


def check_names(value: Mapping[str, Any], known: Collection[str], kind: str) -> None:
    """Raise unless every property of an object is one of its type's."""
    for name in value:
        if name not in known:
            raise bad_request(
                f"The property '{name}' does not exist on '{kind}'. Make sure to only use property names that are defined by the type."
            )


def text_of(value: Mapping[str, Any], name: str, empty: bool = False) -> str:
    """A property that has to be text, and not empty unless it may be."""
    text = value.get(name)
    if not isinstance(text, str) or not (text or empty):
        raise bad_request(f"The property '{name}' is missing, empty or no string.")
    return text


def _is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and not any(character.isspace() for character in text)
    except ValueError:
        return False


def connector_document(connector: Connector, settings: Settings, now: float) -> dict[str, Any]:
    """A connector as Graph shows it."""
    return {
        "id": connector.id,
        "displayName": connector.display_name,
        "targetUrl": connector.target_url,
        "authenticationConfiguration": _authentication_document(connector.authentication, settings, now),
    }


def _authentication_document(authentication: Authentication, settings: Settings, now: float) -> dict[str, Any] | None:
    if authentication is None:
        return None
    if isinstance(authentication, Basic):
        return {ODATA_TYPE: f"#{NAMESPACE}basicAuthentication", "username": authentication.username, "password": MASKED}
    chosen = active(authentication.listed, now, settings.active_rule)
    shown: list[dict[str, Any]] | None = [
        _certificate_document(certificate, certificate is chosen, settings)
        for certificate in _ordered(authentication.listed, settings.list_order)
    ]
    if settings.certificate_list == "null" or (settings.certificate_list == "null_when_empty" and not shown):
        shown = None
    document: dict[str, Any] = {ODATA_TYPE: f"#{NAMESPACE}clientCertificateAuthentication"}
    return document if settings.certificate_list == "left_out" else {**document, "certificateList": shown}


def _ordered(listed: tuple[Certificate, ...], order: str) -> list[Certificate]:
    if order == "thumbprint":
        return sorted(listed, key=lambda certificate: certificate.thumbprint)
    return list(reversed(listed)) if order == "reverse" else list(listed)


def _certificate_document(certificate: Certificate, is_active: bool, settings: Settings) -> dict[str, Any]:
    lower = settings.thumbprint_case == "lower"
    return {
        "thumbprint": certificate.thumbprint.lower() if lower else certificate.thumbprint,
        "notAfter": _epoch(certificate.not_after, settings.epoch_form),
        "notBefore": _epoch(certificate.not_before, settings.epoch_form),
        "isActive": is_active,
    }


def _epoch(seconds: int, form: str) -> int | float | str:
    if form == "float":
        return float(seconds)
    return str(seconds) if form == "string" else seconds
