# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to sign in: options → credential → token.

One small frozen class a method. C{validate} looks at options only and never at the network: it returns the credential or what it lacks.
C{authenticate} opens a session with Entra ID that yields tokens.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError, first_sentence

with suppress(ImportError):  # require_libraries() names what is missing
    import msal
    import requests

if t.TYPE_CHECKING:
    from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud
    from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient


@dataclass(frozen=True)
class Found:
    """A value and where it was found, as in "the task"."""

    value: str = field(repr=False)
    origin: str


@dataclass(frozen=True)
class Lacking:
    """The options that a method still needs."""

    options: tuple[str, ...]


Options = t.Mapping[str, Found]


class TokenSource(t.Protocol):
    """An open session with whoever issues tokens."""

    def token(self) -> str:
        """A bearer token for Graph that is still valid; signs in when there is none.

        :raises IdentityError: when signing in was refused or did not work
        """

    def renew(self) -> bool:
        """Forget the token, so that the next one is new. False when there is no other token to be had."""


class Credential(t.Protocol):
    """What is needed to sign in by one method, complete."""

    method: t.ClassVar[str]
    needs: t.ClassVar[tuple[str, ...]]

    @classmethod
    def validate(cls, options: Options) -> Credential | Lacking:
        """The credential that C{options} amount to, or what they lack."""

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """The session that yields tokens for C{cloud}. Nothing is sent before the first token is asked for."""


@dataclass(frozen=True)
class AccessToken:
    """A token that somebody else obtained, application or delegated."""

    access_token: str = field(repr=False)

    method: t.ClassVar[str] = "access_token"
    needs: t.ClassVar[tuple[str, ...]] = ("access_token",)

    @classmethod
    def validate(cls, options: Options) -> AccessToken | Lacking:
        lacking = _lacking(cls.needs, options)
        return lacking or cls(options["access_token"].value)

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        return _FixedToken(self.access_token)


class _FixedToken:
    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renew(self) -> bool:
        return False


@dataclass(frozen=True)
class ClientSecret:
    """An application that signs in with a secret."""

    tenant: str
    client_id: str
    secret: str = field(repr=False)

    method: t.ClassVar[str] = "client_secret"
    needs: t.ClassVar[tuple[str, ...]] = ("tenant", "client_id", "secret")

    @classmethod
    def validate(cls, options: Options) -> ClientSecret | Lacking:
        lacking = _lacking(cls.needs, options)
        return lacking or cls(*(options[name].value for name in cls.needs))

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        return _ConfidentialClient(self.tenant, self.client_id, self.secret, cloud, http)


class _ConfidentialClient:
    """Client credentials flow through msal, which keeps the token in memory and renews it before it ends."""

    def __init__(self, tenant: str, client_id: str, client_credential: str | dict[str, t.Any], cloud: Cloud, http: HttpClient) -> None:
        self._tenant = tenant
        self._client_id = client_id
        self._client_credential = client_credential
        self._cloud = cloud
        self._http = http
        self._application: msal.ConfidentialClientApplication | None = None

    def token(self) -> str:
        answer = self._ask()
        if "access_token" not in answer:
            raise _refusal(answer, None)
        return str(answer["access_token"])

    def renew(self) -> bool:
        self._application = None
        return True

    def _ask(self) -> dict[str, t.Any]:
        try:
            if self._application is None:
                self._application = msal.ConfidentialClientApplication(
                    self._client_id,
                    client_credential=self._client_credential,
                    authority=f"{self._cloud.authority_host}/{quote(self._tenant, safe='')}",
                    # The hosts are the user's or the cloud's own: nobody else is asked whether they are genuine.
                    instance_discovery=False,
                    azure_region=False,
                    http_client=_MsalHttp(self._http),
                )
            answer: dict[str, t.Any] = self._application.acquire_token_for_client([self._cloud.scope])
            return answer
        except (ValueError, msal.exceptions.MsalError) as exc:
            # What msal says may quote an answer; what it cannot use is said by _MsalHttp, or is in the options.
            raise IdentityError(f"Signing in at {self._cloud.authority_host} failed for tenant '{self._tenant}'. Check tenant and authority_host.") from exc


