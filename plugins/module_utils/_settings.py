# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each option's value comes from: the task, else the environment, else the profile, else the default. An empty
string is no value.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import SECRET_OPTIONS, without_empty
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud, choose_cloud
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import (
    METHODS,
    Credential,
    Found,
    choose_credential,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._profiles import read_profile

# First non-empty wins. The names are those of azure.azcollection and of the Azure SDKs.
ENVIRONMENT = {
    "tenant": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "client_id": ("AZURE_CLIENT_ID",),
    "secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "x509_certificate_path": ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "x509_certificate_password": ("AZURE_CLIENT_CERTIFICATE_PASSWORD",),
    "oidc_token": ("AZURE_FEDERATED_TOKEN",),
    "oidc_token_file_path": ("AZURE_FEDERATED_TOKEN_FILE",),
    "access_token": ("MSGRAPH_ACCESS_TOKEN",),
    "cloud_environment": ("AZURE_CLOUD_ENVIRONMENT",),
    "authority_host": ("AZURE_AUTHORITY_HOST",),
    "graph_url": ("MSGRAPH_URL",),
    "profile": ("AZURE_PROFILE",),
}
SECRETS = tuple(name for name in SECRET_OPTIONS if name in ENVIRONMENT)

# API connectors are documented there for beta only:
# https://learn.microsoft.com/graph/api/resources/identityapiconnector.
BETA_ONLY = ("graph.microsoft.us", "dod-graph.microsoft.us")


@dataclass(frozen=True)
class SignIn:
    """Who signs in, where, and where each of the options was found."""

    method: str
    tenant: str | None
    client_id: str | None
    cloud: Cloud
    origins: tuple[tuple[str, str], ...]

    def render(self) -> dict[str, t.Any]:
        """As in results; nothing of it is secret."""
        return {
            "auth_method": self.method,
            "tenant": self.tenant,
            "client_id": self.client_id,
            "cloud_environment": self.cloud.name,
            "authority_host": self.cloud.authority_host,
            "graph_url": self.cloud.graph_url,
            "origins": dict(self.origins),
        }


@dataclass(frozen=True)
class Settings:
    """Everything a Graph client is made of; equal settings can share one client."""

    cloud: Cloud
    credential: Credential
    api_version: str
    verify: bool | str
    timeout: float
    retries: int
    retry_timeout: float
    secrets: tuple[str, ...] = field(repr=False)
    sign_in: SignIn
    warnings: tuple[str, ...]


def settle(parameters: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Settings:
    """The settings that the validated `parameters` of a task and its `environ` amount to.

    :raises IdentityError: when no way to sign in is complete, or a value does not fit
    """
    from_task = {
        name: Found(str(value), "the task") for name, value in without_empty(parameters).items() if name in ENVIRONMENT
    }
    with_environment = {**_from_environment(environ), **from_task}
    profile = with_environment.get("profile")
    settled = {**_from_profile(profile.value if profile else None), **with_environment}

    def value(name: str) -> str | None:
        return settled[name].value if name in settled else None

    cloud = choose_cloud(value("cloud_environment"), value("authority_host"), value("graph_url"))
    try:
        credential = choose_credential(parameters["auth_method"], (from_task, with_environment, settled), ENVIRONMENT)
    except IdentityError as exc:
        if environ.get("AZURE_AD_USER") or environ.get("AZURE_PASSWORD"):
            exc.message += (
                " AZURE_AD_USER and AZURE_PASSWORD are not used: Microsoft Entra ID asks users for a second factor, which a playbook cannot give."
                " Let an application sign in."
            )
        raise
    return Settings(
        cloud=cloud,
        credential=credential,
        api_version=parameters["api_version"],
        verify=_verify(parameters),
        timeout=_at_least(parameters, "timeout", 1),
        retries=_at_least(parameters, "retries", 0),
        retry_timeout=_at_least(parameters, "retry_timeout", 1),
        secrets=tuple(settled[name].value for name in SECRETS if name in settled),
        sign_in=_sign_in(credential, cloud, settled),
        warnings=_warnings(cloud, parameters["api_version"]),
    )


def _from_environment(environ: t.Mapping[str, str]) -> dict[str, Found]:
    found = {}
    for name, variables in ENVIRONMENT.items():
        variable = next((variable for variable in variables if environ.get(variable)), None)
        if variable:
            found[name] = Found(environ[variable], f"environment variable {variable}")
    return found


def _from_profile(name: str | None) -> dict[str, Found]:
    return {
        option: Found(value, f"profile {name or 'default'}")
        for option, value in read_profile(name).items()
        if option in ENVIRONMENT
    }


def _sign_in(credential: Credential, cloud: Cloud, settled: t.Mapping[str, Found]) -> SignIn:
    taken = [name for name in METHODS[credential.method].takes if getattr(credential, name) is not None]
    used = (*taken, "cloud_environment", "authority_host", "graph_url")
    return SignIn(
        method=credential.method,
        tenant=getattr(credential, "tenant", None),
        client_id=getattr(credential, "client_id", None),
        cloud=cloud,
        origins=tuple((name, settled[name].origin) for name in used if name in settled),
    )


def _warnings(cloud: Cloud, api_version: str) -> tuple[str, ...]:
    host = urlsplit(cloud.graph_url).hostname
    if host in BETA_ONLY and api_version == "v1.0":
        return (f"API connectors are not in v1.0 of Microsoft Graph at {host}. Set api_version to beta.",)
    return ()


def _verify(parameters: t.Mapping[str, t.Any]) -> bool | str:
    # requests replaces True by REQUESTS_CA_BUNDLE and leaves an explicit path or False alone, which is the promised
    # order.
    if not parameters["validate_certs"]:
        return False
    return parameters["ca_path"] or True


def _at_least(parameters: t.Mapping[str, t.Any], name: str, least: int) -> int:
    value = int(parameters[name])
    if value < least:
        raise IdentityError(f"{name} is {value}; it has to be at least {least}.")
    return value
