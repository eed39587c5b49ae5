# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that concern API connectors, and what was read of them a moment ago."""

from __future__ import annotations

import re
import typing as t
from contextlib import contextmanager
from urllib.parse import quote

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    ApiConnector,
    Changes,
    Named,
    parse_connector,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, IdentityError, NotFound
from ansible_collections.msgraph.identity.plugins.module_utils._graph import (
    MOST_PAGES,
    GraphClient,
    Kind,
    Purpose,
)
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload
from ansible_collections.msgraph.identity.plugins.module_utils._names import only_looks_like, spelled_out
from ansible_collections.msgraph.identity.plugins.module_utils._recent import LONGEST, Recent
from ansible_collections.msgraph.identity.plugins.module_utils._text import listed
from ansible_collections.msgraph.identity.plugins.module_utils._urls import same_url

FEW_PAGES = 10  # of a list that only spares requests

# https://learn.microsoft.com/graph/permissions-reference#apiconnectorsreadwriteall
KIND = Kind(
    "API connectors", "APIConnectors.Read.All", "APIConnectors.ReadWrite.All", "External ID User Flow Administrator"
)


# Seen: GUIDs, and GUIDs with a prefix.
LIKE_AN_ID = r"(\w+_)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class ApiConnectors:
    """The API connectors of one tenant."""

    _PATH = "/identity/apiConnectors"

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph
        self._recent = Recent(graph.budget.clock)

    @property
    def budget(self) -> Budget:
        """That of the task which is running."""
        return self._graph.budget

    def get(self, connector_id: str, label: str | None = None) -> ApiConnector | None:
        """The connector, or None when there is none: https://learn.microsoft.com/graph/api/identityapiconnector-get.

        :param label: what it is called, where more than the ID is known
        :raises IdentityError: when the answer is another connector; nothing is decided on that
        """
        name = label or Named(connector_id, None)
        what = f"read {name}"
        try:
            connector = parse_connector(self._graph.get(self._path(connector_id), _to(what, f"{name} is read")))
        except NotFound:
            return None
        if not connector.has_id(connector_id):
            raise IdentityError(f"Could not {what}: {_another(connector)}")
        return connector

    def all(self) -> tuple[list[ApiConnector], list[IdentityError]]:
        """All connectors, and what is wrong with those that are not understood: one of a new kind is no trouble for the
        others.

        https://learn.microsoft.com/graph/api/identitycontainer-list-apiconnectors.
        """
        connectors, errors = [], []
        for answer in self._listed(LIST):
            try:
                connectors.append(parse_connector(answer))
            except IdentityError as exc:
                errors.append(exc)
        return connectors, errors

    def named(self, display_name: str) -> list[ApiConnector]:
        """The connectors whose display name is exactly this: Graph does not promise that names are unique."""
        return _having("displayName", display_name, self._listed(_find(f"API connector '{display_name}'")))

    def look_up(self, named: Named, glanced: ApiConnector | None = None) -> ApiConnector | None:
        """The connector that `named` names, read now; or None.

        :param glanced: what a glance has found; spares the list when its name is still the one
        :raises IdentityError: when several bear the name
        """
        if named.connector_id:
            return self.get(named.connector_id)
        again = self.get(glanced.id, glanced.full_label) if glanced else None
        if again and again.display_name == named.connector_name:
            return again
        found = self.named(named.connector_name or "")
        if len(found) > 1:
            ids = listed([connector.id for connector in found])
            raise IdentityError(
                f"'{named.connector_name}' is ambiguous: API connectors {ids} have that name. Give one of them as connector_id."
            )
        return found[0] if found else None

    def glance(self, named: Named) -> ApiConnector | None:
        """The connector as it was a few seconds ago at most, if that is known. None says nothing.

        Who asks for one connector after the other gets them from one list: Graph counts requests, and there may be
        hundreds.
        """
        objects = self._recent.objects()
        if objects is None and named.connector_id and self._recent.worth_reading():
            try:
                self._listed(LIST, self.budget.part(LONGEST, retries=0), FEW_PAGES)
                objects = self._recent.objects()  # if the list was not too slow
            except IdentityError:
                # No error of this task, which asks for one connector and will be told.
                self._recent.not_worth_reading()
        self._recent.asked = True
        name, value = ("id", named.connector_id) if named.connector_id else ("displayName", named.connector_name)
        try:
            found = _having(name, value or "", objects or [])
        except IdentityError:
            return None
        return found[0] if len(found) == 1 and found[0].id.casefold() not in self._recent.written else None

    def served(self) -> None:
        """A glance has spared a request."""
        self._recent.served()

    def look_alikes(self, display_name: str) -> dict[str, str]:
        """The connectors whose names only look like this one: their names by ID."""
        objects = self._recent.objects()
        answers = self._listed(LIST) if objects is None else objects
        names = {answer.get("id"): answer.get("displayName") for answer in answers if isinstance(answer, dict)}
        return {
            identifier: name
            for identifier, name in names.items()
            if isinstance(identifier, str) and isinstance(name, str) and only_looks_like(name, display_name)
        }

    def suggestion(self, named: Named) -> str:
        """A sentence that helps where no connector is found under that name."""
        if named.connector_id:
            if named.connector_name or re.fullmatch(LIKE_AN_ID, named.connector_id):
                return ""
            return (
                "connector_id takes an ID such as 45715bb8-13f9-4bf6-927f-ef96c102d394; "
                "give a display name as connector_name."
            )
        alike = [
            spelled_out(name, identifier) for identifier, name in self.look_alikes(named.connector_name or "").items()
        ]
        return f"Names match exactly: did you mean {listed(alike, 'or')}?" if alike else ""

    def create(self, connector: Changes) -> ApiConnector | None:
        """Create a connector: https://learn.microsoft.com/graph/api/identitycontainer-post-apiconnectors.

        Errors of this and all other writes are those of `GraphClient.post`; an answer that is not about this write
        counts as lost.

        :param connector: with all that Graph wants to have: name, URL and authentication
        :returns: the connector; None when the answer is empty
        """
        name = f"API connector '{connector.display_name}'"
        purpose = _to(f"create {name}", f"{name} is created")
        with self._writing(None):
            answer = self._graph.post(self._PATH, connector.body(), purpose)

            def is_made(made: ApiConnector) -> bool:
                same = made.display_name == connector.display_name
                return same and same_url(made.target_url, connector.target_url)

            return _shown(answer, purpose, is_made)

    def update(self, connector: ApiConnector, changes: Changes) -> None:
        """Change what `changes` sets: https://learn.microsoft.com/graph/api/identityapiconnector-update."""
        body = changes.body()
        whole = list(body) == ["authenticationConfiguration"]
        name = connector.full_label
        purpose = (
            _to(f"replace the authentication of {name}", f"the authentication of {name} is replaced")
            if whole
            else _to(f"change {name}", f"{name} is changed")
        )
        with self._writing(connector.id if changes.display_name is None else None):
            self._graph.patch(self._path(connector.id), body, purpose)

    def delete(self, connector: ApiConnector) -> None:
        """Delete a connector: https://learn.microsoft.com/graph/api/identityapiconnector-delete.

        :raises NotFound: when it is not there any more
        """
        with self._writing(connector.id):
            name = connector.full_label
            self._graph.delete(self._path(connector.id), _to(f"delete {name}", f"{name} is deleted"))

    def upload_client_certificate(self, connector: ApiConnector, upload: Upload) -> ApiConnector | None:
        """Add a certificate: https://learn.microsoft.com/graph/api/identityapiconnector-uploadclientcertificate.

        :returns: the connector as it is afterwards; None when the answer is empty
        """
        name = connector.full_label
        purpose = _to(f"upload the certificate to {name}", f"the certificate is uploaded to {name}")
        path = f"{self._path(connector.id)}/uploadClientCertificate"
        with self._writing(connector.id):
            answer = self._graph.post(path, upload.body(), purpose)
            return _shown(answer, purpose, lambda shown: shown.has_id(connector.id))

    def _listed(self, purpose: Purpose, budget: Budget | None = None, most: int = MOST_PAGES) -> list[t.Any]:
        return self._recent.keep(self._graph.pages(self._PATH, purpose, budget, most))

    @contextmanager
    def _writing(self, connector_id: str | None) -> t.Iterator[None]:
        """A write invalidates what was read before it or during it.

        :param connector_id: the one connector that it concerns, or None when it changes which names there are
        """
        try:
            yield
        finally:
            if connector_id:
                self._recent.written.add(connector_id.casefold())
            else:
                self._recent.forget()

    def _path(self, connector_id: str) -> str:
        # Ids are opaque: whatever is in them stays in one path segment. These two would not.
        if connector_id in (".", ".."):
            raise IdentityError(f"'{connector_id}' cannot be the ID of an API connector. Check connector_id.")
        return f"{self._PATH}/{quote(connector_id, safe='')}"


