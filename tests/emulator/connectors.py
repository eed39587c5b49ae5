# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API connectors: what they are, which certificate is the active one, and what an upload does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .errors import bad_request
from .settings import Settings


@dataclass(frozen=True)
class Certificate:
    """What the service keeps of an upload; `uploaded` numbers the uploads, later ones are higher."""

    thumbprint: str
    not_before: int
    not_after: int
    uploaded: int


@dataclass(frozen=True)
class Basic:
    """Basic authentication."""

    username: str
    password: str


@dataclass(frozen=True)
class Certificates:
    """Client certificate authentication: every certificate uploaded so far, oldest upload first."""

    listed: tuple[Certificate, ...]


Authentication = Basic | Certificates | None


@dataclass(frozen=True)
class Connector:
    """An API connector."""

    id: str
    display_name: str
    target_url: str
    authentication: Authentication


PREFERENCES: dict[str, Callable[[Certificate], tuple[int, ...]]] = {
    "newest_upload": lambda certificate: (certificate.uploaded,),
    "oldest_upload": lambda certificate: (-certificate.uploaded,),
    "latest_not_before": lambda certificate: (certificate.not_before, certificate.uploaded),
}


def new_id(form: str) -> str:
    """A fresh id in one of the two forms seen."""
    return ("RestApi_" if form == "restapi" else "") + str(uuid.uuid4())


def active(certificates: Sequence[Certificate], now: float, rule: str) -> Certificate | None:
    """The one certificate in use among those that have not expired and whose notBefore has passed.

    :param rule: the documented `newest_upload`; `oldest_upload`, once proposed for the documentation; or
        `latest_not_before`, the rule of the key sets of the same service.
    """
    valid = [certificate for certificate in certificates if certificate.not_before <= now <= certificate.not_after]
    return max(valid, key=PREFERENCES[rule], default=None)


def with_upload(authentication: Authentication, certificate: Certificate, settings: Settings) -> Certificates:
    """The authentication after an upload."""
    if not isinstance(authentication, Certificates):
        if settings.upload_on_basic == "error":
            raise bad_request("The API connector does not use client certificate authentication.", "AADB2C")
        return Certificates((certificate,))
    listed = authentication.listed
    if any(other.thumbprint == certificate.thumbprint for other in listed):
        if settings.duplicate_upload == "error":
            raise bad_request("A key with the same identifier already exists.", "AADB2C90180")
        if settings.duplicate_upload == "ignore":
            return authentication
        if settings.duplicate_upload == "move":
            listed = tuple(other for other in listed if other.thumbprint != certificate.thumbprint)
    return Certificates((*listed, certificate))
