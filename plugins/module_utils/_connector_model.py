# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API connectors as values: how they are read from Graph, written to it, and shown to users.

Resource: https://learn.microsoft.com/graph/api/resources/identityapiconnector.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import one_line
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload
from ansible_collections.msgraph.identity.plugins.module_utils._times import days_remaining, iso8601
from ansible_collections.msgraph.identity.plugins.module_utils._urls import without_values

CLIENT_CERTIFICATE = "client_certificate"
BASIC = "basic"
NONE = "none"

# Stands for the ID that Graph will give to a connector that check mode predicts: the nil UUID of RFC 9562. A task that
# is handed it finds nothing.
NIL_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Named:
    """The connector that the task names, by id or by display name."""

    connector_id: str | None
    connector_name: str | None

    def __str__(self) -> str:
        if self.connector_id and self.connector_name:
            return f"API connector '{one_line(self.connector_name)}' ({one_line(self.connector_id)})"
        return f"API connector '{one_line(self.connector_id or self.connector_name or '')}'"

    @property
    def missing(self) -> str:
        """That it is not there, as a sentence without its full stop."""
        if self.connector_id:
            return f"There is no API connector with the ID '{one_line(self.connector_id)}'"
        return f"There is no API connector named '{one_line(self.connector_name or '')}'"


@dataclass(frozen=True)
class ListedCertificate:
    """A certificate in a connector's list; `thumbprint` is SHA-1 of the DER form in upper-case hex, times are UTC."""

    thumbprint: str
    not_before: datetime
    not_after: datetime
    is_active: bool

    def render(self, now: datetime) -> dict[str, t.Any]:
        """As in results; `days_remaining` are whole days, negative once it has expired."""
        return {
            "thumbprint": self.thumbprint,
            "not_before": iso8601(self.not_before),
            "not_after": iso8601(self.not_after),
            "is_active": self.is_active,
            "days_remaining": days_remaining(self.not_after, now),
        }


@dataclass(frozen=True)
class ApiConnector:
    """A connector as Graph shows it; `authentication` is `client_certificate`, `basic` or `none`.

    `id` is `NIL_ID` in a prediction, for a connector that does not exist yet.
    """

    id: str
    display_name: str | None
    target_url: str | None
    authentication: str
    username: str | None = None
    certificates: tuple[ListedCertificate, ...] = ()

    @property
    def noun(self) -> str:
        """The key under which results show it."""
        return "connector"

    @property
    def label(self) -> str:
        """What it is called in the headers of diffs."""
        return f"API connector '{one_line(self.display_name or self.id)}'"

    @property
    def full_label(self) -> str:
        """What it is called in sentences about it: its name, and its ID in brackets."""
        return (
            f"{self.label} ({one_line(self.id)})"
            if self.display_name not in (None, "", self.id) and self.id != NIL_ID
            else self.label
        )

    def has_id(self, identifier: str) -> bool:
        """Whether this is its ID. IDs are opaque, but the service ignores case in paths."""
        return self.id.casefold() == identifier.casefold()

    @property
    def authentication_summary(self) -> tuple[str, str | None]:
        """What can be read of the authentication beside certificates: its kind and the user name."""
        return self.authentication, self.username

    def listed(self, thumbprint: str) -> ListedCertificate | None:
        """The certificate with `thumbprint`; of several entries for it the active one."""
        entries = [certificate for certificate in self.certificates if certificate.thumbprint == thumbprint]
        return next((entry for entry in entries if entry.is_active), entries[0] if entries else None)

    @property
    def active_certificate(self) -> ListedCertificate | None:
        """The certificate that the connector uses now; there is at most one."""
        return next((certificate for certificate in self.certificates if certificate.is_active), None)

    def render(self, now: datetime) -> dict[str, t.Any]:
        """As in results."""
        return {
            "id": self.id,
            "display_name": self.display_name,
            "target_url": without_values(self.target_url),
            "authentication": {
                "type": self.authentication,
                "username": self.username,
                "certificates": [certificate.render(now) for certificate in self.certificates],
            },
        }

    def compared(self, other: ApiConnector | None, now: datetime) -> dict[str, t.Any]:
        """As in diffs, beside `other`: without what merely counts down, and with a word where a difference is hidden."""
        rendered = self.render(now)
        for certificate in rendered["authentication"]["certificates"]:
            del certificate["days_remaining"]
        if other and other.target_url != self.target_url and without_values(other.target_url) == rendered["target_url"]:
            rendered["target_url"] += " (with other values)"
        return rendered