def _to(what: str, during: str) -> Purpose:
    return Purpose(what, KIND, f"while {during}")


def _find(name: str) -> Purpose:
    return _to(f"find {name}", f"{name} is looked for")


LIST = _to("list the API connectors", "the API connectors are listed")


def _having(name: str, value: str, answers: t.Iterable[t.Any]) -> list[ApiConnector]:
    # Compared before they are parsed: a strange connector is no trouble for the others.
    return [parse_connector(answer) for answer in answers if isinstance(answer, dict) and answer.get(name) == value]


def _shown(answer: dict[str, t.Any], purpose: Purpose, fits: t.Callable[[ApiConnector], bool]) -> ApiConnector | None:
    """The connector in the answer to a write.

    :param fits: whether a connector can be the answer to this write
    :raises FateUnknown: when it is another one, or is not understood
    """
    if not answer:
        return None
    try:
        connector = parse_connector(answer)
    except IdentityError as exc:
        trouble = f"The answer was not understood {purpose.during}"
        raise FateUnknown(f"Could not {purpose.what}: {exc.message}", trouble=trouble) from exc
    if not fits(connector):
        trouble = f"The answer was about something else {purpose.during}"
        raise FateUnknown(f"Could not {purpose.what}: {_another(connector)}", trouble=trouble)
    return connector


def _another(connector: ApiConnector) -> str:
    return f"Microsoft Graph answered with another one, {connector.full_label}. Look for a proxy that mixes answers up."
