# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The national clouds of Microsoft Graph, and the hosts of a custom one.

Hosts: https://learn.microsoft.com/graph/deployments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._urls import https_parts


@dataclass(frozen=True)
class Cloud:
    """Where to sign in and where Graph is; both URLs without a trailing slash."""

    name: str
    authority_host: str
    graph_url: str

    @property
    def scope(self) -> str:
        """The scope that stands for all permissions granted to an application."""
        return f"{self.graph_url}/.default"

    def endpoints(self, tenant: str) -> dict[str, str] | None:
        """Where a tenant signs in, if that is documented and need not be asked: in the form of OpenID Connect Discovery
        1.0.

        https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud. Other hosts may have theirs
        elsewhere.
        """
        if self.authority_host not in ("https://login.microsoftonline.com", "https://login.microsoftonline.us"):
            return None
        oauth2 = f"{self.authority_host}/{quote(tenant, safe='')}/oauth2/v2.0"
        return {"authorization_endpoint": f"{oauth2}/authorize", "token_endpoint": f"{oauth2}/token"}


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud("AzureCloud", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        Cloud("AzureUSGovernment", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        Cloud("AzureUSGovernmentL5", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        Cloud("AzureChinaCloud", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    )
}

# Hosts of Microsoft where somebody may sign in beside those of CLOUDS, which are newer or older names of the same:
# https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud, and what msal takes for known.
_OTHER_AUTHORITIES = (
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "login.partner.microsoftonline.cn",
    "login-us.microsoftonline.com",
    "login.usgovcloudapi.net",
)


def is_known_host(option: str, url: str) -> bool:
    """Whether the `url` that `authority_host` or `graph_url` names is one of Microsoft's own."""
    known = {urlsplit(getattr(cloud, option)).hostname for cloud in CLOUDS.values()}
    return urlsplit(url).hostname in (known.union(_OTHER_AUTHORITIES) if option == "authority_host" else known)


# Those of the clouds, and the other names that they have or had.
LOGIN_HOSTS = {
    *(urlsplit(cloud.authority_host).hostname for cloud in CLOUDS.values()),
    *("login.microsoft.com", "login.windows.net", "login.partner.microsoftonline.cn", "login.usgovcloudapi.net"),
}


def choose_cloud(name: str | None, authority_host: str | None = None, graph_url: str | None = None) -> Cloud:
    """The cloud called `name` (default: `AzureCloud`), with the hosts that are given in place of its own.

    :raises IdentityError: for an unknown name, or a host that is not an `https` URL
    """
    try:
        cloud = CLOUDS[name or "AzureCloud"]
    except KeyError:
        raise IdentityError(f"cloud_environment '{name}' is not known; it is one of {', '.join(CLOUDS)}.") from None
    if authority_host:
        cloud = replace(cloud, authority_host=_https_url("authority_host", authority_host, cloud.authority_host))
    if graph_url:
        cloud = replace(cloud, graph_url=_https_url("graph_url", graph_url, cloud.graph_url))
        if cloud.graph_url.endswith(("/v1.0", "/beta")):
            raise IdentityError("graph_url is given without the version of Microsoft Graph. Give that as api_version.")
    return cloud


def _https_url(option: str, value: str, example: str) -> str:
    # AZURE_AUTHORITY_HOST is often written as a bare host name.
    url = value if "://" in value else f"https://{value}"
    # urlsplit() leaves out line ends and tabs without a word.
    odd = any(character in ' \\@?#"<>' or not character.isprintable() for character in url)
    if odd or https_parts(url) is None:
        raise IdentityError(
            f"{option} has to be an https URL, without a query or user, such as that of the cloud: {example}."
        )
    return url.rstrip("/")
