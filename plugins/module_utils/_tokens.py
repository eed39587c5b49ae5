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
import signal
import subprocess
import time
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    IdentityError,
    ServiceError,
    Unreachable,
    explained,
    first_sentence,
)
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient, json_object

with suppress(ImportError):  # require_libraries() names what is missing
    import msal
    import requests

EARLY = 300  # seconds before its end from which a token is not used any more
CLI_TIMEOUT = 60  # seconds; az takes some to start
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint")  # what msal reads in it
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MANAGED_IDENTITY_TIMEOUT = 3  # seconds; the endpoint is on the machine or its host


class TokenSource(t.Protocol):
    """An open session with whoever issues tokens."""

    def token(self, budget: Budget) -> str:
        """A bearer token for Graph that is still valid; signs in when there is none.

        :param budget: of the task, which signing in spends
        :raises IdentityError: when signing in was refused or did not work
        """

    def renew(self) -> bool:
        """Forget the token, so that the next one is new. False when there is no other token to be had."""


class FixedToken:
    """A token as it was given."""

    def __init__(self, token: str) -> None:
        # What comes out of a file or a command often ends with a line break.
        self._token = token.strip()

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        return self._token

    def renew(self) -> bool:
        """There is no other token."""
        return False


class ConfidentialClientTokens:
    """Client credentials flow through msal, which keeps the token in memory and renews it before it ends.

    :param client_credential: a secret, or a dict with a key or an assertion, as msal takes it
    """

    def __init__(
        self, tenant: str, client_id: str, client_credential: str | dict[str, t.Any], cloud: Cloud, http: HttpClient
    ) -> None:
        self._tenant = tenant
        self._client_id = client_id
        self._client_credential = client_credential
        self._cloud = cloud
        self._http = _MsalHttp(http, _check_entra, self._endpoints)
        self._application: msal.ConfidentialClientApplication | None = None

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        self._http.budget = budget
        try:
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
            answer = self._application.acquire_token_for_client([self._cloud.scope])
        except (ValueError, TypeError, OverflowError, msal.exceptions.MsalError) as exc:
            # What msal says may quote an answer; what it cannot use is said by _MsalHttp, or is in the options.
            raise IdentityError(
                f"Signing in at {self._cloud.authority_host} failed for tenant '{self._tenant}'. Check tenant and authority_host."
            ) from exc
        return _token_in(answer)

    def renew(self) -> bool:
        """Forget the token, so that the next one is new."""
        self._application = None
        return True

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

    def __init__(self, client_id: str | None, cloud: Cloud) -> None:
        self._client_id = client_id
        self._cloud = cloud
        # Its own client: the endpoint is near, is never behind a proxy, and answers soon or not at all.
        http = HttpClient(verify=True, timeout=MANAGED_IDENTITY_TIMEOUT, direct=True)
        self._http = _MsalHttp(http, _check_managed_identity, retries=1)
        self._client: msal.ManagedIdentityClient | None = None

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        self._http.budget = budget
        try:
            if self._client is None:
                kind = (
                    msal.UserAssignedManagedIdentity(client_id=self._client_id)
                    if self._client_id
                    else msal.SystemAssignedManagedIdentity()
                )
                self._client = msal.ManagedIdentityClient(kind, http_client=self._http)
            answer = self._client.acquire_token_for_client(resource=self._cloud.graph_url)
        except Unreachable as exc:
            raise IdentityError(
                "There is no managed identity here: its endpoint does not answer. Use another auth_method outside of Azure."
            ) from exc
        except OSError as exc:
            raise IdentityError(
                f"The key of Azure Arc cannot be read: {exc.strerror}. Let the user of the task read it, as a member of himds."
            ) from exc
        except (ValueError, TypeError, OverflowError, msal.ManagedIdentityError) as exc:
            raise IdentityError(
                "Signing in with the managed identity failed: this kind of endpoint is not supported."
            ) from exc
        return _token_in(answer)

    def renew(self) -> bool:
        """Forget the token, so that the next one is new."""
        self._client = None
        return True


