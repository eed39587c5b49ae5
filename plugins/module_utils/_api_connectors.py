# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API connectors: value objects, how they are read from Graph and shown to users, and the calls that concern them.

Resource: https://learn.microsoft.com/graph/api/resources/identityapiconnector.
"""

from __future__ import annotations

import re
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import quote

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, NotFound
from ansible_collections.msgraph.identity.plugins.module_utils._graph import CarriedOut, GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload
from ansible_collections.msgraph.identity.plugins.module_utils._times import days_remaining, iso8601

CLIENT_CERTIFICATE = "client_certificate"
BASIC = "basic"
NONE = "none"

# Stands for the ID that Graph will give to a connector that check mode predicts: the nil UUID of RFC 9562. A task that
# is handed it finds nothing.
NIL_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Target:
    """The connector that the task names, by id or by display name."""

    connector_id: str | None
    connector_name: str | None

    def __str__(self) -> str:
        return f"API connector '{self.connector_id or self.connector_name}'"

    @property
    def described(self) -> str:
        """As in "There is no API connector with ..."."""
        return f"the ID '{self.connector_id}'" if self.connector_id else f"the exact name '{self.connector_name}'"


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

    def listed(self, thumbprint: str) -> ListedCertificate | None:
        """The certificate with `thumbprint`; of several entries for it the active one."""
        entries = [certificate for certificate in self.certificates if certificate.thumbprint == thumbprint]
        return next((entry for entry in entries if entry.is_active), entries[0] if entries else None)

    @property
    def active_certificate(self) -> ListedCertificate | None:
        """The certificate that the connector uses now; there is at most one."""
        return next((certificate for certificate in self.certificates if certificate.is_active), None)

    def render(self, now: datetime) -> dict[str, t.Any]:
        """As in results and diffs."""
        return {
            "id": self.id,
            "display_name": self.display_name,
            "target_url": self.target_url,
            "authentication": {
                "type": self.authentication,
                "username": self.username,
                "certificates": [certificate.render(now) for certificate in self.certificates],
            },
        }


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


class Plan(t.Protocol):
    """What is to be done about a connector."""

    @property
    def idle(self) -> bool:
        """Whether it is nothing."""


P = t.TypeVar("P", bound=Plan)


class ApiConnectors:
    """The API connectors of one tenant."""

    _PATH = "/identity/apiConnectors"

    def __init__(self, graph: GraphClient) -> None:
        self.graph = graph

    def get(self, connector_id: str) -> ApiConnector | None:
        """The connector, or None when there is none: https://learn.microsoft.com/graph/api/identityapiconnector-get."""
        try:
            return parse_connector(self.graph.get(self._path(connector_id), f"read API connector '{connector_id}'"))
        except NotFound:
            return None

    def all(self) -> tuple[list[ApiConnector], list[IdentityError]]:
        """All connectors, and what is wrong with those that are not understood: one of a new kind is no trouble for the
        others.

        https://learn.microsoft.com/graph/api/identitycontainer-list-apiconnectors.
        """
        connectors, errors = [], []
        for answer in self._listed("list the API connectors"):
            try:
                connectors.append(parse_connector(answer))
            except IdentityError as exc:
                errors.append(exc)
        return connectors, errors

    def named(self, display_name: str) -> list[ApiConnector]:
        """The connectors whose display name is exactly this: Graph does not promise that names are unique."""
        return _having("displayName", display_name, self._listed(f"find API connector '{display_name}'"))

    def look_up(self, target: Target, glanced: ApiConnector | None = None) -> ApiConnector | None:
        """The connector that `target` names, read now; or None.

        :param glanced: what a glance has found; spares the list when its name is still the one
        :raises IdentityError: when several bear the name
        """
        if target.connector_id:
            return self.get(target.connector_id)
        again = self.get(glanced.id) if glanced else None
        if again and again.display_name == target.connector_name:
            return again
        found = self.named(target.connector_name or "")
        if len(found) > 1:
            ids = ", ".join(connector.id for connector in found)
            raise IdentityError(
                f"The name '{target.connector_name}' is ambiguous: API connectors {ids} have it. Choose one of them with connector_id."
            )
        return found[0] if found else None

    def glance(self, target: Target) -> ApiConnector | None:
        """The connector as it was a few seconds ago at most, if that is known. None says nothing.

        Who asks for one connector after the other gets them from one list: Graph counts requests, and there may be
        hundreds.
        """
        recent = self.graph.recent
        objects = recent.objects()
        if objects is None and target.connector_id and recent.worth_reading():
            try:
                with self.graph.http.single_tries():
                    self._listed("list the API connectors")
                objects = recent.objects()  # if the list was not too slow
            except IdentityError:
                # No error of this task, which asks for one connector and will be told.
                recent.not_worth_reading()
        recent.asked = True
        name, value = ("id", target.connector_id) if target.connector_id else ("displayName", target.connector_name)
        try:
            found = _having(name, value or "", objects or [])
        except IdentityError:
            return None
        return found[0] if len(found) == 1 and found[0].id not in recent.written else None

    def decide(self, target: Target, plan: t.Callable[[ApiConnector | None], P]) -> P:
        """The plan for the connector that `target` names. One that comes to a write, or to an error, is made on what
        was read just now.
        """
        glanced = self.glance(target)
        if glanced:
            with suppress(IdentityError):
                planned = plan(glanced)
                if planned.idle:
                    self.graph.recent.served()
                    return planned
        return plan(self.look_up(target, glanced))

    def create(self, connector: Changes, carried_out: CarriedOut) -> ApiConnector | None:
        """Create a connector: https://learn.microsoft.com/graph/api/identitycontainer-post-apiconnectors.

        :param connector: with all that Graph wants to have: name, URL and authentication
        :param carried_out: asked when the answer is lost, before it is sent again
        :returns: the connector; None when the answer does not tell, though it was created
        """
        with self._writing(None):
            return _parsed_or_none(
                self.graph.post(
                    self._PATH, connector.body(), f"create API connector '{connector.display_name}'", carried_out
                )
            )

    def update(self, connector_id: str, changes: Changes, carried_out: CarriedOut) -> None:
        """Change what `changes` sets: https://learn.microsoft.com/graph/api/identityapiconnector-update."""
        body = changes.body()
        verb = "replace the authentication of" if list(body) == ["authenticationConfiguration"] else "change"
        with self._writing(connector_id if changes.display_name is None else None):
            self.graph.patch(self._path(connector_id), body, f"{verb} API connector '{connector_id}'", carried_out)

    def delete(self, connector_id: str, carried_out: CarriedOut) -> None:
        """Delete a connector: https://learn.microsoft.com/graph/api/identityapiconnector-delete.

        :raises NotFound: when it is not there any more
        """
        with self._writing(connector_id):
            self.graph.delete(self._path(connector_id), f"delete API connector '{connector_id}'", carried_out)

    def upload_client_certificate(
        self, connector_id: str, upload: Upload, carried_out: CarriedOut
    ) -> ApiConnector | None:
        """Add a certificate: https://learn.microsoft.com/graph/api/identityapiconnector-uploadclientcertificate.

        :param carried_out: asked when the answer is lost, before it is sent again
        :returns: the connector as it is afterwards; None when the answer does not tell, though the certificate was
            taken
        """
        path = f"{self._path(connector_id)}/uploadClientCertificate"
        with self._writing(connector_id):
            return _parsed_or_none(
                self.graph.post(
                    path, upload.body(), f"upload the certificate to API connector '{connector_id}'", carried_out
                )
            )

    def _listed(self, purpose: str) -> list[t.Any]:
        return self.graph.recent.keep(self.graph.pages(self._PATH, purpose))

    @contextmanager
    def _writing(self, connector_id: str | None) -> t.Iterator[None]:
        """No write is survived by what was read before or meanwhile.

        :param connector_id: the one connector that it concerns, or None when it changes which names there are
        """
        try:
            yield
        finally:
            if connector_id:
                self.graph.recent.written.add(connector_id)
            else:
                self.graph.recent.forget()

    def _path(self, connector_id: str) -> str:
        # Ids are opaque: whatever is in them stays in one path segment. These two would not.
        if connector_id in (".", ".."):
            raise IdentityError(f"'{connector_id}' cannot be the ID of an API connector. Check connector_id.")
        return f"{self._PATH}/{quote(connector_id, safe='')}"


