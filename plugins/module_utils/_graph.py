# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Graph over HTTP: tokens, paging, and errors in Graph's shape."""

from __future__ import annotations

import base64
import json
import typing as t
import uuid
from urllib.parse import urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    NotFound,
    ServiceError,
    first_sentence,
)
from ansible_collections.msgraph.identity.plugins.module_utils._http import (
    READS,
    HttpClient,
    json_object,
    refused_for_now,
)
from ansible_collections.msgraph.identity.plugins.module_utils._recent import Recent
from ansible_collections.msgraph.identity.plugins.module_utils._settings import Settings
from ansible_collections.msgraph.identity.plugins.module_utils._tokens import TokenSource

if t.TYPE_CHECKING:
    import requests

CarriedOut = t.Callable[[], bool]
USER_AGENT = "ansible-msgraph.identity"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"  # the application that stands behind "az login" of a user


class GraphClient:
    """One signed-in client of one Graph.

    :param root: URL with the version, such as `https://graph.microsoft.com/v1.0`
    :ivar recent: the API connectors as they were read a moment ago
    """

    def __init__(self, root: str, tokens: TokenSource, http: HttpClient) -> None:
        self.http = http
        self.recent = Recent(http.clock)
        self._root = root
        self._tokens = tokens

    @classmethod
    def connect(cls, settings: Settings) -> GraphClient:
        """A client for `settings`; nothing is sent before the first request."""
        http = HttpClient(
            verify=settings.verify,
            timeout=settings.timeout,
            retries=settings.retries,
            retry_timeout=settings.retry_timeout,
        )
        return cls(
            f"{settings.cloud.graph_url}/{settings.api_version}",
            settings.credential.authenticate(settings.cloud, http),
            http,
        )

    def get(self, path: str, purpose: str) -> dict[str, t.Any]:
        """The object at `path`.

        :param path: below the version, percent-encoded
        :param purpose: what the request is for, as in "read API connector 'x'"; error messages begin with it
        :raises NotFound: for 404
        :raises ServiceError: for every other refusal
        """
        return self._call("GET", self._root + path, purpose)

    def pages(self, path: str, purpose: str) -> t.Iterator[dict[str, t.Any]]:
        """The objects of the collection at `path`, page by page: https://learn.microsoft.com/graph/paging."""
        url: str | None = self._root + path
        seen = set()
        while url:
            seen.add(url)
            page = self._call("GET", url, purpose)
            if not isinstance(page.get("value"), list):
                raise IdentityError(f"Could not {purpose}: Microsoft Graph answered without a list.")
            yield from page["value"]
            url = page.get("@odata.nextLink") or None
            # The token goes along, so it must not be led to another host.
            if url and not (isinstance(url, str) and url.startswith(self._root + "/")):
                raise IdentityError(f"Could not {purpose}: the link to the next page leads away from {self._root}.")
            if url in seen:
                raise IdentityError(f"Could not {purpose}: the link to the next page leads back to one that was read.")

    def post(
        self, path: str, body: dict[str, t.Any], purpose: str, carried_out: CarriedOut | None = None
    ) -> dict[str, t.Any]:
        """The answer to `body`, or nothing when it was lost and `carried_out` says that it was carried out.

        :param carried_out: asked when the answer is lost, before the request is sent again; without it, it is not
        :raises FateUnknown: when it may or may not have been carried out, and another try is not possible
        :raises ServiceError: when it was refused
        """
        return self._call("POST", self._root + path, purpose, body, carried_out)

    def patch(self, path: str, body: dict[str, t.Any], purpose: str, carried_out: CarriedOut | None = None) -> None:
        """Change the object at `path`; parameters and errors as for `post`."""
        self._call("PATCH", self._root + path, purpose, body, carried_out)

    def delete(self, path: str, purpose: str, carried_out: CarriedOut | None = None) -> None:
        """Delete the object at `path`; parameters and errors as for `post`."""
        self._call("DELETE", self._root + path, purpose, carried_out=carried_out)

    def _call(
        self,
        method: str,
        url: str,
        purpose: str,
        body: dict[str, t.Any] | None = None,
        carried_out: CarriedOut | None = None,
    ) -> dict[str, t.Any]:
        request_id = str(uuid.uuid4())
        try:
            response = self._send(method, url, request_id, body, carried_out)
        except IdentityError as exc:
            exc.message = f"Could not {purpose}: {exc.message}"
            raise
        if response is None or response.status_code == 204:
            return {}
        answer = json_object(response)
        if response.status_code < 300 and answer is not None:
            return answer
        error = _service_error(response, answer, purpose, request_id)
        if method in READS or refused_for_now(response) or 300 <= response.status_code < 500:
            raise error
        raise FateUnknown(error.message, error.failure) from error

    def _send(
        self, method: str, url: str, request_id: str, body: dict[str, t.Any] | None, carried_out: CarriedOut | None
    ) -> requests.Response | None:
        for renewed in (False, True):
            headers = {
                "Authorization": f"Bearer {self._tokens.token()}",
                "Accept": "application/json",
                "User-Agent": USER_AGENT,
                "client-request-id": request_id,
            }
            response = self.http.send(method, url, headers=headers, json=body, carried_out=carried_out)
            # A token may end or be revoked at any time; a request that was refused for it was not carried out.
            if response is None or response.status_code != 401 or renewed or not self._tokens.renew():
                break
        return response


def _service_error(
    response: requests.Response, answer: dict[str, t.Any] | None, purpose: str, client_request_id: str
) -> ServiceError:
    """The error that an answer stands for: https://learn.microsoft.com/graph/errors."""
    error = (answer or {}).get("error")
    error = error if isinstance(error, dict) else {}
    code, said = _text(error.get("code")), _text(error.get("message"))
    status = response.status_code
    if said:
        cause = f"{first_sentence(said)} ({f'{status} {code}' if code else status})"
    else:
        cause = (
            f"Microsoft Graph answered {status} {code}"
            if code
            else f"{urlsplit(response.url).netloc} answered {status}, but not as Microsoft Graph does"
        )
    kind = NotFound if status == 404 else ServiceError
    return kind(
        f"Could not {purpose}: {cause}.",
        status=status,
        code=code,
        service_message=said,
        request_id=response.headers.get("request-id"),
        client_request_id=client_request_id,
        hint=_hint(status, response.request),
    )


def _text(value: t.Any) -> str | None:
    return value[:1000] if isinstance(value, str) and value.strip() else None


def _hint(status: int, request: requests.PreparedRequest) -> str | None:
    if status == 401:
        return "The token was not accepted: check that it is meant for this Graph (graph_url, cloud_environment) and has not expired."
    if status == 403:
        permission = "APIConnectors.Read.All" if request.method in READS else "APIConnectors.ReadWrite.All"
        claims = _claims(request.headers.get("Authorization", ""))
        if claims.get("appid") == AZURE_CLI:
            return f"Azure CLI has no permission {permission} for users: sign in to it as a service principal, or use another auth_method."
        if "scp" in claims:
            return (
                f"The token is a user's: the application needs the delegated permission {permission} with admin consent, "
                "and the user the role External ID User Flow Administrator."
            )
        return f"The application needs the permission {permission} with admin consent."
    if status == 429:
        return "Graph is throttling this application or tenant: run fewer requests at a time, or raise retry_timeout."
    return None


def _claims(authorization: str) -> dict[str, t.Any]:
    """What a token says of itself, for a hint only; nothing where it is not a JWT (RFC 7519)."""
    try:
        payload = authorization.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
