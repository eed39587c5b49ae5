# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._urls import is_below, require_target_url, same_url


@pytest.mark.parametrize("url", [None, "https://a.example", "https://a.example:8443/x?y=1", "https://[::1]/x"])
def test_urls_that_can_be_called(url):
    assert require_target_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "a.example/x",
        "https://",
        "https:///x",
        "https://a.example/x y",
        "https://a.example:port",
        "https://a.example:99999",
        "ftp://a.example",
        "https://[::1",
        " https://a.example",
        "https://a.example\n",
        "https://a.example/\x00",
        "https://a\\@b.example",
        "nonsense",
    ],
)
def test_urls_that_cannot_be_called(url):
    with pytest.raises(IdentityError, match="target_url is not an https URL with a host"):
        require_target_url(url)


def test_url_with_a_password_is_refused_and_not_shown():
    with pytest.raises(IdentityError, match="Give them in authentication.basic") as caught:
        require_target_url("https://user:pa$$word@a.example/x")
    assert "pa$$word" not in caught.value.message


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("https://a.example", "https://a.example/", True),
        ("https://A.example/x", "https://a.example/x", True),
        ("https://a.example:443/x", "https://a.example/x", True),
        ("https://a.example/x", "https://a.example/X", False),
        ("https://a.example/x", "https://a.example/x/", False),
        ("https://a.example/x?q=1", "https://a.example/x?q=2", False),
        ("https://a.example:8443/x", "https://a.example/x", False),
        ("https://a.example/x", "https://user:password@a.example/x", False),
        ("https://a.example:0/x", "https://a.example/x", False),
        ("https://a.example/x", None, False),
        ("https://a.example:port/x", "https://a.example/x", False),
        (None, None, True),
    ],
)
def test_same_url(one, other, same):
    assert [same_url(*pair) for pair in ((one, other), (other, one))] == [same, same]


ROOT = "https://graph.example/gateway/v1.0"


@pytest.mark.parametrize(
    "path", ["/x", "/x/y.z", "/x/...", "/x%20y", "/x?$skiptoken=../..", "/x#/../..", "/a..b/.c/d.", "/"]
)
def test_below(path):
    assert is_below(ROOT + path, ROOT)


AWAY = [
    *("", ".evil/x", "/../evil", "/..", "/x/../../evil", "/./x", "/x/.", "/x/..?a", "/x/..#a"),
    *("/%2e%2e/evil", "/%2E./evil", "/.%2e", "/%252e%252e/evil", "/%25252E%2e/evil", "/x%2f..%2fevil", "/x%2F%2E%2E"),
    *("/..\\evil", "/%5c..%5cevil", "/..;a=b/evil", "/.;/evil", "/..%3bx/evil", "/.. /evil", "/..%20/evil"),
    *("/x y", "/.\t./evil", "/x\n", "/x\u202e"),
]


@pytest.mark.parametrize("path", AWAY, ids=ascii)
def test_not_below_for_certain(path):
    assert not is_below(ROOT + path, ROOT)


@pytest.mark.parametrize(
    "url", [None, 7, [], "x", "https://graph.example/gateway/v1.0@evil.example/x", f" {ROOT}/x"], ids=str
)
def test_what_is_no_url_below(url):
    assert not is_below(url, ROOT)