class AzureCliTokens:
    """`az account get-access-token`: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token."""

    def __init__(self, tenant: str | None, cloud: Cloud) -> None:
        self._tenant = tenant
        self._cloud = cloud
        self._kept: tuple[str, float] | None = None

    def token(self, budget: Budget) -> str:
        """A token that is still valid."""
        if self._kept is None or self._kept[1] - EARLY < time.time():
            self._kept = self._ask(budget)
        return self._kept[0]

    def renew(self) -> bool:
        """Forget the token. The CLI answers from a cache of its own until a token ends, but it notices a new login."""
        self._kept = None
        return True

    def _ask(self, budget: Budget) -> tuple[str, float]:
        """A token, and when it ends in seconds since the epoch. What the CLI prints is shown to nobody: it may be a
        token.
        """
        # Relative entries of PATH would let the current directory decide which program this is.
        path = os.pathsep.join(entry for entry in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(entry))
        az = shutil.which("az", path=path)
        if az is None:
            raise IdentityError(
                "auth_method is azure_cli, but there is no az in PATH. Install the Azure CLI where the task runs, or use another method."
            )
        command = [az, "account", "get-access-token", "--output", "json", "--resource", self._cloud.graph_url]
        if self._tenant:
            command += ["--tenant", self._tenant]
        code, output, errors = _run(command, os.path.dirname(az), budget.time_for(CLI_TIMEOUT))
        if code != 0:
            problem = (
                "is not signed in. Run: az login"
                if b"az login" in errors
                else f"failed with exit code {code}. Try: az account get-access-token"
            )
            raise IdentityError(f"The Azure CLI {problem}{f' --tenant {self._tenant}' if self._tenant else ''}")
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
            raise IdentityError("The Azure CLI did not answer with a token. Try: az account get-access-token") from None


