# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task, its environment and its profile amount to. An empty string is no value."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import (
    GRAPH,
    SECRET_OPTIONS,
    without_empty,
)
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud, choose_cloud
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import Credential, Found
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._profiles import read_profile
from ansible_collections.msgraph.identity.plugins.module_utils._sign_in import (
    CLOUD,
    CannotSignIn,
    Sources,
    choose,
    host_warnings,
)
from ansible_collections.msgraph.identity.plugins.module_utils._text import clean

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
TASK = "the task"
SECRETS = tuple(name for name in SECRET_OPTIONS if name in ENVIRONMENT)

# API connectors are documented there for beta only:
# https://learn.microsoft.com/graph/api/resources/identityapiconnector.
BETA_ONLY = ("graph.microsoft.us", "dod-graph.microsoft.us")


@dataclass(frozen=True)
class SignIn:
    """Who signs in, where, where each of the options was found, and what was found besides."""

    method: str
    tenant: str | None
    client_id: str | None
    cloud: Cloud
    origins: tuple[tuple[str, str], ...]
    # What the environment or a profile gives in vain.
    unused: tuple[tuple[str, str], ...]

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
            "unused": dict(self.unused),
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
    sources = _sources(parameters, environ)
    found = {name: sources.first(name) for name in CLOUD}
    cloud = choose_cloud(*(host.value if host else None for host in found.values()))
    try:
        choice = choose(parameters["auth_method"], sources, ENVIRONMENT)
    except CannotSignIn as exc:
        if environ.get("AZURE_AD_USER") or environ.get("AZURE_PASSWORD"):
            exc.message += (
                " AZURE_AD_USER and AZURE_PASSWORD are not used: Microsoft Entra ID asks users for a second factor, which a playbook cannot give."
                " Let an application sign in."
            )
        raise
    origins = {**choice.used, **{name: host for name, host in found.items() if host}}
    return Settings(
        cloud=cloud,
        credential=choice.credential,
        api_version=parameters["api_version"],
        verify=_verify(parameters),
        timeout=_at_least(parameters, "timeout", 1),
        retries=_at_least(parameters, "retries", 0),
        retry_timeout=_at_least(parameters, "retry_timeout", 1),
        secrets=tuple(
            dict.fromkeys(source[name].value for source in sources.all for name in SECRETS if name in source)
        ),
        sign_in=SignIn(
            method=choice.credential.method,
            tenant=getattr(choice.credential, "tenant", None),
            client_id=getattr(choice.credential, "client_id", None),
            cloud=cloud,
            origins=tuple((name, found.origin) for name, found in origins.items()),
            unused=choice.unused,
        ),
        warnings=(
            *choice.warnings,
            *host_warnings(choice, sources, cloud),
            *_warnings(cloud, parameters["api_version"]),
        ),
    )


def _sources(parameters: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Sources:
    """What the task, its environment and its profile give. The file of profiles is read here."""
    given = without_empty(parameters)
    task = {name: _cleaned(name, [(str(given[name]), TASK)], TASK) for name in ENVIRONMENT if name in given}
    variables = {
        name: _cleaned(
            name,
            [(environ[variable], f"environment variable {variable}") for variable in names if variable in environ],
            "the environment",
        )
        for name, names in ENVIRONMENT.items()
    }
    named, other = _nth(task, 0).get("profile"), _nth(variables, 0).get("profile")
    return Sources(
        task=_nth(task, 0),
        named_profile=_from_profile(named.value) if named else None,
        environment=_nth(variables, 0),
        other_profile={} if named else _from_profile(other.value if other else None),
        shadowed=_nth(variables, 1),
    )


def _from_profile(name: str | None) -> dict[str, Found]:
    values, origin = read_profile(name), f"profile {name or 'default'}"
    keys = {option: (option, *GRAPH.options[option].get("aliases", ())) for option in ENVIRONMENT}
    given = {
        option: _cleaned(option, [(values[key], origin) for key in names if key in values], origin)
        for option, names in keys.items()
    }
    return _nth(given, 0)


def _cleaned(name: str, given: list[tuple[str, str]], source: str) -> list[Found]:
    """The values of an option in one source, cleaned and without the empty ones.

    :param given: values with their origins
    """
    found = [Found(clean(name, value, origin), origin, source) for value, origin in given]
    return [each for each in found if each.value]


def _nth(found: t.Mapping[str, list[Found]], index: int) -> dict[str, Found]:
    """Of each option the value at `index`, where there are that many."""
    return {name: values[index] for name, values in found.items() if len(values) > index}


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
