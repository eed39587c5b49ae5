# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import STARS
from ansible_collections.msgraph.identity.plugins.module_utils._urls import (
    is_below,
    require_target_url,
    same_url,
    values,
    without_values,
)


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


@pytest.mark.parametrize(
    "url, shown",
    [
        (None, None),
        ("https://api.example/orders", "https://api.example/orders"),
        ("https://api.example/x?code=s3cr3t", "https://api.example/x?code=********"),
        ("https://api.example/x?code=s3cr3t&id=7", "https://api.example/x?code=********&id=********"),
        ("https://api.example/x?code=a=b&&c", "https://api.example/x?code=********&&********"),
        ("https://api.example/x?s3cr3t", "https://api.example/x?********"),
        ("https://api.example/x?code=", "https://api.example/x?code="),
        ("https://api.example/x?", "https://api.example/x?"),
        ("https://api.example?a=s3cr3t?b=s3cr3t", "https://api.example?a=********"),
        ("https://api.example/x#s3cr3t", "https://api.example/x#********"),
        ("https://api.example/x?a=s3cr3t#s3cr3t", "https://api.example/x?a=********#********"),
        ("https://us:s3cr3t@api.example/x", "https://********@api.example/x"),
        ("https://us:s3cr@3t@api.example/x", "https://********@api.example/x"),
        ("s3cr3t-is-no-url", "s3cr3t-is-no-url"),
        ("", ""),
    ],
)
def test_values_are_not_shown(url, shown):
    assert without_values(url) == shown


@given(url=st.text(), name=st.text(st.characters(categories=("L", "N"))), secret=st.text(min_size=1))
def test_no_value_of_a_query_is_shown(url, name, secret):
    shown = without_values(f"{url.partition('#')[0]}?{name}={secret}")
    assert without_values(shown) == shown
    assert STARS in shown


def test_url_as_results_show_it_is_refused():
    with pytest.raises(IdentityError, match="target_url contains stars, as results show it .*Give the whole URL"):
        require_target_url("https://api.example/x?code=********")


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


@pytest.mark.parametrize(
    "url, found",
    [
        (None, set()),
        ("https://api.example/x", set()),
        ("https://api.example/x?code=s3cr3t&id=", {"s3cr3t"}),
        ("https://api.example/x?code=s3%2Fcr+3t", {"s3%2Fcr+3t", "s3/cr 3t"}),
        ("https://api.example/x?s3cr3t#part", {"s3cr3t", "part"}),
        ("https://us:s3cr3t@api.example/x", {"us:s3cr3t"}),
    ],
)
def test_values_that_are_not_shown(url, found):
    assert values(url) == found
