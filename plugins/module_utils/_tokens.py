# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where tokens come from: msal for applications and managed identities, the Azure CLI, or somebody else. Tokens stay in
memory.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, quote, urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._az_process import TRY, run_az
from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import LOGIN_HOSTS, Cloud
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    IdentityError,
    ServiceError,
    Unreachable,
    explained,
    first_sentence,
)
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets
from ansible_collections.msgraph.identity.plugins.module_utils._http import (
    HttpClient,
    described,
    is_web_page,
    json_object,
)
from ansible_collections.msgraph.identity.plugins.module_utils._urls import https_parts

with suppress(ImportError):  # require_libraries() names what is missing
    import msal
    import requests

EARLY = 300  # seconds before its end from which a token is not used any more
CLI_TIMEOUT = 60  # seconds; az takes some to start
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint")  # what msal reads in it
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SAYING = ("error_description", "message", "error")  # where a refusal has its reason
WITH_IDENTITY = "Could not sign in with the managed identity"
WITH_CLI = "Could not sign in with the Azure CLI"
OUTSIDE = "Use another auth_method outside of Azure."
MANAGED_IDENTITY_TIMEOUT = 3  # seconds; the endpoint is on the machine or its host


class TokenSource(t.Protocol):
    """An open session with whoever issues tokens.

    :ivar anew: how a person signs in anew, in one sentence
    """

    anew: str

    def token(self, budget: Budget) -> str:
        """A bearer token for Graph that is still valid; signs in when there is none.

        :param budget: of the task, which signing in spends
        :raises IdentityError: when signing in was refused or did not work
        """

    def renew(self, claims: str | None = None) -> bool:
        """Forget the token, so that the next one is new. False when there is no other token to be had.

        :param claims: what the next token has to be asked for with, as JSON; None when nobody has said so
        """


class FixedToken:
    """A token as it was given."""

    anew = "Give a new access_token."

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        return self._token

    def renew(self, claims: str | None = None) -> bool:
        """There is no other token."""
        return False


class ConfidentialClientTokens:
    """Client credentials flow through msal, which keeps the token in memory and renews it before it ends.

    :param client_credential: a secret, or a dict with a key or an assertion, as msal takes it
    """

    anew = "See the sign-in log of the application."

    def __init__(
        self, tenant: str, client_id: str, client_credential: str | dict[str, t.Any], cloud: Cloud, http: HttpClient
    ) -> None:
        self._tenant = tenant
        self._client_id = client_id
        self._client_credential = client_credential
        self._cloud = cloud
        self._http = _MsalHttp(http, self._check, self._endpoints)
        self._application: msal.ConfidentialClientApplication | None = None
        self._claims: str | None = None

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        claims, self._claims = self._claims, None
        try:
            with explained(f"Could not sign in to tenant {self._tenant} as application {self._client_id}: "):
                return self._ask(budget, claims)
        except IdentityError:
            # msal answers from memory for a while what it was answered once.
            self._application = None
            raise

    def _ask(self, budget: Budget, claims: str | None) -> str:
        unusable = IdentityError(
            f"no request can be made to {self._cloud.authority_host}. Check tenant, client_id and authority_host."
        )
        with self._http.serving(budget, unusable, _not_entra):
            if self._application is None:
                self._application = msal.ConfidentialClientApplication(
                    self._client_id,
                    client_credential=self._client_credential,
                    authority=f"{self._cloud.authority_host}/{quote(self._tenant, safe='')}",
                    # The hosts are the user's or the cloud's own: nobody else is asked whether they are genuine.
                    instance_discovery=False,
                    # Nor does MSAL_FORCE_REGION in the environment lead to others.
                    azure_region=False,
                    http_client=self._http,
                )
            answer = self._application.acquire_token_for_client([self._cloud.scope], claims_challenge=claims)
            return _token_in(answer, budget.secrets)

    def renew(self, claims: str | None = None) -> bool:
        """Forget the token, so that the next one is new, and asked for with `claims`."""
        self._application = None
        self._claims = claims or None
        return True

    def _check(self, response: requests.Response, secrets: Secrets) -> None:
        _check_entra(response, secrets, self._cloud.authority_host)

    def _endpoints(self) -> dict[str, str] | None:
        """The endpoints of the tenant, where they are known."""
        signs = isinstance(self._client_credential, dict) and "private_key" in self._client_credential
        # What is signed is meant for an endpoint with the ID of the tenant in it: its domain name has to be looked up.
        return None if signs and not GUID.fullmatch(self._tenant) else self._cloud.endpoints(self._tenant)