def _having(name: str, value: str, answers: t.Iterable[t.Any]) -> list[ApiConnector]:
    # Compared before they are parsed: a strange connector is no trouble for the others.
    return [parse_connector(answer) for answer in answers if isinstance(answer, dict) and answer.get(name) == value]


def _parsed_or_none(answer: t.Any) -> ApiConnector | None:
    try:
        return parse_connector(answer)
    except IdentityError:
        return None


def parse_connector(answer: t.Any) -> ApiConnector:
    """The connector in an answer of Graph.

    :raises IdentityError: when the answer does not have the documented shape, so that nothing is decided on nonsense
    """
    try:
        authentication = answer["authenticationConfiguration"]
        kind = _authentication_type(authentication)
        return ApiConnector(
            id=_id(answer["id"]),
            display_name=_text_or_none(answer["displayName"]),
            target_url=_text_or_none(answer["targetUrl"]),
            authentication=kind,
            username=_text_or_none(authentication.get("username")) if kind == BASIC else None,
            certificates=tuple(_parse_certificate(entry) for entry in _list(authentication["certificateList"]))
            if kind == CLIENT_CERTIFICATE
            else (),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError) as exc:
        which = _named_in(answer)
        raise IdentityError(
            f"Microsoft Graph described {which} in a way that is not understood ({type(exc).__name__}: {exc})."
        ) from exc


