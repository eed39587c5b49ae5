# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Graph over HTTP: tokens, paging, and errors in Graph's shape."""

from __future__ import annotations

import base64
import json
import re
import typing as t
import uuid
from contextlib import contextmanager
from dataclasses import dataclass

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    NotCarriedOut,
    NotFound,
    ServiceError,
    Unsettled,
    explained,
    first_sentence,
)
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets
from ansible_collections.msgraph.identity.plugins.module_utils._graph_codes import HINTS
from ansible_collections.msgraph.identity.plugins.module_utils._http import (
    READS,
    HttpClient,
    described,
    in_trouble,
    is_web_page,
    json_object,
    refused_for_now,
    wait_asked,
)
from ansible_collections.msgraph.identity.plugins.module_utils._urls import is_below

if t.TYPE_CHECKING:
    import requests

    from ansible_collections.msgraph.identity.plugins.module_utils._tokens import TokenSource

USER_AGENT = "ansible-msgraph.identity"
MOST_PAGES = 1000  # of one list; Graph's pages of API connectors have some dozens of entries
PAGE = "Check graph_url and whether a proxy or login page is in between."
REVOKED = "The session was revoked, or a policy of the tenant has changed."
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"  # the application that stands behind "az login" of a user


@dataclass(frozen=True)
class Kind:
    """A kind of resource, and what Graph wants of whoever calls for one.

    :ivar plural: as in "the API connectors"
    :ivar read: the permission to read, of an application or delegated by a user
    :ivar write: the permission to do anything
    :ivar role: what a user needs beside a delegated permission
    """

    plural: str
    read: str
    write: str
    role: str


@dataclass(frozen=True)
class Purpose:
    """What a request is for.

    :ivar what: as in "read API connector 'x'"; error messages say "Could not" before it
    :ivar during: the same for notices, as in "while API connector 'x' is read"
    """

    what: str
    kind: Kind
    during: str

    @contextmanager
    def explained(self) -> t.Iterator[None]:
        """Say of what goes wrong within it what it was for."""
        try:
            with explained(f"Could not {self.what}: "):
                yield
        except Unsettled as exc:
            exc.trouble = f"{exc.trouble} {self.during}"
            raise


R = t.TypeVar("R")


class GraphClient:
    """One signed-in client of one Graph. It may outlive a task, as the items of a loop share it.

    :param root: URL with the version, such as `https://graph.microsoft.com/v1.0`
    :ivar budget: that of the task which is running; each task sets its own
    """

    def __init__(self, root: str, tokens: TokenSource, http: HttpClient, budget: Budget) -> None:
        self.budget = budget
        self._root = root
        self._tokens = tokens
        self._http = http
        self._resources: dict[t.Any, t.Any] = {}

    def resource(self, kind: t.Callable[[GraphClient], R]) -> R:
        """The resource of class `kind`; it lives as long as the client, with what it remembers of its reads."""
        if kind not in self._resources:
            self._resources[kind] = kind(self)
        resource: R = self._resources[kind]
        return resource

    def get(self, path: str, purpose: Purpose) -> dict[str, t.Any]:
        """The object at `path`.

        :param path: below the version, percent-encoded
        :raises NotFound: for 404
        :raises ServiceError: for every other refusal
        """
        return self._call("GET", self._root + path, purpose)

    def pages(
        self, path: str, purpose: Purpose, budget: Budget | None = None, most: int = MOST_PAGES
    ) -> t.Iterator[dict[str, t.Any]]:
        """The objects of the collection at `path`, page by page: https://learn.microsoft.com/graph/paging.

        :param budget: the part of the task's that the list is worth, instead of all of it
        :param most: how many pages it may have
        """
        url: str | None = self._root + path
        seen = set()
        while url:
            seen.add(url)
            page = self._call("GET", url, purpose, budget=budget)
            with purpose.explained():
                if not isinstance(page.get("value"), list):
                    raise IdentityError("Microsoft Graph answered without a list.")
                url = page.get("@odata.nextLink") or None
                # The token goes along, so it must not be led to another host.
                if url and not is_below(url, self._root):
                    raise IdentityError(f"the link to the next page leads away from {self._root}.")
                if url in seen:
                    raise IdentityError("the link to the next page leads back to one that was read.")
                if url and len(seen) >= most:
                    raise IdentityError(f"the list has more than {most} pages, and no tenant has that many.")
            yield from page["value"]

    def post(self, path: str, body: dict[str, t.Any], purpose: Purpose) -> dict[str, t.Any]:
        """The answer to `body`, which is sent once.

        :raises ServiceError: when it was refused
        :raises NotCarriedOut: when it was not carried out, and may be sent again
        :raises FateUnknown: when it may or may not have been carried out
        """
        return self._call("POST", self._root + path, purpose, body)

    def patch(self, path: str, body: dict[str, t.Any], purpose: Purpose) -> None:
        """Change the object at `path`; errors as for `post`."""
        self._call("PATCH", self._root + path, purpose, body)

    def delete(self, path: str, purpose: Purpose) -> None:
        """Delete the object at `path`; errors as for `post`."""
        self._call("DELETE", self._root + path, purpose)

    def _call(
        self,
        method: str,
        url: str,
        purpose: Purpose,
        body: dict[str, t.Any] | None = None,
        budget: Budget | None = None,
    ) -> dict[str, t.Any]:
        request_id = str(uuid.uuid4())
        response = self._send(method, url, request_id, body, purpose, budget or self.budget)
        if response.status_code == 204:
            return {}
        answer = json_object(response)
        if response.status_code < 300 and answer is not None:
            self.budget.secrets.add_open(answer)
            return answer
        error = _service_error(response, answer, purpose, request_id, self.budget.secrets, self._tokens.anew)
        if method in READS:
            raise error
        if refused_for_now(response):
            kind: type[Unsettled] = NotCarriedOut
        elif 300 <= response.status_code < 500 and not in_trouble(response):
            raise error
        else:
            kind = FateUnknown
        trouble = f"{described(response)} {purpose.during}"
        raise kind(error.message, error.failure, trouble=trouble, wait=wait_asked(response)) from error

    def _send(
        self,
        method: str,
        url: str,
        request_id: str,
        body: dict[str, t.Any] | None,
        purpose: Purpose,
        budget: Budget,
    ) -> requests.Response:
        for renewed in (False, True):
            # What is said of signing in begins with that.
            token = self._tokens.token(self.budget)
            self.budget.secrets.add_made(token)
            headers = {
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "User-Agent": USER_AGENT,
                "client-request-id": request_id,
            }
            with purpose.explained():
                response = self._http.send(budget, method, url, during=purpose.during, headers=headers, json=body)
            # A token may end or be revoked at any time; a request that was refused for it was not carried out.
            if response.status_code != 401 or renewed or not self._tokens.renew(claims_challenge(response)):
                break
        return response