class ManagedIdentityTokens:
    """A managed identity through msal: App Service, Azure Arc, or the instance metadata service (IMDS) of a virtual
    machine.

    https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token.
    """

    anew = "Try again later, or see the sign-in log of the managed identity."

    def __init__(self, client_id: str | None, cloud: Cloud) -> None:
        self._client_id = client_id
        self._cloud = cloud
        # Its own client: the endpoint is near, is never behind a proxy, and answers soon or not at all.
        http = HttpClient(verify=True, timeout=MANAGED_IDENTITY_TIMEOUT, direct=True)
        self._http = _MsalHttp(http, _check_managed_identity, retries=1)
        self._client: msal.ManagedIdentityClient | None = None

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        unusable = IdentityError("this kind of endpoint is not supported. Use another auth_method.")
        try:
            with explained(f"{WITH_IDENTITY}: "), self._http.serving(budget, unusable, _not_managed_identity):
                return self._ask(budget)
        except IdentityError as exc:
            self._client = None
            if isinstance(exc, Unreachable):
                raise IdentityError(f"{WITH_IDENTITY}: its endpoint does not answer. {OUTSIDE}") from exc
            raise

    def _ask(self, budget: Budget) -> str:
        if self._client is None:
            kind = (
                msal.UserAssignedManagedIdentity(client_id=self._client_id)
                if self._client_id
                else msal.SystemAssignedManagedIdentity()
            )
            self._client = msal.ManagedIdentityClient(kind, http_client=self._http)
        try:
            answer = self._client.acquire_token_for_client(resource=self._cloud.graph_url)
        except OSError as exc:
            raise IdentityError(
                f"the key of Azure Arc cannot be read: {exc.strerror}. Let the user of the task read it, as a member of himds."
            ) from exc
        return _token_in(answer, budget.secrets)

    def renew(self, claims: str | None = None) -> bool:
        """Forget the token, so that the next one is new. The endpoint answers from a cache of its own, so that one that was
        revoked comes again.
        """
        self._client = None
        return claims is None


class AzureCliTokens:
    """`az account get-access-token`: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token."""

    anew = "Run: az login"

    def __init__(self, tenant: str | None, cloud: Cloud) -> None:
        self._tenant = tenant
        self._cloud = cloud
        self._kept: tuple[str, float] | None = None

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        if self._kept is None or self._kept[1] - EARLY < time.time():
            with explained(f"{WITH_CLI}: "):
                self._kept = self._ask(budget)
        return self._kept[0]

    def renew(self, claims: str | None = None) -> bool:
        """Forget the token. The CLI answers from a cache of its own until a token ends, but it notices a new login."""
        self._kept = None
        return claims is None

    def _ask(self, budget: Budget) -> tuple[str, float]:
        """A token, and when it ends in seconds since the epoch. What the CLI prints is shown to nobody: it may be a
        token.
        """
        # Relative entries of PATH would let the current directory decide which program this is.
        path = os.pathsep.join(entry for entry in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(entry))
        az = shutil.which("az", path=path)
        if az is None:
            raise IdentityError(
                "there is no az in PATH. Install the Azure CLI where the task runs, or use another auth_method."
            )
        command = [az, "account", "get-access-token", "--output", "json", "--resource", self._cloud.graph_url]
        if self._tenant:
            command += ["--tenant", self._tenant]
        code, output, errors = run_az(command, os.path.dirname(az), budget.time_for(CLI_TIMEOUT))
        if code != 0:
            problem = (
                "is not signed in. Run: az login" if b"az login" in errors else f"failed with exit code {code}. {TRY}"
            )
            raise IdentityError(f"it {problem}{f' --tenant {self._tenant}' if self._tenant else ''}")
        try:
            answer = json.loads(output)
            # Versions before 2.54 tell only the local time at which it ends.
            ends = (
                float(answer["expires_on"])
                if "expires_on" in answer
                else datetime.fromisoformat(answer["expiresOn"]).timestamp()
            )
            if not isinstance(answer["accessToken"], str) or not answer["accessToken"]:
                raise ValueError("no token")
            return answer["accessToken"], ends
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise IdentityError(f"it did not answer with a token. {TRY}") from None


@dataclass(frozen=True)
class _Known:
    """An answer that nobody was asked for, with what msal looks at."""

    text: str
    status_code: int = 200
    headers: t.Mapping[str, str] = field(default_factory=dict)