def _run(command: list[str], directory: str, timeout: float) -> tuple[int, bytes, bytes]:
    """Exit code, standard output and errors. A session of its own, because az is a script whose child would live on.

    :param timeout: seconds after which the whole session is ended
    """
    try:
        # The run_command that ansible-test asks for is AnsibleModule's, and an action plugin has none.
        with subprocess.Popen(  # pylint: disable=ansible-bad-function
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                output, errors = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise IdentityError(
                    f"The Azure CLI did not answer within {timeout:.3g} s. Try: az account get-access-token"
                ) from None
            return process.returncode, output, errors
    except OSError as exc:
        raise IdentityError(f"The Azure CLI cannot be run: {exc.strerror}.") from exc


@dataclass(frozen=True)
class _Known:
    """An answer that nobody was asked for, with what msal looks at."""

    text: str
    status_code: int = 200
    headers: t.Mapping[str, str] = field(default_factory=dict)


class _MsalHttp:
    """What msal wants of an HTTP client, given by ours: one place for timeouts, retries, TLS and proxies.

    :param check: raises for answers that are no use to msal, which would log and quote them
    :param endpoints: gives those of the tenant, when nobody has to be asked for them
    :param retries: how often a request may be repeated, instead of what the budget says
    :ivar budget: of the task for which a token is wanted, set before msal is asked for one
    """

    budget: Budget

    def __init__(
        self,
        http: HttpClient,
        check: t.Callable[[requests.Response], None],
        endpoints: t.Callable[[], dict[str, str] | None] = lambda: None,
        retries: int | None = None,
    ) -> None:
        self._http = http
        self._check = check
        self._endpoints = endpoints
        self._retries = retries

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
        with explained("Could not sign in: "):
            response = self._http.send(self.budget.part(retries=self._retries), method, url, **arguments)
        self._check(response)
        return response


def _check_entra(response: requests.Response) -> None:
    """Raise unless Entra ID gave the endpoints of a tenant, or a token."""
    answer = json_object(response)
    if (
        answer is None
        or not isinstance(answer.get("error", ""), str)
        or (response.status_code >= 500 and "error" not in answer)
    ):
        raise _not_entra(response)
    if response.status_code != 200:
        raise _refusal(answer, response.status_code)
    if urlsplit(response.url).path.endswith(DISCOVERY) and not all(
        str(answer.get(name)).startswith("https://") for name in ENDPOINTS
    ):
        raise _not_entra(response)


def _not_entra(response: requests.Response) -> ServiceError:
    return ServiceError(
        f"Could not sign in: {urlsplit(response.url).netloc} answered {response.status_code}, which is not an answer of Microsoft Entra ID.",
        status=response.status_code,
        hint="Check authority_host and the proxy, or try again later.",
    )


def _check_managed_identity(response: requests.Response) -> None:
    """Raise unless it is a token, or the question with which Azure Arc answers first."""
    answer = json_object(response)
    if (response.status_code == 200 and answer is not None) or "WWW-Authenticate" in response.headers:
        return
    if answer is None or response.status_code >= 500:
        raise ServiceError(
            f"There is no managed identity here: its endpoint answered {response.status_code}.",
            status=response.status_code,
            hint="Use another auth_method outside of Azure.",
        )
    said = str(answer.get("error_description") or answer.get("message") or answer.get("error") or "no reason given")
    code = answer.get("error")
    raise ServiceError(
        f"The managed identity endpoint refused: {first_sentence(said)}.",
        status=response.status_code,
        code=code if isinstance(code, str) else None,
        service_message=said[:1000],
        hint="Check that the machine has the identity that client_id names (its own without it), and cloud_environment.",
    )


def _token_in(answer: dict[str, t.Any]) -> str:
    token = answer.get("access_token")
    if isinstance(token, str) and token:
        return token
    raise _refusal(answer, None)


# Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
_HINTS = {
    7000215: "The secret is wrong: give the secret's value, not its ID.",
    7000222: "The secret has expired: create a new one for the application.",
    700016: "No application with this client_id is known in this tenant: check client_id and tenant.",
    700027: "This certificate is not registered for the application, or has expired: add it under Certificates & secrets.",
    700024: "The clock of this machine is wrong, or the federated token has expired.",
    70021: "The application trusts no such token: compare issuer, subject and audience of its federated credential.",
    700211: "The application trusts no token of this issuer: compare the issuer of its federated credential.",
    700213: "The application trusts no token with this subject: compare the subject of its federated credential.",
    700212: "The application trusts no token with this audience: compare the audience of its federated credential.",
    70025: "The application has no federated credential: add one under Certificates & secrets.",
    65001: "Nobody has consented to the application's permissions: an administrator of the tenant has to.",
    70011: "Microsoft Graph is not known under this name: check cloud_environment and graph_url.",
    500011: "Microsoft Graph is not known under this name in this tenant: check cloud_environment and graph_url.",
    90002: "This tenant is not known: check tenant and cloud_environment.",
    900023: "This tenant is neither an ID nor a domain name: check tenant.",
    7000112: "The application is disabled in this tenant.",
    53003: "A Conditional Access policy of the tenant forbids it: see the sign-in log.",
}


def _refusal(answer: dict[str, t.Any], status: int | None) -> ServiceError:
    given = answer.get("error_codes")
    codes = [code for code in given if isinstance(code, int)] if isinstance(given, list) else []
    # The lines after the first one are trace id, correlation id and time, which have a place of their own.
    text = str(answer.get("error_description") or answer.get("error") or "it answered without a token").strip()
    said = text.splitlines()[0].split(" Trace ID:")[0]
    said_first = first_sentence(said)
    busy = status is not None and (status == 429 or status >= 500)
    hint = next((_HINTS[code] for code in codes if code in _HINTS), None)
    return ServiceError(
        f"Could not sign in: Microsoft Entra ID answered {status}: {said_first}."
        if busy
        else f"Microsoft Entra ID refused the sign-in: {said_first}.",
        status=status,
        code=f"AADSTS{codes[0]}" if codes else answer.get("error"),
        service_message=said,
        request_id=answer.get("trace_id"),
        client_request_id=answer.get("correlation_id"),
        hint="Try again later, or allow more retries or retry_timeout." if busy else hint,
    )
