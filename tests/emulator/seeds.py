# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors that tests put in place: what the documents of the control API say, and how the state is shown there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .connectors import Authentication, Basic, Certificate, Certificates, Connector, active, new_id
from .errors import ControlError, GraphError
from .pkcs12 import open_pfx
from .settings import Settings
from .store import Store

NAMES = {"id", "tenant", "displayName", "targetUrl", "authentication"}
DEFAULT_URL = "https://api.contoso.com/endpoint"


def parse(document: Any, store: Store[Connector], settings: Settings) -> Connector:
    """A connector from its document; dates come without a check, so expired certificates can be seeded."""
    if not isinstance(document, Mapping) or not isinstance(document.get("displayName"), str):
        raise ControlError("connector: an object with displayName is needed")
    _check_names(document, NAMES, "connector")
    connector_id = document.get("id") or new_id(settings.id_form)
    if store.exists(connector_id):
        raise ControlError(f"connector: the id '{connector_id}' is taken")
    return Connector(
        connector_id,
        document["displayName"],
        document.get("targetUrl", DEFAULT_URL),
        _authentication(document.get("authentication"), store),
    )


def changed(connector: Connector, document: Any, store: Store[Connector]) -> Connector:
    """A connector with what a document says of it."""
    _check_names(document, NAMES, "connector")
    changes: dict[str, Any] = {}
    if "displayName" in document:
        changes["display_name"] = document["displayName"]
    if "targetUrl" in document:
        changes["target_url"] = document["targetUrl"]
    if "authentication" in document:
        changes["authentication"] = _authentication(document["authentication"], store)
    return replace(connector, **changes)


def document(connector: Connector, now: float, active_rule: str) -> dict[str, Any]:
    """A connector with everything the emulator knows of it."""
    return {
        "id": connector.id,
        "displayName": connector.display_name,
        "targetUrl": connector.target_url,
        "authentication": _authentication_document(connector.authentication, now, active_rule),
    }


def _authentication(value: Any, store: Store[Connector]) -> Authentication:
    if value is None:
        return None
    if isinstance(value, Mapping) and set(value) == {"basic"}:
        basic = value["basic"]
        if isinstance(basic, Mapping) and set(basic) == {"username", "password"}:
            return Basic(basic["username"], basic["password"])
    if isinstance(value, Mapping) and set(value) == {"certificates"} and isinstance(value["certificates"], list):
        return Certificates(tuple(_certificate(item, store) for item in value["certificates"]))
    raise ControlError(
        'connector: authentication must be null, {"basic": {"username", "password"}} or {"certificates": [...]}'
    )


def _certificate(value: Any, store: Store[Connector]) -> Certificate:
    if isinstance(value, Mapping) and "pfx" in value:
        _check_names(value, {"pfx", "password"}, "certificate")
        try:
            opened = open_pfx(value["pfx"], value.get("password", ""), "any", "accept")
        except GraphError as exc:
            raise ControlError(f"certificate: {exc}") from exc
        return Certificate(opened.thumbprint, opened.not_before, opened.not_after, store.next_upload())
    if isinstance(value, Mapping) and set(value) == {"thumbprint", "notBefore", "notAfter"}:
        return Certificate(
            str(value["thumbprint"]).upper(), int(value["notBefore"]), int(value["notAfter"]), store.next_upload()
        )
    raise ControlError('certificate: {"pfx", "password"} or {"thumbprint", "notBefore", "notAfter"} is needed')


def _check_names(value: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = set(value) - known
    if unknown:
        raise ControlError(f"{what}: unknown {', '.join(sorted(unknown))}")


def _authentication_document(authentication: Authentication, now: float, active_rule: str) -> dict[str, Any] | None:
    if authentication is None:
        return None
    if isinstance(authentication, Basic):
        return {"basic": {"username": authentication.username, "password": authentication.password}}
    chosen = active(authentication.listed, now, active_rule)
    return {
        "certificates": [
            {
                "thumbprint": certificate.thumbprint,
                "notBefore": certificate.not_before,
                "notAfter": certificate.not_after,
                "isActive": certificate is chosen,
                "uploaded": certificate.uploaded,
            }
            for certificate in authentication.listed
        ]
    }