class _MsalHttp:
    """What msal wants of an HTTP client, given by ours: one place for timeouts, retries, TLS and proxies.

    :param check: raises for answers that are no use to msal, which would log and quote them; called with the secrets that
        are not to be quoted
    :param endpoints: gives those of the tenant, when nobody has to be asked for them
    :param retries: how often a request may be repeated, instead of what the budget says
    """

    _budget: Budget
    _answer: requests.Response | None = None

    def __init__(
        self,
        http: HttpClient,
        check: t.Callable[[requests.Response, Secrets], None],
        endpoints: t.Callable[[], dict[str, str] | None] = lambda: None,
        retries: int | None = None,
    ) -> None:
        self._http = http
        self._check = check
        self._endpoints = endpoints
        self._retries = retries

    @contextmanager
    def serving(
        self, budget: Budget, unusable: IdentityError, strange: t.Callable[[requests.Response], IdentityError]
    ) -> t.Iterator[None]:
        """Let msal get a token within this: the one place for whatever it makes of an answer that nobody has foreseen. Its
        exceptions may quote the answer.

        :param budget: of the task
        :param unusable: the error when msal fails before it has got an answer: then it is the options
        :param strange: the error for the answer with which msal fails
        """
        self._budget, self._answer = budget, None
        try:
            yield
        except IdentityError:
            raise
        except Exception as exc:
            raise (strange(self._answer) if self._answer is not None else unusable) from exc

    def get(self, url: str, params: t.Any = None, headers: t.Any = None, **unused: t.Any) -> requests.Response | _Known:
        """For the endpoints of a tenant, or a token of a managed identity."""
        known = self._endpoints() if url.endswith(DISCOVERY) else None
        if known:
            return _Known(json.dumps(known))
        return self._send("GET", url, params=params, headers=headers)

    def post(
        self, url: str, params: t.Any = None, data: t.Any = None, headers: t.Any = None, **unused: t.Any
    ) -> requests.Response:
        """For a token. Asking for one changes nothing, so it may be asked again."""
        return self._send("POST", url, params=params, data=data, headers=headers, repeatable=True)

    def close(self) -> None:
        """The session belongs to our client."""

    def _send(self, method: str, url: str, **arguments: t.Any) -> requests.Response:
        data, headers = arguments.get("data") or {}, arguments.get("headers") or {}
        secrets = self._budget.secrets
        secrets.add_made(data.get("client_secret"), data.get("client_assertion"))
        secrets.add_made(headers.get("X-IDENTITY-HEADER"), headers.get("Authorization", "").removeprefix("Basic "))
        budget = self._budget.part(retries=self._retries)
        response = self._http.send(budget, method, url, during="while signing in", **arguments)
        self._check(response, secrets)
        self._answer = response
        return response


def _check_entra(response: requests.Response, secrets: Secrets, authority_host: str) -> None:
    """Raise unless Entra ID gave the endpoints of a tenant, or a token.

    :param authority_host: the only host that a token may be asked for, beside those of known clouds
    """
    answer = json_object(response)
    if (
        answer is None
        or not isinstance(answer.get("error", ""), str)
        or (response.status_code >= 500 and "error" not in answer)
    ):
        raise _not_entra(response)
    if response.status_code != 200:
        raise _refusal(answer, response.status_code, secrets)
    if urlsplit(response.url).path.endswith(DISCOVERY):
        own = https_parts(authority_host)
        for name in ENDPOINTS:
            endpoint = https_parts(str(answer.get(name)))
            if endpoint is None:
                raise _not_entra(response)
            # What is sent there is the secret.
            if own is None or _host(endpoint) not in (_host(own), *((host, 443) for host in LOGIN_HOSTS)):
                raise IdentityError(
                    f"{urlsplit(authority_host).netloc} leads to {secrets.foreign(endpoint.netloc)}, which is "
                    "no known host of Microsoft Entra ID. Nothing was sent there. Check authority_host."
                )


def _host(parts: SplitResult) -> tuple[str | None, int]:
    return parts.hostname, parts.port or 443


def _not_entra(response: requests.Response) -> ServiceError:
    page = is_web_page(response)
    return ServiceError(
        f"{described(response)}." if page else f"{described(response)}, but not as Microsoft Entra ID does.",
        status=response.status_code,
        hint="Check authority_host and whether a proxy or login page is in between, or try again later."
        if page
        else "Check authority_host and the proxy, or try again later.",
    )


def _not_managed_identity(response: requests.Response) -> ServiceError:
    return ServiceError(
        f"{described(response)}, but not as a managed identity does.", status=response.status_code, hint=OUTSIDE
    )


