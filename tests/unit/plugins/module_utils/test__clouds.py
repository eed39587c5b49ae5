# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import CLOUDS, choose_cloud, is_known_host
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError


@pytest.mark.parametrize(
    "name, authority_host, graph_url",
    [
        (None, "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("AzureCloud", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("AzureUSGovernment", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        ("AzureUSGovernmentL5", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        ("AzureChinaCloud", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_national_clouds(name, authority_host, graph_url):
    cloud = choose_cloud(name)
    assert (cloud.authority_host, cloud.graph_url, cloud.scope) == (authority_host, graph_url, f"{graph_url}/.default")


def test_the_option_offers_the_known_clouds():
    assert GRAPH.options["cloud_environment"]["choices"] == list(CLOUDS)


def test_unknown_cloud_names_the_known_ones():
    with pytest.raises(IdentityError, match="'AzureMoon' is not known.*AzureCloud.*AzureChinaCloud"):
        choose_cloud("AzureMoon")


@pytest.mark.parametrize(
    "given, url",
    [
        ("login.example", "https://login.example"),
        ("https://login.example", "https://login.example"),
        ("https://login.example/", "https://login.example"),
        ("https://login.example//", "https://login.example"),
        ("https://login.example:8443/graph/", "https://login.example:8443/graph"),
        ("HTTPS://login.example", "HTTPS://login.example"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_hosts_of_ones_own(given, url):
    cloud = choose_cloud("AzureUSGovernment", authority_host=given, graph_url=given)
    assert (cloud.authority_host, cloud.graph_url) == (url, url)
    assert choose_cloud("AzureUSGovernment", authority_host=given).graph_url == "https://graph.microsoft.us"


@pytest.mark.parametrize("option", ["authority_host", "graph_url"])
@pytest.mark.parametrize(
    "given",
    [
        "http://login.example",
        "ftp://login.example",
        "https://",
        "https:///path",
        "https://user@login.example",
        "https://user:word@login.example",
        "https://:word@login.example",
        "https://login.example?x=1",
        "https://login.example#x",
        "https://[login.example",
        "https://login.example:port",
        "https://login.\nexample",
        "https://login.exa\tmple",
        "https://login example",
        "https://login.example/\n",
        "https://login.example\\@other.example",
        "https://login.example\u200b",
        '"https://login.example"',
    ],
)
def test_refused_hosts(option, given):
    with pytest.raises(IdentityError, match=f"^{option} has to be an https URL") as caught:
        choose_cloud(None, **{option: given})
    assert "word" not in caught.value.message


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=CLOUDS)
def test_hosts_of_the_clouds_are_known(cloud):
    for option in ("authority_host", "graph_url"):
        assert is_known_host(option, getattr(cloud, option))
        assert is_known_host(option, f"{getattr(cloud, option).upper().replace('HTTPS', 'https')}:443/")
    assert not is_known_host("graph_url", cloud.authority_host)


@pytest.mark.parametrize(
    "url, known",
    [
        ("https://login.partner.microsoftonline.cn", True),
        ("https://login.windows.net", True),
        ("https://login.example", False),
        ("https://login.microsoftonline.com.example", False),
        ("https://example/login.microsoftonline.com", False),
    ],
)
def test_known_hosts(url, known):
    assert is_known_host("authority_host", url) == known
    assert not is_known_host("graph_url", url)
