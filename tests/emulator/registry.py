# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask for tokens: tenants, their domains, their applications, and the managed identities of the machine."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .errors import ControlError


@dataclass(frozen=True)
class Secret:
    """A client secret; without `expires_at` (seconds since the epoch) it never expires."""

    value: str
    expires_at: float | None = None


@dataclass(frozen=True)
class App:
    """An application with its credentials and the Graph permissions it was granted."""

    client_id: str
    secrets: tuple[Secret, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    federated_tokens: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def certificate(self, x5t: str | None, x5t_s256: str | None) -> x509.Certificate | None:
        """The registered certificate that the header of an assertion names."""
        # Some clients leave the padding of base64, some do not.
        sha1, sha256 = (x5t or "").rstrip("="), (x5t_s256 or "").rstrip("=")
        for certificate in self.certificates:
            if sha256 and sha256 == _base64url(certificate.fingerprint(hashes.SHA256())):
                return certificate
            if not sha256 and sha1 and sha1 == _base64url(certificate.fingerprint(hashes.SHA1())):
                return certificate
        return None


@dataclass(frozen=True)
class ManagedIdentity:
    """An identity that Azure gives to a machine, with the Graph permissions it was granted."""

    client_id: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tenant:
    """A directory."""

    id: str
    domains: tuple[str, ...] = ()
    apps: Mapping[str, App] = field(default_factory=dict)
    system_assigned: ManagedIdentity | None = None
    user_assigned: Mapping[str, ManagedIdentity] = field(default_factory=dict)

    def app(self, client_id: str) -> App | None:
        """An application by its client id, in any case."""
        return self.apps.get(client_id.lower())

    def identity(self, client_id: str | None) -> ManagedIdentity | None:
        """The user-assigned identity of that client id; without one the system-assigned one, else the only one there
        is.
        """
        if client_id:
            return self.user_assigned.get(client_id.lower())
        if self.system_assigned or len(self.user_assigned) != 1:
            return self.system_assigned
        return next(iter(self.user_assigned.values()))


class Registry:
    """All tenants."""

    def __init__(self, documents: Any) -> None:
        self.document = documents
        self.tenants = [_tenant(document) for document in _entries(documents, "tenants")]
        self._names = {name.lower(): tenant for tenant in self.tenants for name in (tenant.id, *tenant.domains)}

    def find(self, name: str) -> Tenant | None:
        """A tenant by its id or by one of its domains."""
        return self._names.get(name.lower())

    def first(self) -> Tenant:
        """The tenant meant when none is named."""
        if not self.tenants:
            raise ControlError("there is no tenant")
        return self.tenants[0]

    def machine(self) -> Tenant:
        """The tenant of the machine whose managed identities are served: the first, if there is any."""
        return self.tenants[0] if self.tenants else Tenant("")


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _entries(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ControlError(f"{what}: a list is needed")
    return value


def _texts(value: Any, what: str) -> tuple[str, ...]:
    if not all(isinstance(item, str) and item for item in _entries(value, what)):
        raise ControlError(f"{what}: a list of strings is needed")
    return tuple(value)


def _known(document: Any, what: str, key: str, *optional: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping) or not isinstance(document.get(key), str) or not document[key]:
        raise ControlError(f"{what}: an object with the string {key} is needed")
    unknown = set(document) - {key, *optional}
    if unknown:
        raise ControlError(f"{what}: unknown {', '.join(sorted(unknown))}")
    return document


def _tenant(document: Any) -> Tenant:
    document = _known(document, "tenant", "id", "domains", "apps", "managed_identities")
    apps = [_app(app) for app in _entries(document.get("apps", []), "apps")]
    system_assigned, user_assigned = _managed_identities(document.get("managed_identities", {}))
    return Tenant(
        document["id"].lower(),
        _texts(document.get("domains", []), "domains"),
        {app.client_id.lower(): app for app in apps},
        system_assigned,
        {identity.client_id.lower(): identity for identity in user_assigned},
    )


def _managed_identities(document: Any) -> tuple[ManagedIdentity | None, list[ManagedIdentity]]:
    if not isinstance(document, Mapping) or set(document) - {"system_assigned", "user_assigned"}:
        raise ControlError("managed_identities: an object with system_assigned and user_assigned is needed")
    system_assigned = document.get("system_assigned")
    user_assigned = _entries(document.get("user_assigned", []), "user_assigned")
    return None if system_assigned is None else _managed_identity(system_assigned), [
        _managed_identity(identity) for identity in user_assigned
    ]


def _managed_identity(document: Any) -> ManagedIdentity:
    document = _known(document, "managed identity", "client_id", "roles")
    return ManagedIdentity(document["client_id"], _texts(document.get("roles", []), "roles"))


def _app(document: Any) -> App:
    document = _known(document, "app", "client_id", "secrets", "certificates", "federated_tokens", "roles")
    return App(
        document["client_id"],
        tuple(_secret(secret) for secret in _entries(document.get("secrets", []), "secrets")),
        tuple(_certificate(pem) for pem in _texts(document.get("certificates", []), "certificates")),
        _texts(document.get("federated_tokens", []), "federated_tokens"),
        _texts(document.get("roles", []), "roles"),
    )


def _secret(document: Any) -> Secret:
    document = _known(document, "secret", "value", "expires_at")
    expires_at = document.get("expires_at")
    if expires_at is not None and not isinstance(expires_at, (int, float)):
        raise ControlError("secret: expires_at must be seconds since the epoch")
    return Secret(document["value"], expires_at)


def _certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as exc:
        raise ControlError(f"certificates: not a PEM certificate: {exc}") from exc