def _check_managed_identity(response: requests.Response, secrets: Secrets) -> None:
    """Raise unless it is a token, or the question with which Azure Arc answers first."""
    answer = json_object(response)
    if (response.status_code == 200 and answer is not None) or "WWW-Authenticate" in response.headers:
        return
    if answer is None or response.status_code >= 500:
        raise ServiceError(
            f"its endpoint answered {response.status_code}, but not as a managed identity does.",
            status=response.status_code,
            hint=OUTSIDE,
        )
    said = next(filter(None, (secrets.message(answer.get(name)) for name in SAYING)), "no reason given")
    raise ServiceError(
        f"its endpoint refused: {first_sentence(said)}.",
        status=response.status_code,
        code=secrets.code(answer.get("error")),
        service_message=said,
        hint="Check that the machine has the identity that client_id names (its own without it), and cloud_environment.",
    )


def _token_in(answer: dict[str, t.Any], secrets: Secrets) -> str:
    """The token in what msal gives.

    :raises ValueError: when no header can hold it
    """
    token = answer.get("access_token")
    if isinstance(token, str) and token:
        if not (token.isascii() and token.isprintable()):
            raise ValueError("not a token")
        return token
    raise _refusal(answer, None, secrets)


@dataclass(frozen=True)
class _Refusal:
    """What a code stands for.

    :param cause: in our words; None where what Entra ID says tells more, such as what it compared
    :param hint: what to do
    """

    cause: str | None
    hint: str


# Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
_REFUSALS = {
    7000215: _Refusal("invalid client secret", "Give the secret's value, not its ID."),
    7000222: _Refusal("the client secret has expired", "Create a new one for the application."),
    700016: _Refusal("this tenant has no application with this client_id", "Check client_id and tenant."),
    7000229: _Refusal(
        "the application is registered elsewhere, and this tenant has no enterprise application for it",
        "An administrator of the tenant has to consent to it.",
    ),
    700027: _Refusal(
        "the certificate is not registered for the application, or has expired",
        "Add it under Certificates & secrets.",
    ),
    700024: _Refusal(
        "the assertion is not valid at this time",
        "The clock of this machine is wrong, or the federated token has expired.",
    ),
    70021: _Refusal(
        None, "Compare issuer, subject and audience of the token with the application's federated credential."
    ),
    700211: _Refusal(None, "Compare the issuer of the token with that of the application's federated credential."),
    700213: _Refusal(None, "Compare the subject of the token with that of the application's federated credential."),
    700212: _Refusal(None, "Compare the audience of the token with that of the application's federated credential."),
    70025: _Refusal("the application has no federated credential", "Add one under Certificates & secrets."),
    65001: _Refusal("nobody has consented to the application's permissions", "An administrator of the tenant has to."),
    70011: _Refusal("Microsoft Graph is not known under this name", "Check cloud_environment and graph_url."),
    500011: _Refusal(
        "Microsoft Graph is not known under this name in this tenant", "Check cloud_environment and graph_url."
    ),
    90002: _Refusal("this tenant is not known", "Check tenant and cloud_environment."),
    900023: _Refusal("the tenant is neither an ID nor a domain name", "Check tenant."),
    900382: _Refusal("the application belongs to another cloud", "Check cloud_environment and authority_host."),
    7000112: _Refusal(
        "the application is disabled in this tenant", "An administrator enables it under Enterprise applications."
    ),
    53003: _Refusal("a Conditional Access policy of the tenant forbids it", "See the sign-in log."),
}


def _refusal(answer: dict[str, t.Any], status: int | None, secrets: Secrets) -> ServiceError:
    given = answer.get("error_codes")
    codes = [code for code in given if isinstance(code, int) and code > 1] if isinstance(given, list) else []
    known = next((code for code in codes if code in _REFUSALS), None)
    number = codes[0] if known is None and codes else known
    code = f"AADSTS{number}" if number else secrets.code(answer.get("error"))
    # What follows the sentence is trace id, correlation id and time, which have a place of their own.
    told = next(filter(None, (secrets.message(answer.get(name)) for name in SAYING)), None)
    said = re.split(r" (?:Trace ID|Correlation ID|Timestamp):", told, maxsplit=1)[0] if told else None
    busy = status is not None and (status == 429 or status >= 500)
    refusal = None if busy or known is None else _REFUSALS[known]
    if refusal and refusal.cause:
        cause = refusal.cause
    elif said:
        verb = f"answered {status}" if busy else "refused"
        cause = (
            f"Microsoft Entra ID {verb}: {first_sentence(re.sub(r'^AADSTS[0-9]+: *', '', said)) or 'no reason given'}"
        )
    else:
        cause = "the answer holds no token"
    return ServiceError(
        f"{cause} ({code})." if number else f"{cause}.",
        status=status,
        code=code,
        service_message=said,
        request_id=secrets.code(answer.get("trace_id")),
        client_request_id=secrets.code(answer.get("correlation_id")),
        hint="Try again later, or allow more retries or retry_timeout." if busy else refusal.hint if refusal else None,
    )
