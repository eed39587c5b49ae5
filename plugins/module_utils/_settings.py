# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each option's value comes from: the task, else the environment, else the default. An empty string is no value."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import without_empty
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud, choose_cloud
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import Credential, Found, choose_credential
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

# First non-empty wins. The names are those of azure.azcollection and of the Azure SDKs.
ENVIRONMENT = {
    "tenant": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "client_id": ("AZURE_CLIENT_ID",),
    "secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "access_token": ("MSGRAPH_ACCESS_TOKEN",),
    "cloud_environment": ("AZURE_CLOUD_ENVIRONMENT",),
    "authority_host": ("AZURE_AUTHORITY_HOST",),
    "graph_url": ("MSGRAPH_URL",),
}
SECRETS = ("secret", "access_token")


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


def settle(parameters: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Settings:
    """The settings that the validated C{parameters} of a task and its C{environ} amount to.

    :raises IdentityError: when no way to sign in is complete, or a value does not fit
    """
    from_task = {name: Found(value, "the task") for name, value in without_empty(parameters).items() if name in ENVIRONMENT}
    from_environment = {name: found for name in ENVIRONMENT if (found := _look_up(name, environ))}
    settled = {**from_environment, **from_task}

    def value(name: str) -> str | None:
        return settled[name].value if name in settled else None

    return Settings(
        cloud=choose_cloud(value("cloud_environment"), value("authority_host"), value("graph_url")),
        credential=choose_credential(parameters["auth_method"], levels=(from_task, settled)),
        api_version=parameters["api_version"],
        verify=_verify(parameters),
        timeout=_at_least(parameters, "timeout", 1),
        retries=_at_least(parameters, "retries", 0),
        retry_timeout=_at_least(parameters, "retry_timeout", 1),
        secrets=tuple(settled[name].value for name in SECRETS if name in settled),
    )


def _look_up(name: str, environ: t.Mapping[str, str]) -> Found | None:
    for variable in ENVIRONMENT[name]:
        if environ.get(variable):
            return Found(environ[variable], f"environment variable {variable}")
    return None


def _verify(parameters: t.Mapping[str, t.Any]) -> bool | str:
    # requests replaces True by REQUESTS_CA_BUNDLE and leaves an explicit path or False alone, which is the promised order.
    if not parameters["validate_certs"]:
        return False
    return parameters["ca_path"] or True


def _at_least(parameters: t.Mapping[str, t.Any], name: str, least: int) -> int:
    value = int(parameters[name])
    if value < least:
        raise IdentityError(f"{name} is {value}; it has to be at least {least}.")
    return value