def claims_challenge(response: requests.Response) -> str | None:
    """The claims, as JSON, that the next token is to be asked for with, when this one was revoked before its end or is no
    longer enough; empty when they cannot be read. None when that is not what the answer says.

    https://learn.microsoft.com/entra/identity-platform/claims-challenge
    """
    challenge = response.headers.get("WWW-Authenticate", "")
    if response.status_code != 401 or not re.search(r'error="?insufficient_claims\b', challenge, re.IGNORECASE):
        return None
    found = re.search(r'\bclaims="?([\w+/=-]+)', challenge, re.IGNORECASE)
    claims = _from_base64(found.group(1)) if found else {}
    return json.dumps(claims) if claims else ""


def _service_error(
    response: requests.Response,
    answer: dict[str, t.Any] | None,
    purpose: Purpose,
    client_request_id: str,
    secrets: Secrets,
    anew: str,
) -> ServiceError:
    """The error that an answer stands for: https://learn.microsoft.com/graph/errors.

    :param secrets: not to be quoted
    :param anew: how to sign in anew
    """
    error = (answer or {}).get("error")
    error = error if isinstance(error, dict) else {}
    code, said = secrets.code(error.get("code")), secrets.message(error.get("message"))
    status = response.status_code
    coded = f"{status} {code}" if code else str(status)
    kind: type[ServiceError] = ServiceError
    hint = _hint(status, code, response.request, purpose.kind)
    not_offered = status == 404 and _is_not_offered(error)
    if status == 404 and (error or not response.content) and not not_offered:
        kind = NotFound
    if not_offered:
        cause = f"this tenant or cloud does not offer {purpose.kind.plural} ({coded})"
        hint = "Check the kind of tenant (workforce or Azure AD B2C), cloud_environment and api_version."
    elif is_web_page(response):
        cause = described(response)
        # Whoever is in trouble may say so on a page of its own.
        hint = PAGE if status < 500 else None
    elif said:
        cause = f"{first_sentence(said)} ({coded})"
    elif code:
        cause = f"Microsoft Graph answered {coded}"
    else:
        cause = f"{described(response)}, but not as Microsoft Graph does"
    return kind(
        f"Could not {purpose.what}: {cause}.",
        status=status,
        code=code,
        service_message=said,
        request_id=secrets.code(response.headers.get("request-id")),
        client_request_id=client_request_id,
        hint=f"{REVOKED} {anew}" if claims_challenge(response) is not None else hint,
    )


def _is_not_offered(error: dict[str, t.Any]) -> bool:
    """Whether a 404 is about the route and not about an object: the front end or the back end does not know it.

    Seen in tenants and clouds without the service; the third one is that of a version that lacks the route.

    :param error: as Graph said it: with stars in it, it would mean something else
    """
    code, said = error.get("code"), str(error.get("message"))
    return (
        code == "UnknownError"
        or (code == "NotFound" and said.startswith("Requested API is not supported"))
        or (code == "BadRequest" and said.startswith("Resource not found for the segment"))
    )


def _hint(status: int, code: str | None, request: requests.PreparedRequest, kind: Kind) -> str | None:
    if status == 401:
        return "The token was not accepted: check that it is meant for this Graph (graph_url, cloud_environment) and has not expired."
    if status == 403:
        permission = kind.read if request.method in READS else kind.write
        claims = _claims(request.headers.get("Authorization", ""))
        if claims.get("appid") == AZURE_CLI:
            return f"Azure CLI has no permission {permission} for users: sign in to it as a service principal, or use another auth_method."
        if "scp" in claims:
            return (
                f"The token is a user's: the application needs the delegated permission {permission} with admin consent, "
                f"and the user the role {kind.role}."
            )
        return f"The application needs the permission {permission} with admin consent."
    if status == 429:
        return "Graph is throttling this application or tenant: run fewer requests at a time, or raise retry_timeout."
    return HINTS.get(code or "")


def _claims(authorization: str) -> dict[str, t.Any]:
    """What a token says of itself, for a hint only; nothing where it is not a JWT (RFC 7519)."""
    parts = authorization.split(".")
    return _from_base64(parts[1]) if len(parts) > 1 else {}


def _from_base64(text: str) -> dict[str, t.Any]:
    """The JSON object that is written in base64, of either alphabet; empty when there is none."""
    try:
        text = text.rstrip("=").replace("+", "-").replace("/", "_")
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
