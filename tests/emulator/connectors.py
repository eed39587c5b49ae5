# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API connectors: what they are, which certificate is the active one, and what an upload does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .errors import GraphError, bad_request
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


def new_id(form: str) -> str:
    """A fresh id in one of the two forms seen."""
    return ("RestApi_" if form == "restapi" else "") + str(uuid.uuid4())


def active(certificates: Sequence[Certificate], now: float) -> Certificate | None:
    """The most recently uploaded certificate that has not expired and whose notBefore has passed."""
    valid = [certificate for certificate in certificates if certificate.not_before <= now <= certificate.not_after]
    return max(valid, key=lambda certificate: certificate.uploaded, default=None)


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


@dataclass
class _Place:
    """A connector's place in the list, with what readers who lag behind still see."""

    serial: int
    current: Connector | None
    before: Connector | None = None
    reads_left: int = 0
    until: float = 0.0

    def shown(self, now: float) -> Connector | None:
        return self.before if self.reads_left > 0 or now < self.until else self.current

    def read(self, now: float) -> Connector | None:
        shown = self.shown(now)
        self.reads_left = max(0, self.reads_left - 1)
        return shown


class Store:
    """The connectors of one tenant, in the order in which they were made."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._serial = 0
        self._uploads = 0

    def next_upload(self) -> int:
        """The number of the next upload."""
        self._uploads += 1
        return self._uploads

    def exists(self, connector_id: str) -> bool:
        """Whether there is such a connector, whatever readers see."""
        place = self._places.get(connector_id)
        return place is not None and place.current is not None

    def current(self, connector_id: str) -> Connector:
        """A connector as it is, for a write."""
        place = self._places.get(connector_id)
        if place is None or place.current is None:
            raise not_found(connector_id)
        return place.current

    def everything(self) -> Iterator[Connector]:
        """All connectors as they are."""
        return (place.current for place in self._places.values() if place.current is not None)

    def read(self, connector_id: str, now: float) -> Connector:
        """A connector as a reader sees it."""
        place = self._places.get(connector_id)
        shown = place.read(now) if place else None
        if shown is None:
            raise not_found(connector_id)
        return shown

    def page(self, after: int, size: int, now: float) -> tuple[list[Connector], int | None]:
        """The connectors behind a place as a reader sees them, and the place to go on from when there are more."""
        found: list[Connector] = []
        last = after
        for place in self._places.values():
            if place.serial <= after:
                continue
            if len(found) == size:
                if place.shown(now) is None:
                    continue
                return found, last
            shown = place.read(now)
            if shown is not None:
                found.append(shown)
                last = place.serial
        return found, None

    def add(self, connector: Connector) -> None:
        """Put a connector in place at once, for every reader."""
        self.write(connector.id, connector, Settings(), 0)

    def write(self, connector_id: str, connector: Connector | None, settings: Settings, now: float) -> None:
        """Make, change or (with None) delete a connector; readers see it when the lag is over."""
        place = self._places.get(connector_id)
        if place is None:
            self._serial += 1
            place = self._places[connector_id] = _Place(self._serial, None)
        place.before = place.shown(now)
        place.current = connector
        place.reads_left, place.until = (
            settings.read_lag,
            now + settings.read_lag_seconds if settings.read_lag_seconds else 0.0,
        )
        if connector is None and place.shown(now) is None:
            del self._places[connector_id]


def not_found(connector_id: str) -> GraphError:
    """Graph's answer about a connector that is not there."""
    return GraphError(404, "AADB2C", f"Resource not found. The API connector '{connector_id}' does not exist.")