def _named_in(answer: t.Any) -> str:
    if isinstance(answer, dict):
        for name in ("displayName", "id"):
            if isinstance(answer.get(name), str) and answer[name].strip():
                return f"API connector '{answer[name][:80]}'"
    return "an API connector"


def _authentication_type(authentication: t.Any) -> str:
    if authentication is None:
        return NONE
    odata_type = _text(authentication["@odata.type"]).lstrip("#")
    if odata_type == "microsoft.graph.clientCertificateAuthentication":
        return CLIENT_CERTIFICATE
    if odata_type == "microsoft.graph.basicAuthentication":
        return BASIC
    raise ValueError(f"authentication of type {odata_type[:80]}")


def _parse_certificate(entry: t.Any) -> ListedCertificate:
    if not isinstance(entry["isActive"], bool):
        raise TypeError("isActive is not true or false")
    return ListedCertificate(
        thumbprint=_thumbprint(entry["thumbprint"]),
        not_before=_from_epoch(entry["notBefore"]),
        not_after=_from_epoch(entry["notAfter"]),
        is_active=entry["isActive"],
    )


def _text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _id(value: t.Any) -> str:
    # An empty one would lead a write to the whole collection.
    if not _text(value).strip():
        raise ValueError("the id is empty")
    return _text(value)


def _list(value: t.Any) -> list[t.Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _text_or_none(value: t.Any) -> str | None:
    return None if value is None else _text(value)


def _from_epoch(value: t.Any) -> datetime:
    # An Edm.Int64, which OData may also write as a string.
    if isinstance(value, bool):
        raise TypeError("a time was expected")
    return datetime.fromtimestamp(int(float(value)), timezone.utc)


def _thumbprint(value: t.Any) -> str:
    thumbprint = normalize_thumbprint(_text(value))
    # Anything else could never equal ours, and each run would upload again.
    if not re.fullmatch("[0-9A-F]{40}", thumbprint):
        raise ValueError("a thumbprint is not SHA-1 in hex")
    return thumbprint


def normalize_thumbprint(thumbprint: str) -> str:
    """Upper-case hex without separators: tools disagree on case, colons and blanks."""
    return "".join(character for character in thumbprint.upper() if character not in ": \u200e")