@dataclass(frozen=True)
class BasicAuthentication:
    """User name and password, as a write sets them. The password cannot be read back."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Changes:
    """What a write sets; None leaves as it is. A certificate replaces all that the connector has."""

    display_name: str | None = None
    target_url: str | None = None
    authentication: BasicAuthentication | Upload | None = None

    def body(self) -> dict[str, t.Any]:
        """As Graph takes it."""
        body = {
            "displayName": self.display_name,
            "targetUrl": self.target_url,
            "authenticationConfiguration": self._authentication(),
        }
        return {name: value for name, value in body.items() if value is not None}

    def _authentication(self) -> dict[str, str] | None:
        if isinstance(self.authentication, Upload):
            return {"@odata.type": "#microsoft.graph.pkcs12Certificate", **self.authentication.body()}
        if isinstance(self.authentication, BasicAuthentication):
            basic = self.authentication
            return {
                "@odata.type": "#microsoft.graph.basicAuthentication",
                "username": basic.username,
                "password": basic.password,
            }
        return None


class _Strange(Exception):
    """An answer does not have the documented shape; the text says where."""


def parse_connector(answer: t.Any) -> ApiConnector:
    """The connector in an answer of Graph. A missing list of certificates, or null, is an empty one.

    :raises IdentityError: when the answer does not have the documented shape, so that nothing is decided on nonsense
    """
    try:
        authentication = _member(answer, "authenticationConfiguration", dict, "an object", nullable=True)
        kind = _authentication_type(authentication)
        entries = authentication.get("certificateList") if kind == CLIENT_CERTIFICATE else None
        if not isinstance(entries, (list, type(None))):
            raise _Strange("certificateList is not a list")
        return ApiConnector(
            id=_id(answer),
            display_name=_text(answer, "displayName", nullable=True),
            target_url=_text(answer, "targetUrl", nullable=True),
            authentication=kind,
            username=_text({"username": None, **authentication}, "username", nullable=True) if kind == BASIC else None,
            certificates=tuple(_parse_certificate(entry) for entry in entries or ()),
        )
    except _Strange as exc:
        which = _named_in(answer)
        raise IdentityError(f"Microsoft Graph described {which} in a way that is not understood: {exc}.") from exc


def _named_in(answer: t.Any) -> str:
    if isinstance(answer, dict):
        for name in ("displayName", "id"):
            if isinstance(answer.get(name), str) and answer[name].strip():
                return f"API connector '{answer[name][:80]}'"
    return "an API connector"


def _authentication_type(authentication: t.Any) -> str:
    if authentication is None:
        return NONE
    odata_type = _text(authentication, "@odata.type").lstrip("#")
    if odata_type == "microsoft.graph.clientCertificateAuthentication":
        return CLIENT_CERTIFICATE
    if odata_type == "microsoft.graph.basicAuthentication":
        return BASIC
    raise _Strange(f"its authentication is of the unknown type {odata_type[:80]}")


def _parse_certificate(entry: t.Any) -> ListedCertificate:
    return ListedCertificate(
        thumbprint=_thumbprint(entry),
        not_before=_from_epoch(entry, "notBefore"),
        not_after=_from_epoch(entry, "notAfter"),
        is_active=_member(entry, "isActive", bool, "true or false"),
    )


def _member(answer: t.Any, name: str, kind: t.Any, described: str, nullable: bool = False) -> t.Any:
    if not isinstance(answer, dict):
        raise _Strange("it is not an object")
    if name not in answer:
        raise _Strange(f"{name} is missing")
    value = answer[name]
    if not (isinstance(value, kind) or (nullable and value is None)):
        raise _Strange(f"{name} is not {described}")
    return value


@t.overload
def _text(answer: t.Any, name: str, nullable: t.Literal[False] = False) -> str: ...


@t.overload
def _text(answer: t.Any, name: str, nullable: bool) -> str | None: ...


def _text(answer: t.Any, name: str, nullable: bool = False) -> str | None:
    value: str | None = _member(answer, name, str, "text", nullable)
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise _Strange(f"{name} is not valid text") from None
    return value


def _id(answer: t.Any) -> str:
    identifier = _text(answer, "id")
    # An empty one would lead a write to the whole collection.
    if not identifier.strip():
        raise _Strange("id is empty")
    return identifier


def _from_epoch(entry: t.Any, name: str) -> datetime:
    # An Edm.Int64, which OData may also write as a string.
    value = _member(entry, name, (int, float, str), "a time")
    try:
        if isinstance(value, bool):
            raise ValueError
        return datetime.fromtimestamp(int(float(value)), timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise _Strange(f"{name} is not a time") from None


def _thumbprint(entry: t.Any) -> str:
    thumbprint = normalize_thumbprint(_text(entry, "thumbprint"))
    # Anything else could never equal ours, and each run would upload again.
    if not re.fullmatch("[0-9A-F]{40}", thumbprint):
        raise _Strange("a thumbprint is not SHA-1 in hex")
    return thumbprint


def normalize_thumbprint(thumbprint: str) -> str:
    """Upper-case hex without separators: tools disagree on case, colons and blanks."""
    return "".join(character for character in thumbprint.upper() if character not in ": \u200e")