class _MsalHttp:
    """What msal wants of an HTTP client, given by ours: one place for timeouts, retries, TLS and proxies.

    Answers that are no use to msal end here, because it would log and quote them.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def get(self, url: str, params: t.Any = None, headers: t.Any = None, **unused: t.Any) -> requests.Response:
        """Only for the endpoints of the tenant; where there are none, Entra ID says why."""
        response = self._send("GET", url, params=params, headers=headers)
        if response.status_code != 200:
            raise _refusal(response.json(), response.status_code)
        return response

    def post(self, url: str, params: t.Any = None, data: t.Any = None, headers: t.Any = None, **unused: t.Any) -> requests.Response:
        # Asking for a token changes nothing, so it may be asked again.
        return self._send("POST", url, params=params, data=data, headers=headers, repeatable=True)

    def close(self) -> None:
        """The session belongs to our client."""

    def _send(self, method: str, url: str, **arguments: t.Any) -> requests.Response:
        try:
            response = self._http.send(method, url, **arguments)
        except IdentityError as exc:
            exc.message = f"Could not sign in: {exc.message}"
            raise
        if response.status_code < 500 and _is_answer_of_entra(response):
            return response
        raise ServiceError(
            f"Could not sign in: {urlsplit(url).netloc} answered {response.status_code}, which is not an answer of Microsoft Entra ID.",
            status=response.status_code,
            hint="Check authority_host and the proxy, or try again later.",
        )


def _is_answer_of_entra(response: requests.Response) -> bool:
    try:
        answer = response.json()
    except ValueError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("error", ""), str)


METHODS: tuple[type[Credential], ...] = (AccessToken, ClientSecret)


def choose_credential(auth_method: str, levels: t.Sequence[Options]) -> Credential:
    """The first complete credential: level by level, and in each level method by method.

    :param auth_method: C{auto}, or the one method to use
    :param levels: options found, each level a superset of the one before: the task's, then with the environment's added
    :raises IdentityError: when none is complete, saying what was found where and what is missing
    """
    methods = [method for method in METHODS if auth_method in ("auto", method.method)]
    for options in levels:
        for method in methods:
            credential = method.validate(options)
            if not isinstance(credential, Lacking):
                return credential
    described = " ".join(_describe(method, levels[-1]) for method in methods)
    raise IdentityError(f"Cannot sign in: no method has all it needs. {described} Give what is missing in the task or in the environment.")


def _lacking(needs: tuple[str, ...], options: Options) -> Lacking | None:
    missing = tuple(name for name in needs if name not in options)
    return Lacking(missing) if missing else None


def _describe(method: type[Credential], options: Options) -> str:
    has = [f"{name} (from {options[name].origin})" for name in method.needs if name in options]
    lacks = [name for name in method.needs if name not in options]
    return f"{method.method} has {', '.join(has) or 'nothing'} and lacks {', '.join(lacks)}."


# Codes: U(https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
_HINTS = {
    7000215: "The secret is wrong: give the secret's value, not its ID.",
    7000222: "The secret has expired: create a new one for the application.",
    700016: "No application with this client_id is known in this tenant: check client_id and tenant.",
    90002: "This tenant is not known: check tenant and cloud_environment.",
}


def _refusal(answer: dict[str, t.Any], status: int | None) -> ServiceError:
    codes = answer.get("error_codes") or []
    # The lines after the first one are trace id, correlation id and time, which have a place of their own.
    said = str(answer.get("error_description") or answer.get("error")).splitlines()[0].split(" Trace ID:")[0]
    return ServiceError(
        f"Microsoft Entra ID refused to sign in: {first_sentence(said)}.",
        status=status,
        code=f"AADSTS{codes[0]}" if codes else answer.get("error"),
        service_message=said,
        request_id=answer.get("trace_id"),
        client_request_id=answer.get("correlation_id"),
        hint=next((_HINTS[code] for code in codes if code in _HINTS), None),
    )
